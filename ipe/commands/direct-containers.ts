import { errorMessage, IpeError, type Timer } from '../../common/index.ts';
import { type ContentInstance, CseError, formatTimestamp, ResourceType } from '../../cse-client/index.ts';
import { type Registration, registrationFields } from '../../lwm2m/index.ts';
import { type DirectCommandKind, type InstancePath, isValueInstanceName } from '../../mappings/index.ts';
import { farExpiration } from '../bridge/expiration.ts';
import { isRefused } from '../cse/refusals.ts';
import type { Lanes } from '../lanes.ts';
import type { NotificationReceiver } from '../notifications/notifications.ts';
import { OwnSubscription } from '../notifications/own-subscription.ts';
import { admit } from '../values/container-making.ts';
import { compareAge, listChildren } from './inbox.ts';
import type { CommandCounters, CommandParts, CommandSettings } from './parts.ts';

/** A container in which applications may create direct commands. */
export interface DirectContainer {
  /** Below the endpoint's AE: `3311_0/5850`. */
  readonly name: string;
  readonly path: InstancePath;
  readonly kind: DirectCommandKind;
  /** It stood there before this run of the bridge. */
  readonly existing: boolean;
}

/** What {@link DirectContainers} is made of. */
export interface DirectContainersParts {
  readonly settings: Pick<CommandSettings, 'originator' | 'resourceName' | 'valueInstances'>;
  readonly parts: CommandParts;
  readonly counters: CommandCounters;
  readonly lanes: Lanes;
  readonly registration: () => Registration;
  /** Address of the endpoint's AE. */
  readonly ae: () => string;
  /**
   * Takes what was read, in the order of its creation; `listed`: no notification told of it, so that it may be old. Rejects
   * with CseError, and is given it again then.
   */
  readonly found: (container: DirectContainer, instances: readonly ContentInstance[], listed: boolean) => Promise<void>;
}

interface Known extends DirectContainer {
  readonly subscription: OwnSubscription;
  subscribed: boolean;
  /** It has the policy that lets applications command. */
  admitted: boolean;
  /** Everything in it is to be looked at. */
  unread: boolean;
  /** Names that are to be read; false: no notification told of it. */
  readonly told: Map<string, boolean>;
}

/** Milliseconds by which the clocks of the CSE and of the bridge may differ, and a CREATE may last. */
const MARGIN = 5 * 60 * 1000;
/** Names that are remembered at least; a container holds fewer contentInstances than that, or `valueInstances`. */
const LEAST_REMEMBERED = 64;
/** Milliseconds until another attempt: doubled from the least to the most while attempts fail. */
const BACKOFF = { least: 1_000, most: 60_000 } as const;
/** Names that wait to be read; with more the container is looked at as a whole. */
const MOST_TOLD = 100;

/**
 * The containers of one device in which applications create direct commands: a subscription of ours on each, what it tells
 * of is read from the CSE, and what it did not tell of is found by looking. ContentInstances of ours are known by their names.
 */
export class DirectContainers {
  readonly #parts: DirectContainersParts;
  readonly #containers = new Map<string, Known>();
  /** Names of contentInstances of applications that have been taken, by container, the oldest first; kept while a container is made anew. */
  readonly #taken = new Map<string, Set<string>>();
  /** ContentInstances created before this, in milliseconds, have been looked for. */
  #lookedFor: number;
  #working: Promise<void> | undefined;
  #again = false;
  #ended = false;
  #told = false;
  #timer: Timer | undefined;
  #backoff: number = BACKOFF.least;

  constructor(parts: DirectContainersParts) {
    this.#parts = parts;
    this.#lookedFor = parts.parts.clock.wall();
  }

  /** Containers looked after. */
  get size(): number {
    return this.#containers.size;
  }

  /** The container stands on the CSE. */
  made(container: DirectContainer): void {
    const { settings, parts, ae } = this.#parts;
    this.#containers.get(container.name)?.subscription.forget();
    const known: Known = {
      ...container,
      subscription: new OwnSubscription(
        { ...parts, originator: settings.originator },
        `${settings.resourceName}-commands`,
        () => `${ae()}/${container.name}`,
        this.#receiver(container.name),
      ),
      subscribed: false,
      admitted: !container.existing,
      unread: container.existing,
      told: new Map(),
    };
    this.#containers.set(container.name, known);
    this.wake();
  }

