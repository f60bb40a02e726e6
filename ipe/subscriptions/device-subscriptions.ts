import { errorMessage } from '../../common/index.ts';
import { CseError, type DeletionNotice, type EventNotification, ResourceType } from '../../cse-client/index.ts';
import { registrationFields } from '../../lwm2m/index.ts';
import {
  type ApplicationSubscription,
  type InstancePath,
  mergePathWishes,
  pathKey,
  readApplicationSubscription,
  rememberedSubscriptions,
  valueContainerPath,
} from '../../mappings/index.ts';
import type { Followed } from '../bridge/endpoint-tree.ts';
import { farExpiration } from '../bridge/expiration.ts';
import { OwnSubscription } from '../notifications/own-subscription.ts';
import type { SubscriptionParts, SubscriptionShares } from './parts.ts';
import { SubscriptionReader } from './subscription-reader.ts';
import type { WatchedContainer } from './watched-container.ts';

/** Reports that wait to be checked; beyond them the whole device is looked at. */
const MOST_REPORTS = 100;
/** Milliseconds in which containers that are made one after the other are waited for. */
const GATHERING = 200;
/** Milliseconds after which what the CSE could not do just now is tried again. */
const RETRY = 2_000;
/** CREATE and DELETE of a direct child (TS-0004 6.3.4.2.19). */
const WATCHED_EVENTS = [3, 4] as const;

/** A subscription that a notification told of. */
interface ReportedSubscription {
  readonly container: WatchedContainer;
  readonly told: ApplicationSubscription;
}

/**
 * The subscriptions that applications have on the containers of one device, and the wishes that become of them. What a
 * notification tells is checked at the CSE before it counts; one that is lost is made good by the next look.
 */
export class DeviceSubscriptions {
  readonly #shares: SubscriptionShares;
  readonly #reader: SubscriptionReader;
  /** Containers that have no subscription of ours yet. */
  readonly #unwatched = new Set<WatchedContainer>();
  /** By container and name. */
  readonly #reported = new Map<string, ReportedSubscription>();
  /** Wishes as they have been handed on, by path. */
  readonly #given = new Map<string, { readonly path: InstancePath; readonly text: string }>();
  #followed: Followed;
  #lookDue = false;
  /** Paths of containers of an earlier run, until all subscriptions have been looked at: nobody may wish anything of them now. */
  readonly #inherited = new Map<string, InstancePath>();
  /** All subscriptions have been looked at since the last container was inherited. */
  #looked = false;
  /** A look is due when the containers that come one after the other are all there. */
  #lookGathered = false;
  #timer: { cancel(): void } | undefined;
  #running: Promise<void> | undefined;
  #ended = false;

  constructor(shares: SubscriptionShares, followed: Followed) {
    this.#shares = shares;
    this.#followed = followed;
    this.#reader = new SubscriptionReader(shares, () => this.#followed);
  }

  /** The bridge has brought the tree to what a Register or an Update wants. */
  follow(followed: Followed): void {
    this.#followed = followed;
    this.#later();
  }

  /** A container that holds values stands on the CSE. */
  made(container: string, path: InstancePath, existing: boolean): void {
    const watched = this.#reader.add(container, path, existing);
    if (watched === undefined) return;
    if (existing) {
      this.#inherited.set(pathKey(path), path);
      this.#looked = false;
    }
    // At once: what subscribes before ours is there, and lets nobody read it, is never found.
    this.#unwatched.add(watched);
    void this.#run();
    this.#lookGathered = true;
    this.#later();
  }

