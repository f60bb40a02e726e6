import { errorMessage, type Timer } from '../../common/index.ts';
import { CseError, type DeletionNotice, type EventNotification } from '../../cse-client/index.ts';
import { type Registration, registrationFields } from '../../lwm2m/index.ts';
import { endpointLabel, type InstancePath } from '../../mappings/index.ts';
import type { TreeFollower } from '../bridge/bridge.ts';
import type { EndpointTree } from '../bridge/endpoint-tree.ts';
import { farExpiration } from '../bridge/expiration.ts';
import { Lanes } from '../lanes.ts';
import type { NotificationAnswer } from '../notifications/notifications.ts';
import { OwnSubscription } from '../notifications/own-subscription.ts';
import type { ContainerListener } from '../values/parts.ts';
import { within } from '../within.ts';
import type { ReadThroughCounters, ReadThroughParts, ReadThroughSettings } from './parts.ts';

/** notificationEventType of ACME: a RETRIEVE of a direct child waits for the answer to the notification. */
const BLOCKING_RETRIEVE_OF_CHILD = 10;
/** Subscriptions that are made at once. */
const LANES = 2;
/** Milliseconds until subscriptions that could not be made are tried again. */
const RETRY = 5_000;
const DONE: NotificationAnswer = { rsc: 2000 };

/** A container whose latest value is asked for when it is old. */
interface ReadableContainer {
  readonly endpoint: string;
  readonly container: string;
  readonly path: InstancePath;
  readonly existing: boolean;
  /** Milliseconds. */
  readonly age: number;
  subscription: OwnSubscription | undefined;
  /** Read that is under way, one for all who ask meanwhile. */
  reading: Promise<void> | undefined;
  /** When a value was last read, on the monotonic clock. */
  readAt: number;
}

/**
 * A RETRIEVE of `la` that finds an old value becomes a Read of the device (TS-0014 6.4), on a CSE that waits for us:
 * what the device says is stored before the CSE goes on. A device that sleeps or is silent costs no more than the set wait.
 */
export class ReadThrough implements TreeFollower, ContainerListener {
  readonly counters: ReadThroughCounters = { asked: 0, read: 0, failed: 0 };
  readonly #settings: ReadThroughSettings;
  readonly #parts: ReadThroughParts;
  /** resourceNames of the AEs of endpoints. */
  readonly #names = new Map<string, string>();
  /** Ids of the registrations of endpoints. */
  readonly #registrations = new Map<string, string>();
  readonly #containers = new Map<string, Map<string, ReadableContainer>>();
  readonly #lanes = new Lanes(LANES);
  /** Containers whose subscription could not be made now. */
  readonly #waiting = new Set<ReadableContainer>();
  readonly #working = new Set<Promise<void>>();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(settings: ReadThroughSettings, parts: ReadThroughParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** The bridge has brought the tree to what a Register or an Update wants. */
  follow({ endpoint, id }: Registration, tree: EndpointTree): void {
    this.#registrations.set(endpoint, id);
    this.#names.set(endpoint, tree.names.resourceName);
  }

  /** The registration ends. */
  leave(endpoint: string): void {
    this.gone(endpoint);
    this.#names.delete(endpoint);
    this.#registrations.delete(endpoint);
  }

  /** A container that holds values stands on the CSE. */
  made(endpoint: string, path: InstancePath, container: string, existing: boolean): void {
    const age = this.#settings.age(endpoint, path.objectId);
    if (age === undefined || this.#stopped) return;
    this.gone(endpoint, container);
    const readable: ReadableContainer = {
      ...{ endpoint, container, path, existing, age },
      ...{ subscription: undefined, reading: undefined, readAt: Number.NEGATIVE_INFINITY },
    };
    const containers = this.#containers.get(endpoint) ?? new Map<string, ReadableContainer>();
    this.#containers.set(endpoint, containers.set(container, readable));
    this.#subscribe(readable);
  }

  /** A container and all below it is gone; without one all of the endpoint. */
  gone(endpoint: string, container?: string): void {
    const containers = this.#containers.get(endpoint);
    for (const [name, readable] of containers ?? []) {
      if (container !== undefined && name !== container && !name.startsWith(`${container}/`)) continue;
      containers?.delete(name);
      this.#waiting.delete(readable);
      readable.subscription?.forget();
    }
    if (containers?.size === 0) this.#containers.delete(endpoint);
  }

  /** The CSE answers again. */
  resume(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const readable of waiting) this.#subscribe(readable);
  }

