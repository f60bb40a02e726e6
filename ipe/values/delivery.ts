import { errorMessage, type Timer } from '../../common/index.ts';
import { CseError, ResourceType } from '../../cse-client/index.ts';
import { registrationFields } from '../../lwm2m/index.ts';
import type { InstancePath } from '../../mappings/index.ts';
import { farExpiration } from '../bridge/expiration.ts';
import { isNameTaken, isPresenceLost } from '../cse/refusals.ts';
import type { Lanes } from '../lanes.ts';
import { ORDER_OF_SERVICE } from '../load/order-of-service.ts';
import { within } from '../within.ts';
import { type ContainerShares, clientOf, type FollowedDevice } from './container-making.ts';
import type { ValueCounters } from './parts.ts';
import { ValueContainers } from './value-containers.ts';
import { type QueueBudget, type QueuedValue, type QueueKeeper, ValueQueue } from './value-queue.ts';

/** What all deliveries share. */
export interface DeliveryShares extends ContainerShares {
  readonly counters: ValueCounters;
  readonly budget: QueueBudget;
  /** Requests on their way to the CSE. */
  readonly lanes: Lanes;
}

/** Milliseconds until another attempt: doubled from the least to the most while attempts fail. */
const BACKOFF = { least: 1_000, most: 60_000 } as const;
/** Repairs in a row after which a failure waits for a later attempt. */
const REPAIRS = 3;
/** Containers of one device at most; what a device reports beyond them is dropped. */
const MOST_CONTAINERS = 4_096;

/**
 * Brings the values of one device to the CSE: one request at a time, in the order in which they came, each once; what
 * cannot be sent now waits in a bounded queue. Every contentInstance is named by us, so that a repeated CREATE is seen.
 */
export class Delivery {
  readonly #shares: DeliveryShares;
  readonly #device: FollowedDevice;
  readonly #containers: ValueContainers;
  /** Absent while nothing waits, for most devices are idle. */
  #queue: ValueQueue | undefined;
  /** Containers whose values are waited for; absent where none are. */
  #awaited: Map<() => void, string> | undefined;
  #running: Promise<void> | undefined;
  /** Told when there is nothing more to do for a device that has left. */
  #departed: (() => void) | undefined;
  #ended = false;
  #timer: Timer | undefined;
  #backoff: number = BACKOFF.least;
  #repairs = 0;
  #dropped = 0;
  /** It may go on like that. */
  #toldRefused = false;

  constructor(shares: DeliveryShares, device: FollowedDevice) {
    this.#shares = shares;
    this.#device = device;
    this.#containers = new ValueContainers(shares, device);
  }

  /** Values that wait. */
  get size(): number {
    return this.#queue?.size ?? 0;
  }

  /** True while values of this very container wait. */
  holds(container: string): boolean {
    return this.#queue?.holds(container) === true;
  }

  /** Resolves when no value of this very container waits any more: the CSE has it, or it was dropped. */
  stored(container: string): Promise<void> {
    if (!this.holds(container)) return Promise.resolve();
    this.#awaited ??= new Map();
    const awaited = this.#awaited;
    return new Promise((resolve) => awaited.set(resolve, container));
  }

  /** The device was there in an earlier run: its containers are looked up before anything is stored. */
  recall(): void {
    this.#containers.recall();
  }