  /** A container and all below it is gone, and with it every wish for it. */
  gone(container: string): void {
    for (const { container: name } of [...this.#reader.containers]) {
      if (isWithin(name, container)) this.#reader.remove(name);
    }
    for (const [key, { path }] of [...this.#given]) {
      if (isWithin(valueContainerPath(path), container)) this.#given.delete(key);
    }
    this.#later();
  }

  /** Looks at all subscriptions below the device's AE. Never rejects. */
  look(): Promise<void> {
    this.#lookDue = true;
    return this.#run();
  }

  /** Hears and asks nothing more; resolves when no request is under way. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#timer?.cancel();
    for (const { watch } of this.#reader.containers) watch?.forget();
    await this.#running;
  }

  #later(delay = GATHERING): void {
    if (this.#ended) return;
    this.#timer ??= this.#parts.clock.timer(delay, () => {
      this.#timer = undefined;
      this.#lookDue ||= this.#lookGathered;
      this.#lookGathered = false;
      void this.#run();
    });
  }

  #run(): Promise<void> {
    this.#running ??= this.#work().then((done) => {
      this.#running = undefined;
      if (this.#next() !== undefined) this.#later(done ? 0 : RETRY);
    });
    return this.#running;
  }

  /** False when it was given up before all was done. */
  async #work(): Promise<boolean> {
    let done = true;
    for (let step = this.#next(); step !== undefined && done; step = this.#next()) {
      const work = step;
      done = await this.#shares.lanes.run(() => this.#tried(work));
    }
    if (!this.#ended) this.#handOn();
    if (!this.#ended && done && this.#looked) this.#tellUnwished();
    return done;
  }

  /** False when the CSE cannot do it now. */
  async #tried(step: () => Promise<void>): Promise<boolean> {
    try {
      await step();
      return true;
    } catch (error) {
      const { availability, logger } = this.#parts;
      availability.failed(error);
      const level = error instanceof CseError ? 'debug' : 'error';
      const fields = registrationFields(this.#followed.registration);
      logger[level]('subscriptions cannot be looked after now', { ...fields, reason: errorMessage(error) });
      if (isFinal(error)) return true;
      this.#lookDue = true;
      return false;
    }
  }

  #next(): (() => Promise<void>) | undefined {
    if (this.#ended || this.#parts.availability.away !== undefined) return undefined;
    for (const container of this.#unwatched) return () => this.#watch(container);
    if (this.#lookDue) return () => this.#lookAtAll();
    for (const [key, reported] of this.#reported) return () => this.#check(key, reported);
    return undefined;
  }

  async #lookAtAll(): Promise<void> {
    this.#lookDue = false;
    this.#shares.counters.looks += 1;
    for (const container of await this.#reader.readAll()) this.#unwatched.add(container);
    for (const container of [...this.#reader.containers]) await this.#remember(container);
    this.#looked = true;
  }

  async #check(key: string, reported: ReportedSubscription): Promise<void> {
    const { container, told } = reported;
    await this.#reader.read(container, told.name, told);
    if (this.#reported.get(key) === reported) this.#reported.delete(key);
    await this.#remember(container);
  }

  /** Has the CSE tell of the subscriptions of applications on a container. */
  async #watch(container: WatchedContainer): Promise<void> {
    if (!this.#reader.holds(container)) {
      this.#unwatched.delete(container);
      return;
    }
    const { settings, parts } = this.#shares;
    const { originator, resourceName } = settings;
    const watch = new OwnSubscription(
      { ...parts, originator },
      `${resourceName}-watch`,
      () => this.#reader.address(container),
      (notification) => this.#notified(container, notification),
    );
    const maybeThere = container.existing || container.watch !== undefined;
    try {
      if (!(maybeThere && (await this.#adopt(container, watch)))) await this.#make(container, watch);
    } catch (error) {
      if (!isFinal(error)) throw error;
      this.#unwatched.delete(container);
      this.#refused(container, error);
      return;
    }
    this.#unwatched.delete(container);
    container.watch?.forget();
    container.watch = watch;
    if (!this.#reader.holds(container) || this.#ended) watch.forget();
  }

  async #make(container: WatchedContainer, watch: OwnSubscription): Promise<void> {
    const { clock, cse } = this.#parts;
    const et = farExpiration(clock, cse().dialect);
    const enc = { net: WATCHED_EVENTS, chty: [ResourceType.subscription] };
    await watch.make({ enc, et, lbl: this.#reader.labels(container) });
    container.remembered = container.memory;
    this.#shares.counters.watched += 1;
  }

  /** Takes over the one of an earlier run with what it remembers; false when there is none. */
  async #adopt(container: WatchedContainer, watch: OwnSubscription): Promise<boolean> {
    const found = await watch.adopt(WATCHED_EVENTS);
    if (found === undefined) return false;
    container.remembered = (found.lbl ?? []).slice(1);
    for (const told of rememberedSubscriptions(container.remembered)) this.#report(container, told);
    return true;
  }

  #refused(container: WatchedContainer, error: CseError): void {
    // A container that is gone will be told to be.
    if (error.rsc === 4004) return;
    this.#parts.logger.warn('the CSE does not tell of subscriptions; they are found by looking alone', {
      ...registrationFields(this.#followed.registration),
      container: container.container,
      reason: error.message,
    });
  }

  #notified(container: WatchedContainer, notification: EventNotification | DeletionNotice): undefined {
    this.#shares.counters.notified += 1;
    if (notification.kind === 'deletion') {
      this.#unwatched.add(container);
      this.#lookDue = true;
    } else {
      const { representation } = notification;
      const told = readApplicationSubscription((representation as { 'm2m:sub'?: unknown } | undefined)?.['m2m:sub']);
      if (told === undefined) this.#lookDue = true;
      else if (!this.#reader.isOwn(told.name)) this.#report(container, told);
    }
    void this.#run();
    return undefined;
  }

  #report(container: WatchedContainer, told: ApplicationSubscription): void {
    const key = `${container.container}/${told.name}`;
    if (this.#reported.size >= MOST_REPORTS && !this.#reported.has(key)) this.#lookDue = true;
    else this.#reported.set(key, { container, told });
  }

  /** Writes down what only a notification told of, so that it is known after a restart. */
  async #remember(container: WatchedContainer): Promise<void> {
    const { watch, memory, remembered } = container;
    if (watch?.ri === undefined || memory.join() === remembered.join()) return;
    const lbl = this.#reader.labels(container);
    try {
      await this.#reader.client.update(ResourceType.subscription, watch.address, { lbl });
      container.remembered = memory;
    } catch (error) {
      if (!isFinal(error)) throw error;
      if (error.rsc === 4004) this.#unwatched.add(container);
    }
  }

  /** Tells what has changed of the wishes. */
  #handOn(): void {
    const { endpoint, version } = this.#followed.registration;
    const asked = [...this.#reader.containers].flatMap(({ path, wishes }) => wishes.map((wish) => ({ path, wish })));
    const wanted = new Map(mergePathWishes(asked, version).map((wish) => [pathKey(wish.path), wish]));
    const { values } = this.#parts;
    for (const [key, { path }] of [...this.#given]) {
      if (wanted.has(key)) continue;
      this.#given.delete(key);
      values.observeWish(endpoint, path, undefined);
    }
    for (const [key, { path, wish }] of wanted) {
      const text = JSON.stringify(wish);
      if (this.#given.get(key)?.text === text) continue;
      this.#given.set(key, { path, text });
      values.observeWish(endpoint, path, wish);
    }
  }

  /** Of what an earlier run had observed, and nobody subscribes to any more, the device is told. */
  #tellUnwished(): void {
    const { endpoint } = this.#followed.registration;
    for (const [key, path] of this.#inherited) {
      if (!this.#given.has(key)) this.#parts.values.observeWish(endpoint, path, undefined);
    }
    this.#inherited.clear();
    this.#looked = false;
  }

  get #parts(): SubscriptionParts {
    return this.#shares.parts;
  }
}

/** The CSE has answered, and would answer the same again. */
function isFinal(error: unknown): error is CseError {
  return error instanceof CseError && error.rsc !== undefined && !error.retryable;
}

function isWithin(container: string, outer: string): boolean {
  return container === outer || container.startsWith(`${outer}/`);
}