  /** Asks nothing more; resolves when no request to the CSE is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const endpoint of [...this.#containers.keys()]) this.gone(endpoint);
    await Promise.all(this.#working);
  }

  #subscribe(readable: ReadableContainer): void {
    const work = this.#lanes
      .run(() => this.#subscribed(readable))
      .catch((error: unknown) => this.#failed(readable, error))
      .finally(() => this.#working.delete(work));
    this.#working.add(work);
  }

  async #subscribed(readable: ReadableContainer): Promise<void> {
    if (!this.#holds(readable)) return;
    const { base, originator, resourceName } = this.#settings;
    const { clock, cse } = this.#parts;
    const subscription = new OwnSubscription(
      { ...this.#parts, originator },
      `${resourceName}-read`,
      () => `${base}/${this.#names.get(readable.endpoint)}/${readable.container}`,
      (notification) => this.#notified(readable, notification),
    );
    const ma = `PT${Math.ceil(readable.age / 1000)}S`;
    const found = readable.existing ? await subscription.adopt([BLOCKING_RETRIEVE_OF_CHILD]) : undefined;
    if (found?.ma !== ma) {
      const et = farExpiration(clock, cse().dialect);
      const lbl = [endpointLabel(readable.endpoint)];
      await subscription.make({ enc: { net: [BLOCKING_RETRIEVE_OF_CHILD] }, ma, et, lbl });
    }
    if (this.#holds(readable)) readable.subscription = subscription;
    else subscription.forget();
  }

  #failed(readable: ReadableContainer, error: unknown): void {
    const { availability, clock, logger } = this.#parts;
    availability.failed(error);
    const { endpoint, container } = readable;
    const final = error instanceof CseError && error.rsc !== undefined && !error.retryable;
    logger[final && error.rsc !== 4004 ? 'warn' : 'debug']('old values of a container are not asked for', {
      ...registrationFields({ endpoint, id: this.#registrations.get(endpoint) ?? '' }),
      container,
      reason: errorMessage(error),
    });
    if (final || !this.#holds(readable)) return;
    this.#waiting.add(readable);
    this.#timer ??= clock.timer(RETRY, () => this.resume());
  }

  /** Other children than the virtual `la` and `ol` come with their representation, and are as old as they are. */
  #notified(
    readable: ReadableContainer,
    notification: EventNotification | DeletionNotice,
  ): Promise<NotificationAnswer> | undefined {
    if (notification.kind !== 'event' || notification.representation !== undefined) return undefined;
    this.counters.asked += 1;
    const { clock } = this.#parts;
    // Also for one who asks us in the name of the CSE: a device is not read more often than that.
    if (clock.monotonic() - readable.readAt < readable.age) return undefined;
    readable.reading ??= this.#read(readable).finally(() => {
      readable.reading = undefined;
    });
    return within(readable.reading, this.#settings.wait, clock).then(() => DONE);
  }

  async #read(readable: ReadableContainer): Promise<void> {
    const { endpoint, path } = readable;
    const { perform, values, clock } = this.#parts;
    const outcome = await perform(endpoint, { type: 'read', path }, { deadline: this.#settings.wait });
    if (outcome.kind !== 'success') {
      this.counters.failed += 1;
      return;
    }
    this.counters.read += 1;
    readable.readAt = clock.monotonic();
    await values.storeRead(endpoint, path, outcome);
  }

  #holds(readable: ReadableContainer): boolean {
    return this.#containers.get(readable.endpoint)?.get(readable.container) === readable;
  }
}