  /** The container and all below it is gone; all of them without one. */
  gone(container?: string): void {
    for (const [name, { subscription }] of this.#containers) {
      if (container !== undefined && name !== container && !name.startsWith(`${container}/`)) continue;
      subscription.forget();
      this.#containers.delete(name);
    }
  }

  /** There may be something to do. Never throws; resolves when it is done, as far as it can be done now. */
  wake(): Promise<void> {
    this.#again = true;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  /** Looks for what no notification told of, and for subscriptions that are gone: two requests, however many containers. */
  async look(): Promise<void> {
    if (this.#containers.size === 0 || this.#ended) return;
    try {
      await this.#parts.lanes.run(() => this.#discover());
    } catch (error) {
      if (error instanceof CseError && error.rsc !== undefined && !error.retryable) {
        // It cannot be asked like that: each container is looked at.
        for (const known of this.#containers.values()) known.unread = true;
      } else this.#failed(error);
    }
    await this.wake();
  }

  /** Hears of nothing any more. */
  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
    this.gone();
  }

  #receiver(name: string): NotificationReceiver {
    return (notification) => {
      const known = this.#containers.get(name);
      if (known === undefined) return undefined;
      if (notification.kind === 'deletion') {
        known.subscribed = false;
        known.unread = true;
      } else if (!this.#tell(known, nameOf(notification.representation))) return undefined;
      this.#parts.counters.notifications += 1;
      void this.wake();
      return undefined;
    };
  }

  /** False when it is nothing new. A name that none of ours could have may be forged: it costs one request. */
  #tell(known: Known, name: string | undefined): boolean {
    if (name === undefined || known.told.size >= MOST_TOLD) {
      known.unread = true;
      return true;
    }
    if (isValueInstanceName(name) || this.#isTaken(known.name, name)) return false;
    known.told.set(name, true);
    return true;
  }

  async #work(): Promise<void> {
    while (this.#again && !this.#idle) {
      this.#again = false;
      try {
        for (const known of [...this.#containers.values()]) {
          if (this.#idle) return;
          if (this.#hasWork(known)) await this.#parts.lanes.run(() => this.#tend(known));
        }
        this.#backoff = BACKOFF.least;
      } catch (error) {
        this.#failed(error);
        this.#later();
        return;
      }
    }
  }

  #later(): void {
    const { clock } = this.#parts.parts;
    this.#timer?.cancel();
    this.#timer = clock.timer(this.#backoff, () => void this.wake());
    this.#backoff = Math.min(this.#backoff * 2, BACKOFF.most);
  }

  #hasWork({ subscribed, unread, told }: Known): boolean {
    return !subscribed || unread || told.size > 0;
  }

  get #idle(): boolean {
    return this.#ended || this.#parts.parts.availability.away !== undefined;
  }

  async #tend(known: Known): Promise<void> {
    if (this.#containers.get(known.name) !== known || this.#ended) return;
    try {
      if (!known.admitted) await this.#admit(known);
      if (!known.subscribed) await this.#subscribe(known);
      if (known.unread) await this.#readAll(known);
    } catch (error) {
      // The values' side makes it again, and says so.
      if (!isRefused(error, 4004)) throw error;
      this.gone(known.name);
      return;
    }
    if (known.told.size > 0) await this.#readTold(known);
  }

  /** A container of an earlier run may have been made when nobody commanded. */
  async #admit(known: Known): Promise<void> {
    const { parts, registration } = this.#parts;
    const address = this.#address(known);
    const policies = await parts.policies.container(registration().endpoint, known.path, known.kind);
    await admit(parts, address, await parts.client.retrieve(ResourceType.container, address), policies);
    known.admitted = true;
  }

