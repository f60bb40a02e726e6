import { type AccessControlRule, formatTimestamp, ResourceType } from '../../cse-client/index.ts';
import { isRefused } from '../cse/access.ts';
import { type CommandParts, type CommandSettings, REQUESTS, RESPONSES } from './parts.ts';

/** Resource IDs of the policies that the containers of commands carry. */
export interface PolicyIds {
  readonly requests: string;
  readonly responses: string;
  /** Of containers of values in which direct commands are created, beside that of the IPE. */
  readonly direct: string;
}

/** accessControlOperations (TS-0004 6.3.4.2.29). */
const CREATE = 1;
const READ = 2 + 32;
const ALL = 63;
/** Milliseconds ahead to which the policies live; they are renewed with each start. */
const FAR = 4 * 365 * 24 * 3600 * 1000;
/** Last part of the resourceName of the policy for direct commands. */
const DIRECT = 'commands';
const NAME_TAKEN = [4105, 5106] as const;

/** The policies of `requests`, `responses` and direct commands (TS-0001 9.6.2), the same for all devices, made when they are first needed. */
export class CommandPolicies {
  readonly #settings: CommandSettings;
  readonly #parts: CommandParts;
  #made: { readonly generation: number; readonly ids: Promise<PolicyIds> } | undefined;

  constructor(settings: CommandSettings, parts: CommandParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** Makes them, again after the CSE had lost what the IPE made. Rejects with CseError. */
  ensure(): Promise<PolicyIds> {
    const { generation } = this.#parts.presence;
    if (this.#made?.generation === generation) return this.#made.ids;
    const ids = this.#makeAll();
    this.#made = { generation, ids };
    ids.catch(() => {
      if (this.#made?.ids === ids) this.#made = undefined;
    });
    return ids;
  }

  async #makeAll(): Promise<PolicyIds> {
    const { originator, commanders, readers } = this.#settings;
    const own = { acor: [originator], acop: ALL };
    const reading = { acor: [...commanders], acop: READ };
    const creating = { acor: [...commanders], acop: CREATE };
    const narrowed = { ...creating, acod: [{ chty: [ResourceType.contentInstance] }] };
    const subscribing = { ...creating, acod: [{ chty: [ResourceType.subscription] }] };
    const readersToo = { acor: [...new Set([...readers, ...commanders])], acop: READ };
    const details = this.#parts.cse().dialect.accessControlObjectDetails;
    const requests = details
      ? await this.#make(REQUESTS, own, [narrowed, reading], [creating, reading])
      : await this.#make(REQUESTS, own, [creating, reading]);
    const responses = details
      ? await this.#make(RESPONSES, own, [readersToo, subscribing], [readersToo])
      : await this.#make(RESPONSES, own, [readersToo]);
    const direct = details
      ? await this.#make(DIRECT, own, [narrowed, reading], [creating, reading])
      : await this.#make(DIRECT, own, [creating, reading]);
    return { requests, responses, direct };
  }

  /** `plain`: the rules for a CSE that turns out not to take those narrowed to types of children. */
  async #make(
    name: string,
    own: AccessControlRule,
    rules: readonly AccessControlRule[],
    plain?: readonly AccessControlRule[],
  ): Promise<string> {
    try {
      return await this.#ensureOne(name, own, rules);
    } catch (error) {
      if (plain === undefined || !isRefused(error, 4000, 4102)) throw error;
      return this.#ensureOne(name, own, plain);
    }
  }

  async #ensureOne(name: string, own: AccessControlRule, rules: readonly AccessControlRule[]): Promise<string> {
    const { client, clock, cse } = this.#parts;
    const { base, resourceName } = this.#settings;
    const rn = `acp-${resourceName}-${name}`;
    const et = formatTimestamp(clock.wall() + FAR, cse().dialect);
    const attributes = { pv: { acr: [own, ...rules] }, pvs: { acr: [own] }, et };
    try {
      return (await client.create(ResourceType.acp, base, { rn, ...attributes })).ri;
    } catch (error) {
      if (!isRefused(error, ...NAME_TAKEN)) throw error;
    }
    const existing = await client.retrieve(ResourceType.acp, `${base}/${rn}`);
    await client.update(ResourceType.acp, `${base}/${rn}`, attributes);
    return existing.ri;
  }
}
