import { type CseClient, CseError, ResourceType } from '../../cse-client/index.ts';
import { registrationFields, registrationMark } from '../../lwm2m/index.ts';
import {
  type ApplicationSubscription,
  endpointLabel,
  type InstancePath,
  pathOfValueContainer,
  readApplicationSubscription,
} from '../../mappings/index.ts';
import type { Followed } from '../bridge/endpoint-tree.ts';
import { isRefused } from '../cse/refusals.ts';
import { cseRelative } from '../notifications/cse-relative.ts';
import type { SubscriptionShares } from './parts.ts';
import { WatchedContainer } from './watched-container.ts';

/** Bounds of one device; what is beyond them is counted. */
const MOST_CONTAINERS = 1_000;
const MOST_SUBSCRIPTIONS = 500;

/** The containers of one device, and how the subscriptions of applications on them are read from the CSE. */
export class SubscriptionReader {
  readonly #shares: SubscriptionShares;
  readonly #followed: () => Followed;
  readonly #containers = new Map<string, WatchedContainer>();

  constructor(shares: SubscriptionShares, followed: () => Followed) {
    this.#shares = shares;
    this.#followed = followed;
  }

  get containers(): Iterable<WatchedContainer> {
    return this.#containers.values();
  }

  /** The CSE, asked on behalf of the device. */
  get client(): CseClient {
    return this.#shares.parts.client.correlated(registrationMark(this.#followed().registration.id));
  }

  /** False for a container that is gone, or has been made anew. */
  holds(container: WatchedContainer): boolean {
    return this.#containers.get(container.container) === container;
  }

  /** Adds a container, in place of an earlier one; undefined when there are too many. */
  add(container: string, path: InstancePath, existing: boolean): WatchedContainer | undefined {
    this.remove(container);
    if (this.#containers.size >= MOST_CONTAINERS) return this.#beyondBounds();
    const watched = new WatchedContainer(container, path, existing);
    this.#containers.set(container, watched);
    return watched;
  }

  /** Forgets a container. */
  remove(container: string): void {
    this.#containers.get(container)?.watch?.forget();
    this.#containers.delete(container);
  }

  /** Ours on the same container: for this, and for commands. */
  isOwn(name: string): boolean {
    const { resourceName } = this.#shares.settings;
    return name === resourceName || name.startsWith(`${resourceName}-`);
  }

  /** Structured address of a container. */
  address({ container }: WatchedContainer): string {
    return `${this.#ae}/${container}`;
  }

  /** Labels of our subscription on a container. */
  labels(container: WatchedContainer): string[] {
    return [endpointLabel(this.#followed().registration.endpoint), ...container.memory];
  }

  /**
   * Finds what may be read by one discovery, and asks for each of what is known or found: one request each. Gives the
   * containers on which our own subscription is missing. Rejects with CseError.
   */
  async readAll(): Promise<WatchedContainer[]> {
    const ae = this.#ae;
    const found = await this.client.discover(ae, { ty: [ResourceType.subscription] }, this.#widest);
    const listed = new Map<WatchedContainer, Set<string>>();
    const watched = new Set<WatchedContainer>();
    for (const address of found.map(cseRelative)) {
      const end = address.lastIndexOf('/');
      const name = address.slice(end + 1);
      const container = address.startsWith(`${ae}/`) ? this.#find(address.slice(ae.length + 1, end)) : undefined;
      if (container === undefined) continue;
      if (this.isOwn(name)) watched.add(container);
      else listed.set(container, (listed.get(container) ?? new Set()).add(name));
    }
    const containers = [...this.#containers.values()];
    for (const container of containers) {
      const names = new Set([...(listed.get(container) ?? []), ...container.names]);
      for (const name of names) await this.read(container, name, undefined);
    }
    return containers.filter((container) => container.watch?.ri !== undefined && !watched.has(container));
  }

  /** Asks the CSE how a subscription is; where it does not let us read it, what was told of it counts. Rejects with CseError. */
  async read(container: WatchedContainer, name: string, told: ApplicationSubscription | undefined): Promise<void> {
    try {
      const address = `${this.address(container)}/${name}`;
      const resource = await this.client.retrieve(ResourceType.subscription, address, this.#widest);
      this.#take(container, name, readApplicationSubscription({ ...resource, rn: name }), false);
    } catch (error) {
      if (isRefused(error, 4103)) this.#take(container, name, told ?? container.find(name) ?? unknownOf(name), true);
      else if (isAbsent(error)) this.#take(container, name, undefined, false);
      else if (!(error instanceof CseError) || error.rsc === undefined || error.retryable) throw error;
    }
  }

  #take(
    container: WatchedContainer,
    name: string,
    subscription: ApplicationSubscription | undefined,
    hidden: boolean,
  ): void {
    if (!this.holds(container)) return;
    const { counters } = this.#shares;
    if (subscription?.wantsValues !== true) {
      if (container.remove(name)) counters.lost += 1;
      return;
    }
    if (!container.has(name)) {
      if (this.#size >= MOST_SUBSCRIPTIONS) {
        this.#beyondBounds();
        return;
      }
      counters.found += 1;
    }
    const problems = container.set(subscription, hidden);
    if (problems.length === 0) return;
    this.#shares.parts.logger.warn('labels of a subscription are no wishes and are passed over', {
      ...registrationFields(this.#followed().registration),
      subscription: `${container.container}/${name}`,
      problems,
    });
  }

  /** A known container, or that of an instance whose values stand in containers below it. */
  #find(container: string): WatchedContainer | undefined {
    const known = this.#containers.get(container);
    if (known !== undefined) return known;
    const path = pathOfValueContainer(container);
    if (path === undefined || path.resourceId !== undefined) return undefined;
    const { endpoint } = this.#followed().registration;
    const { values } = this.#shares.parts;
    return values.observesOnSubscription(endpoint, path.objectId) ? this.add(container, path, true) : undefined;
  }

  /** As whom subscriptions are read that applications have given nobody access to. */
  get #widest(): { readonly originator?: string } {
    const { settings, parts } = this.#shares;
    const { adminOriginator } = settings;
    return adminOriginator !== undefined && parts.cse().dialect.administratorReadsAll
      ? { originator: adminOriginator }
      : {};
  }

  #beyondBounds(): undefined {
    this.#shares.counters.beyondBounds += 1;
    const fields = registrationFields(this.#followed().registration);
    this.#shares.parts.logger.debug('more subscriptions or containers than one device may have', fields);
  }

  get #size(): number {
    let size = 0;
    for (const container of this.#containers.values()) size += container.size;
    return size;
  }

  get #ae(): string {
    return `${this.#shares.settings.base}/${this.#followed().tree.names.resourceName}`;
  }
}

/** Nothing is there, or what is there is no subscription. */
function isAbsent(error: unknown): boolean {
  return isRefused(error, 4004) || (error instanceof CseError && error.code === 'cse/not-a-cse');
}

/** One that was listed and may not be read: it waits for values until it is known not to. */
function unknownOf(name: string): ApplicationSubscription {
  return { name, labels: [], wantsValues: true };
}
