import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CseClient, CseError, Operation, ResourceType } from '../../cse-client/index.ts';
import type { ChaosCse } from './chaos-cse.ts';
import { OBSERVED } from './chaos-device.ts';
import type { Canary, Issued } from './evidence.ts';

/** AE-ID of the application that commands. */
export const COMMANDER = 'Cchaos-app';
const NAME = 'chaos-app';
/** Milliseconds for a request of an application. */
const TIMEOUT = 3_000;

interface Kept {
  readonly address: string;
  /** Which one it stands in: an AE that is made again has the same resource ID. */
  readonly parent: string;
  readonly parentAddress: string;
  readonly before: string;
}

interface IssuedIn extends Omit<Issued, 'containerKept'> {
  readonly container: string;
  readonly containerId: string;
}

/** What applications do: they subscribe, command, and have things of their own on the CSE, in devices' trees, too. */
export class Applications {
  /** Values that subscribers were told of. */
  notified = 0;
  readonly #cse: ChaosCse;
  #client: CseClient;
  readonly #target: Server;
  readonly #kept = new Map<string, Kept>();
  readonly #issued: IssuedIn[] = [];
  #commands = 0;

  private constructor(cse: ChaosCse, target: Server) {
    this.#cse = cse;
    this.#target = target;
    this.#client = this.#newClient();
  }

