import { type Clock, errorMessage, type Logger } from '../../common/index.ts';
import { type CseClient, CseError, formatTimestamp, ResourceType } from '../../cse-client/index.ts';
import type { CsePresence } from '../cse/presence.ts';
import { isNameTaken, isRefused } from '../cse/refusals.ts';
import {
  type AccessSettings,
  accessControlRules,
  type Grant,
  grantFor,
  grants,
  POLICY_KINDS,
  type PolicyKind,
  type Privileges,
  policyAttributes,
  policyName,
} from './privileges.ts';

/** Where policies stand and what they say. */
export interface AccessPolicySettings {
  readonly access: AccessSettings;
  /** resourceName of the CSEBase. */
  readonly base: string;
  /** AE-ID of the IPE. */
  readonly originator: string;
  /** resourceName of the IPE's AE. */
  readonly resourceName: string;
  /** As whom policies are found on a CSE that lets nobody else search from its CSEBase. */
  readonly adminOriginator: string | undefined;
}

/** What policies are made with. */
export interface AccessPolicyParts {
  readonly client: CseClient;
  readonly presence: Pick<CsePresence, 'generation' | 'state' | 'keep'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Milliseconds ahead to which policies live; the IPE's presence renews them long before. */
const LIFETIME = 30 * 24 * 3600 * 1000;
const NOBODY: Privileges = { discover: [], read: [], subscribe: [], command: [], administer: [] };

/**
 * The access control policies of devices (TS-0001 9.6.2): one for each kind of resource and each rule of the configuration,
 * however many devices there are; made when first needed, and again when the CSE has lost them.
 */
export class AccessPolicies {
  readonly #settings: AccessPolicySettings;
  readonly #parts: AccessPolicyParts;
  readonly #made = new Map<string, Promise<string>>();
  #generation = -1;

  constructor(settings: AccessPolicySettings, parts: AccessPolicyParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** True where somebody may command the endpoint. */
  commanded(endpoint: string): boolean {
    return grantFor(this.#settings.access, endpoint).privileges.command.length > 0;
  }

  /** Resource ID of the policy of one kind for an endpoint. Rejects with CseError. */
  of(endpoint: string, kind: PolicyKind): Promise<string> {
    return this.#ensure(grantFor(this.#settings.access, endpoint), kind);
  }

  /**
   * Brings the policies that stand on the CSE from earlier runs to what the configuration says now, so that who is no longer
   * named has lost its rights once the IPE runs. Those of rules that are gone give nobody anything. Rejects with CseError
   * while the CSE does not answer.
   */
  async revise(): Promise<void> {
    const { resourceName } = this.#settings;
    const wanted = new Map<string, [Grant, PolicyKind]>();
    for (const grant of grants(this.#settings.access).reverse()) {
      for (const kind of POLICY_KINDS) wanted.set(policyName(resourceName, grant.mark, kind), [grant, kind]);
    }
    for (const name of await this.#standing()) {
      const [grant, kind] = wanted.get(name) ?? [];
      if (grant !== undefined && kind !== undefined) await this.#ensure(grant, kind);
      else await this.#withdraw(name);
    }
  }

  #ensure(grant: Grant, kind: PolicyKind): Promise<string> {
    const { presence } = this.#parts;
    if (grant.mark === '' && kind === 'tree') return Promise.resolve(presence.state.accessControlPolicy);
    if (presence.generation !== this.#generation) {
      this.#generation = presence.generation;
      this.#made.clear();
    }
    const name = policyName(this.#settings.resourceName, grant.mark, kind);
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    const made = this.#make(name, kind, grant.privileges);
    this.#made.set(name, made);
    made.then(
      (ri) => presence.keep(ri),
      () => {
        if (this.#made.get(name) === made) this.#made.delete(name);
      },
    );
    return made;
  }

  /** A CSE of which it is not known that it refuses rules for types of children is asked once more without them. */
  async #make(name: string, kind: PolicyKind, privileges: Privileges): Promise<string> {
    if (this.#parts.presence.state.dialect.accessControlObjectDetails) {
      try {
        return await this.#write(name, kind, privileges, true);
      } catch (error) {
        if (!isRefused(error, 4000, 4102)) throw error;
      }
    }
    return this.#write(name, kind, privileges, false);
  }

  async #write(name: string, kind: PolicyKind, privileges: Privileges, narrowed: boolean): Promise<string> {
    const { client } = this.#parts;
    const { base, originator } = this.#settings;
    const attributes = {
      ...policyAttributes(originator, accessControlRules(kind, privileges, narrowed)),
      et: this.#expiration(),
    };
    try {
      return (await client.create(ResourceType.acp, base, { rn: name, ...attributes })).ri;
    } catch (error) {
      if (!isNameTaken(error)) throw error;
    }
    const existing = await client.retrieve(ResourceType.acp, `${base}/${name}`);
    await client.update(ResourceType.acp, `${base}/${name}`, attributes);
    return existing.ri;
  }

  async #withdraw(name: string): Promise<void> {
    const { client, logger } = this.#parts;
    const { base, originator } = this.#settings;
    const attributes = policyAttributes(originator, accessControlRules('tree', NOBODY, false));
    try {
      await client.update(ResourceType.acp, `${base}/${name}`, { ...attributes, et: this.#expiration() });
      logger.debug('the policy of a rule that is gone gives nobody rights any more', { policy: name });
    } catch (error) {
      if (!(error instanceof CseError) || error.rsc === undefined) throw error;
      logger.warn('the policy of a rule that is gone cannot be changed', { policy: name, reason: errorMessage(error) });
    }
  }

  /** Names of the policies of ours that the CSE shows, but for that which the presence looks after. */
  async #standing(): Promise<string[]> {
    const { client, presence, logger } = this.#parts;
    const { base, resourceName, adminOriginator } = this.#settings;
    const own = policyName(resourceName, '', 'tree');
    const asAdministrator = presence.state.dialect.discoveryAtBase === 'administrator' && adminOriginator !== undefined;
    try {
      const found = await client.discover(
        base,
        { ty: [ResourceType.acp] },
        asAdministrator ? { originator: adminOriginator } : {},
      );
      const names = found.map((address) => address.slice(address.lastIndexOf('/') + 1));
      return names.filter((name) => name.startsWith(`${own}-`));
    } catch (error) {
      if (!(error instanceof CseError) || error.rsc === undefined) throw error;
      logger.warn('policies of earlier runs cannot be looked for; they keep what they say until they are needed', {
        reason: errorMessage(error),
      });
      return [];
    }
  }

  #expiration(): string {
    return formatTimestamp(this.#parts.clock.wall() + LIFETIME, this.#parts.client.dialect);
  }
}

/** Names that no endpoint may take, since policies have them. */
export function reservedPolicyNames(access: AccessSettings, ipe: string): string[] {
  return grants(access).flatMap(({ mark }) => POLICY_KINDS.map((kind) => policyName(ipe, mark, kind)));
}