  /** Wants the container of a path, whether or not there is a value for it; not beyond the most of a device. */
  want(path: InstancePath): void {
    if (this.#containers.size < MOST_CONTAINERS) this.#containers.want(path);
  }

  /** Takes up a value of an earlier run. */
  takeUp(value: QueuedValue): void {
    if (!this.#take(value, true)) this.#shares.parts.keeper?.gone(this.#device.followed.registration.endpoint, value);
  }

  /** Takes a value; false when it was dropped at once. Older ones may be dropped for it. */
  add(value: QueuedValue): boolean {
    return this.#take(value, false);
  }

  #take(value: QueuedValue, known: boolean): boolean {
    const { counters } = this.#shares;
    if (this.#containers.isRefused(value.container)) {
      counters.refused += 1;
      return false;
    }
    if (!this.#containers.has(value.container) && this.#containers.size >= MOST_CONTAINERS) {
      this.#tellDropped('a device reports more resources than are kept');
      counters.beyondContainers += 1;
      return false;
    }
    this.#queue ??= new ValueQueue(this.#shares.settings.queue, this.#shares.budget, this.#keeper());
    this.#dropOld();
    const { taken, dropped } = this.#queue.add(value, known);
    counters.dropped += dropped;
    if (dropped > 0) this.#tellDropped('values are dropped, for too many wait for the CSE');
    if (taken) this.#containers.want(value.path);
    return taken;
  }

  /** There may be something to do; not before its time while attempts fail. */
  wake(): void {
    if (this.#running !== undefined || this.#ended || this.#timer !== undefined) return;
    this.#running = this.#run();
  }

  /** Tries at once: the CSE answers again, or the tree has been renewed. */
  hurry(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#backoff = BACKOFF.least;
    this.wake();
  }

  /** A container and all below it is gone from the CSE, and not missed; without one: the whole tree is new. */
  forget(container?: string): void {
    this.#containers.forget(container);
    if (container === undefined) this.#wantAgain();
    else this.#shares.counters.deviceLeft += this.#queue?.removeBelow(container) ?? 0;
    this.#backoff = BACKOFF.least;
  }

  /** Containers that were made and do not stand there any more are made again. */
  compare(standing: ReadonlySet<string>): void {
    this.#containers.compare(standing);
    this.wake();
  }

  /** The bridge has written instance containers anew. */
  rewritten(): void {
    this.#containers.rewritten();
    this.#wantAgain();
  }

  /** True while the last values of a device that has left are brought to the CSE. */
  get isDeparting(): boolean {
    return this.#departed !== undefined;
  }

  /**
   * The device has left, and its tree stays for a moment: resolves when nothing waits any more, when the CSE is away, or after
   * `limit` milliseconds. `end` is to follow.
   */
  async depart(limit: number): Promise<void> {
    if (this.size === 0) return;
    const others = this.#departed;
    const done = new Promise<void>((resolve) => {
      this.#departed = () => {
        others?.();
        resolve();
      };
    });
    this.hurry();
    await within(done, limit, this.#shares.parts.clock);
  }

  /**
   * The device has left; what waits is dropped with it and counted, unless it is kept `forLater`. Resolves when no request is
   * under way any more.
   */
  async end(forLater: boolean): Promise<void> {
    const reason = this.#obstacle ?? 'the CSE was too slow';
    this.#ended = true;
    if (this.#dropped > 0) this.#tellCaughtUp();
    this.#timer?.cancel();
    this.#containers.end();
    this.#departed?.();
    // What the CSE takes in this moment is not dropped.
    await this.#running;
    if (!forLater && this.size > 0) this.#tellLeft(reason);
    this.#queue?.clear(forLater);
    this.#tellStored();
  }

  #keeper(): QueueKeeper | undefined {
    const { keeper } = this.#shares.parts;
    if (keeper === undefined) return undefined;
    const { endpoint } = this.#device.followed.registration;
    return { kept: (value) => keeper.kept(endpoint, value), gone: (value) => keeper.gone(endpoint, value) };
  }

  async #run(): Promise<void> {
    try {
      while (await this.#next());
    } catch (error) {
      this.#shares.parts.logger.error('the delivery of values failed', { ...this.#fields, error: errorMessage(error) });
    } finally {
      this.#running = undefined;
    }
    if (this.size === 0 || this.#idle) this.#departed?.();
    // Something may have come in the very last moment.
    if (!this.#idle && (this.size > 0 || this.#containers.unsettled)) this.wake();
  }

  /** One step; false when there is nothing more to do now. */
  async #next(): Promise<boolean> {
    this.#tellStored();
    const { lanes, parts } = this.#shares;
    if (this.#idle) {
      this.#queue?.release();
      return false;
    }
    this.#dropOld();
    const value = this.#queue?.first();
    if (value === undefined && !this.#containers.unsettled) {
      this.#queue = undefined;
      if (this.#dropped > 0) this.#tellCaughtUp();
      return false;
    }
    const { generation } = parts.presence;
    try {
      const priority = this.isDeparting ? ORDER_OF_SERVICE['last-value'] : undefined;
      await lanes.run(() => (this.#idle ? Promise.resolve() : this.#step(value)), priority);
      this.#backoff = BACKOFF.least;
      this.#repairs = 0;
      return true;
    } catch (error) {
      return this.#repair(error, value, generation);
    }
  }

  #dropOld(): void {
    const { parts, settings, counters } = this.#shares;
    const dropped = this.#queue?.dropOlder(parts.clock.wall() - settings.queue.age) ?? 0;
    counters.dropped += dropped;
    if (dropped > 0) this.#tellDropped('values are dropped, for they have waited too long for the CSE');
  }

  #tellStored(): void {
    for (const [resolve, container] of this.#awaited ?? []) {
      if (this.holds(container)) continue;
      this.#awaited?.delete(resolve);
      resolve();
    }
  }

  get #idle(): boolean {
    return this.#ended || this.#obstacle !== undefined;
  }

  /** Why the CSE can be given nothing now. */
  get #obstacle(): string | undefined {
    if (this.#device.followed.tree.pending === true) return 'its tree was not made yet';
    return this.#shares.parts.availability.away === undefined ? undefined : 'the CSE is away';
  }

  #step(value: QueuedValue | undefined): Promise<void> {
    if (this.#containers.unsettled) return this.#makeContainers();
    return value === undefined ? Promise.resolve() : this.#store(value);
  }

  async #makeContainers(): Promise<void> {
    // Others count at the same time.
    const made = await this.#containers.make();
    this.#shares.counters.containers += made;
  }

  async #store(value: QueuedValue): Promise<void> {
    const { container, attributes } = value;
    const { parts, settings, counters } = this.#shares;
    const { cse, clock } = parts;
    const { dialect } = cse();
    const client = clientOf(this.#shares, this.#device);
    const address = `${settings.base}/${this.#device.followed.tree.names.resourceName}/${container}`;
    const cut = dialect.childExpirationCutToParent;
    // Else the CSE would give it a time of its own.
    const lasting = cut ? attributes : { ...attributes, et: farExpiration(clock, dialect) };
    try {
      const { et } = await client.create(ResourceType.contentInstance, address, lasting);
      if (cut && this.#containers.isShortened(container, et)) this.#wantAgain();
    } catch (error) {
      // It is there: an earlier attempt came through, though its answer did not.
      if (!isNameTaken(error)) throw error;
    }
    this.#queue?.remove(value);
    counters.stored += 1;
    counters.delay.record((clock.wall() - value.receivedAt) / 1000);
  }

  /** True when it is worth going on at once. */
  async #repair(error: unknown, value: QueuedValue | undefined, generation: number): Promise<boolean> {
    const { parts, counters } = this.#shares;
    if (this.#ended) return false;
    parts.availability.failed(error);
    if (!(error instanceof CseError)) throw error;
    this.#repairs += 1;
    if (error.rsc === undefined || error.retryable || this.#repairs > REPAIRS) return this.#later(error);
    if (error.rsc === 4004) {
      // While containers are made it is the tree itself that is missing, which the next Update makes again.
      if (this.#containers.unsettled) return this.#later(error);
      if (value !== undefined) {
        // One that was dropped meanwhile is not missed.
        if (!this.holds(value.container)) return true;
        this.#containers.missing(value.path);
      }
      this.#wantAgain();
      return true;
    }
    if (isPresenceLost(error) && (await this.#restored(generation))) return true;
    const refused = this.#containers.unsettled ? this.#containers.refuse() : value?.container;
    if (refused === undefined) return this.#later(error);
    const waiting = this.size;
    if (value?.container === refused) this.#queue?.remove(value);
    if (this.#containers.isRefused(refused)) this.#queue?.removeBelow(refused);
    counters.refused += waiting - this.size;
    const level = this.#toldRefused ? 'debug' : 'warn';
    this.#toldRefused = true;
    parts.logger[level]('the CSE refuses a value', { ...this.#fields, container: refused, reason: error.message });
    return true;
  }

  async #restored(generation: number): Promise<boolean> {
    const { presence, availability } = this.#shares.parts;
    try {
      return await presence.restore(generation);
    } catch (error) {
      availability.failed(error);
      return false;
    }
  }

  #later(error: CseError): false {
    const { clock, logger, random } = this.#shares.parts;
    logger.debug('values wait for another attempt', {
      ...this.#fields,
      waiting: this.size,
      reason: error.message,
    });
    this.#repairs = 0;
    this.#timer = clock.timer(this.#backoff * (1 + random() / 2), () => {
      this.#timer = undefined;
      this.wake();
    });
    this.#backoff = Math.min(this.#backoff * 2, BACKOFF.most);
    return false;
  }

  #wantAgain(): void {
    for (const path of this.#queue?.paths() ?? []) this.#containers.want(path);
  }

  get #fields() {
    return registrationFields(this.#device.followed.registration);
  }

  #tellLeft(reason: string): void {
    const { parts, counters } = this.#shares;
    counters.deviceLeft += this.size;
    const fields = { ...this.#fields, dropped: this.size, reason };
    parts.logger.warn('values of a device that has left were dropped', fields);
  }

  #tellDropped(message: string): void {
    const { parts, counters } = this.#shares;
    if (this.#dropped === 0) {
      counters.dropping += 1;
      parts.logger.warn(message, { ...this.#fields, waiting: this.size });
    }
    this.#dropped += 1;
  }

  #tellCaughtUp(): void {
    this.#shares.parts.logger.warn('values were dropped', { ...this.#fields, times: this.#dropped });
    this.#dropped = 0;
    this.#shares.counters.dropping -= 1;
  }
}