  static async open(cse: ChaosCse): Promise<Applications> {
    const target = createServer((request, response) => applications.#hear(request, response));
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    const applications = new Applications(cse, target);
    return applications;
  }

  /** As the administrator, who sees everything. */
  get client(): CseClient {
    return this.#client;
  }

  /** Makes what applications have on their own; harmless where it is there. */
  async furnish(): Promise<void> {
    const { base } = this.#cse;
    await this.#make(ResourceType.ae, base, { rn: NAME, api: 'Nchaos', rr: false, srv: ['3'] }, COMMANDER);
    await this.#make(ResourceType.container, `${base}/${NAME}`, { rn: 'mine', mni: 100 }, COMMANDER);
    await this.#make(ResourceType.contentInstance, `${base}/${NAME}/mine`, { rn: 'kept', con: 'kept' }, COMMANDER);
  }

  /** Puts things of others into the tree of a device, where they are not yet, and a subscription. */
  async inhabit(endpoint: string): Promise<void> {
    const tree = `${this.#cse.base}/${endpoint}`;
    const value = `${tree}${OBSERVED.replace('/3303/0', '/3303_0')}`;
    const { port } = this.#target.address() as AddressInfo;
    await this.#make(ResourceType.container, tree, { rn: 'canary', mni: 100 });
    await this.#make(ResourceType.contentInstance, `${tree}/canary`, { rn: 'kept', con: 'kept' });
    await this.#make(ResourceType.container, `${tree}/3303_0`, { rn: 'canary', mni: 100 });
    await this.#make(ResourceType.contentInstance, value, { rn: 'canary', con: 'a word of somebody else' });
    const told = { rn: 'canary-sub', nu: [`http://127.0.0.1:${port}/`], enc: { net: [3] }, nct: 1 } as const;
    await this.#make(ResourceType.subscription, value, told);
  }

  /** Commands a device by a request, every third time with an Execute; false where the CSE has not taken it. */
  async request(endpoint: string): Promise<boolean> {
    const { id, text } = this.#nextCommand();
    const execute = this.#commands % 3 === 0;
    const con = execute
      ? { id, operation: 'execute', path: '/3/0/12', value: `0='${text}'` }
      : { id, operation: 'write', path: '/3/0/14', value: text };
    const container = `${this.#cse.base}/${endpoint}/requests`;
    const made = await this.#command(container, con);
    if (made === undefined) return false;
    this.#issued.push({ id, text, endpoint, container, containerId: made.parent });
    return true;
  }

  /** Commands a device by a contentInstance in the container of a resource. */
  async direct(endpoint: string): Promise<void> {
    const { text } = this.#nextCommand();
    const container = `${this.#cse.base}/${endpoint}/3_0/15`;
    const made = await this.#command(container, text);
    if (made !== undefined) this.#issued.push({ id: made.id, text, endpoint, container, containerId: made.parent });
  }

  /** Every command that the CSE took, with whether its container is still the same. */
  async issued(): Promise<Issued[]> {
    const now = new Map<string, string | undefined>();
    for (const { container } of this.#issued) {
      if (!now.has(container)) now.set(container, (await this.#see(container))?.ri as string | undefined);
    }
    return this.#issued.map(({ id, text, endpoint, container, containerId }) => {
      return { id, text, endpoint, containerKept: now.get(container) === containerId };
    });
  }

  /** What became of the things of others. */
  async canaries(): Promise<Canary[]> {
    const parents = new Map<string, string>();
    const found: Canary[] = [];
    for (const { address, parent, parentAddress, before } of this.#kept.values()) {
      if (!parents.has(parentAddress)) parents.set(parentAddress, identity(await this.#see(parentAddress)));
      const same = parents.get(parentAddress) === parent;
      const now = await this.#see(address);
      found.push({ address, before, now: same ? fingerprint(now) : 'lost' });
    }
    return found;
  }

  async dispose(): Promise<void> {
    this.#target.closeAllConnections();
    this.#target.close();
    await this.#client.close();
  }

  #newClient(): CseClient {
    const { url, adminOriginator: originator } = this.#cse;
    return new CseClient({ url, originator, releaseVersion: '3', timeout: TIMEOUT, maxInFlight: 8 });
  }

  #nextCommand(): { readonly id: string; readonly text: string } {
    this.#commands += 1;
    return { id: `${this.#commands}`, text: `chaos-${this.#commands}.` };
  }

  /** Undefined where the CSE has not taken it, as far as can be told. */
  async #command(
    container: string,
    con: unknown,
  ): Promise<{ readonly id: string; readonly parent: string } | undefined> {
    try {
      const attributes = { con } as never;
      const made = await this.#client.create(ResourceType.contentInstance, container, attributes, {
        originator: COMMANDER,
      });
      const { ri, pi } = made as unknown as { readonly ri: string; readonly pi: string };
      return { id: ri, parent: pi };
    } catch (error) {
      if (error instanceof CseError) return undefined;
      throw error;
    }
  }

  async #make(
    type: ResourceType,
    parentAddress: string,
    attributes: { readonly rn: string; readonly [name: string]: unknown },
    originator?: string,
  ): Promise<void> {
    const address = `${parentAddress}/${attributes.rn}`;
    try {
      const parent = identity(await this.#see(parentAddress));
      // It cannot be told later whether that stayed.
      if (parent === '') return;
      const options = originator === undefined ? {} : { originator };
      const made = await this.#client.create(type as never, parentAddress, attributes as never, options);
      const resource = made as unknown as Record<string, unknown>;
      this.#kept.set(address, {
        address,
        parent,
        parentAddress,
        before: fingerprint(resource),
      });
    } catch (error) {
      if (!(error instanceof CseError)) throw error;
    }
  }

  /** A resource of any type as the administrator sees it; undefined where there is none. */
  async #see(to: string): Promise<Record<string, unknown> | undefined> {
    const { rsc, pc } = await this.#client.request({ op: Operation.retrieve, to });
    if (rsc === 4004) return undefined;
    const [resource] = Object.values((pc ?? {}) as Record<string, Record<string, unknown>>);
    return resource;
  }

  #hear(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse): void {
    request.resume();
    this.notified += 1;
    const identifier = request.headers['x-m2m-ri'];
    response.setHeader('X-M2M-RSC', '2000');
    if (typeof identifier === 'string') response.setHeader('X-M2M-RI', identifier);
    response.end();
  }
}

function identity(resource: Record<string, unknown> | undefined): string {
  return resource === undefined ? '' : `${resource.ri} ${resource.ct}`;
}

/** What must not change of a resource that is not ours. */
function fingerprint(resource: Record<string, unknown> | undefined): string {
  if (resource === undefined) return 'gone';
  const { ri, ty, rn, lbl, con, nu, mni, acpi } = resource;
  return JSON.stringify({ ri, ty, rn, lbl, con, nu, mni, acpi });
}