  async #subscribe(known: Known): Promise<void> {
    const { cse, clock, logger, policies } = this.#parts.parts;
    const et = farExpiration(clock, cse().dialect);
    const policy = await policies.of(this.#parts.registration().endpoint, 'tree');
    const enc = { net: [3], chty: [ResourceType.contentInstance] };
    try {
      await known.subscription.make({ enc, et, acpi: [policy] });
      this.#parts.counters.subscriptions += 1;
    } catch (error) {
      if (!(error instanceof CseError) || error.rsc === undefined || error.retryable || error.rsc === 4004) throw error;
      const level = this.#told ? 'debug' : 'warn';
      this.#told = true;
      logger[level]('the CSE refuses a subscription; direct commands there are found by looking alone', {
        ...registrationFields(this.#parts.registration()),
        container: known.name,
        reason: error.message,
      });
    }
    known.subscribed = true;
  }

  async #readAll(known: Known): Promise<void> {
    const { instances } = await listChildren(this.#parts.parts.client, this.#address(known));
    known.unread = false;
    for (const { name } of instances) {
      if (!isValueInstanceName(name) && !this.#isTaken(known.name, name))
        known.told.set(name, known.told.get(name) ?? false);
    }
  }

  async #readTold(known: Known): Promise<void> {
    const { client } = this.#parts.parts;
    const read: ContentInstance[] = [];
    const names = [...known.told.keys()];
    const listed = [...known.told.values()].includes(false);
    for (const name of names) {
      try {
        read.push(await client.retrieve(ResourceType.contentInstance, `${this.#address(known)}/${name}`));
      } catch (error) {
        if (!isRefused(error, 4004, 4000)) throw error;
      }
    }
    await this.#parts.found(known, read.sort(compareAge), listed);
    for (const name of names) {
      known.told.delete(name);
      this.#remember(known.name, name);
    }
  }

  #remember(container: string, name: string): void {
    const taken = this.#taken.get(container) ?? new Set();
    this.#taken.set(container, taken);
    taken.add(name);
    const most = Math.max(LEAST_REMEMBERED, 4 * this.#parts.settings.valueInstances);
    for (const oldest of taken) {
      if (taken.size <= most) break;
      taken.delete(oldest);
    }
  }

  #isTaken(container: string, name: string): boolean {
    return this.#taken.get(container)?.has(name) === true;
  }

  async #discover(): Promise<void> {
    const { parts, ae } = this.#parts;
    const { client, clock, cse } = parts;
    const from = clock.wall();
    const cra = formatTimestamp(this.#lookedFor - MARGIN, cse().dialect);
    for (const address of await client.discover(ae(), { ty: [ResourceType.contentInstance], cra })) {
      const { container, name } = this.#parse(address);
      const known = this.#containers.get(container);
      if (known === undefined || isValueInstanceName(name) || this.#isTaken(container, name)) continue;
      known.told.set(name, known.told.get(name) ?? false);
    }
    const subscriptions = new Set<string>();
    for (const address of await client.discover(ae(), { ty: [ResourceType.subscription] })) {
      const { container, name } = this.#parse(address);
      subscriptions.add(`${container}/${name}`);
    }
    for (const known of this.#containers.values()) {
      const name = known.subscription.address.split('/').at(-1);
      if (known.subscription.ri !== undefined && !subscriptions.has(`${known.name}/${name}`)) known.subscribed = false;
    }
    this.#lookedFor = from;
  }

  /** The container below the AE and the name in it. Throws CseError for an address that does not tell. */
  #parse(address: string): { container: string; name: string } {
    const ae = `${this.#parts.ae()}/`;
    const at = address.indexOf(ae);
    if (at < 0) throw new CseError('cse/refused', 'the CSE answers a discovery with resource IDs', { rsc: 4000 });
    const levels = address.slice(at + ae.length).split('/');
    const name = levels.pop() as string;
    return { container: levels.join('/'), name };
  }

  #address({ name }: DirectContainer): string {
    return `${this.#parts.ae()}/${name}`;
  }

  #failed(error: unknown): void {
    const { availability, logger } = this.#parts.parts;
    availability.failed(error);
    const level = error instanceof IpeError ? 'debug' : 'error';
    const fields = registrationFields(this.#parts.registration());
    logger[level]('direct commands cannot be read now', { ...fields, reason: errorMessage(error) });
  }
}

const RESOURCE_NAME = /^[A-Za-z0-9\-._~]{1,200}$/;

/** resourceName of the contentInstance that a notification represents; undefined where it does not tell. */
function nameOf(representation: unknown): string | undefined {
  const { 'm2m:cin': instance } = (representation ?? {}) as { readonly 'm2m:cin'?: { readonly rn?: unknown } | null };
  const rn = instance?.rn;
  return typeof rn === 'string' && RESOURCE_NAME.test(rn) ? rn : undefined;
}
