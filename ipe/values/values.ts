import { IpeError } from '../../common/index.ts';
import type { ContentInstance } from '../../cse-client/index.ts';
import type { Node, ObservationChange, Registration, Report, Success } from '../../lwm2m/index.ts';
import { type InstancePath, type NotificationWish, valueInstanceName } from '../../mappings/index.ts';
import { AfterAnswer } from '../after-answer.ts';
import type { EndpointTree } from '../bridge/endpoint-tree.ts';
import { Lanes } from '../lanes.ts';
import { type DeviceShares, DeviceValues } from './device-values.ts';
import { LeftValues } from './left-values.ts';
import { ObservationCheck } from './observation-check.ts';
import {
  type ContainerListener,
  newValueCounters,
  type ValueCounters,
  type ValueHooks,
  type ValueParts,
  type ValueSettings,
} from './parts.ts';
import { SharedTexts } from './shared-texts.ts';
import { Turns } from './turns.ts';
import { ValuePolicies } from './value-policies.ts';
import { QueueBudget } from './value-queue.ts';
import { newSession } from './value-session.ts';

/**
 * Values of devices in the tree (TS-0014 6.4.2, 7.2, 8.2). Follows the bridge: whatever it has brought about is answered
 * to the device first; reading, containers and values come after it, as bounded background work.
 */
export class Values implements ValueHooks {
  readonly counters: ValueCounters = newValueCounters();
  readonly #devices = new Map<string, DeviceValues>();
  readonly #shares: DeviceShares;
  readonly #parts: ValueParts;
  readonly #left: LeftValues;
  readonly #listeners: ContainerListener[] = [];
  readonly #due: AfterAnswer<DeviceValues>;
  /** Absent where observations are not checked. */
  readonly #check: ObservationCheck | undefined;
  #stopped = false;

  constructor(settings: ValueSettings, parts: ValueParts) {
    this.#parts = parts;
    this.#left = new LeftValues(parts.keeper);
    this.#due = new AfterAnswer(parts.clock, (device) => device.start());
    const { observeCheck } = settings;
    this.#check = observeCheck === 'off' ? undefined : new ObservationCheck(observeCheck, this.#devices, parts.clock);
    const { counters } = this;
    const session = newSession(parts, this.#left.latest);
    let sequence = 0;
    this.#shares = {
      delivery: {
        parts,
        settings,
        counters,
        listener: this.#listener(),
        names: new SharedTexts(),
        budget: new QueueBudget(settings.queue.totalBytes),
        lanes: new Lanes(settings.maxInFlight),
      },
      inquiry: { parts, counters, turns: new Turns(settings.readers) },
      policies: new ValuePolicies(settings.policy),
      nextName: () => {
        sequence += 1;
        return valueInstanceName(session, sequence);
      },
    };
  }

  /** Devices whose values are looked after. */
  get size(): number {
    return this.#devices.size;
  }

  /** Values that wait for the CSE. */
  get waiting(): number {
    let waiting = 0;
    for (const device of this.#devices.values()) waiting += device.waiting;
    return waiting;
  }

  /** Bytes of the values that wait for the CSE. */
  get waitingBytes(): number {
    return this.#shares.delivery.budget.used;
  }

  /** The bridge has brought the tree to what a Register or an Update wants; the device has not been answered yet. */
  follow(registration: Registration, tree: EndpointTree, registered: boolean): void {
    if (this.#stopped || !this.#shares.policies.wanted) return;
    const followed = { registration, tree };
    let device = this.#devices.get(registration.endpoint);
    if (device === undefined) {
      device = new DeviceValues(this.#shares, followed);
      this.#devices.set(registration.endpoint, device);
      device.takeUp(this.#left.take(registration.endpoint));
    } else device.follow(followed, registered);
    this.#due.add(device);
  }

  /**
   * As `follow`, for a device of an earlier run. Nothing is asked of instances whose changes are `known` to be reported, nor
   * of those that are only read when a device registers.
   */
  restore(registration: Registration, tree: EndpointTree, known: (path: InstancePath) => boolean): void {
    if (this.#stopped || !this.#shares.policies.wanted || this.#devices.has(registration.endpoint)) return;
    const { endpoint } = registration;
    const { policies } = this.#shares;
    const passed = (path: InstancePath) => policies.of(endpoint, path.objectId).observe !== 'always' || known(path);
    const device = new DeviceValues(this.#shares, { registration, tree }, passed);
    device.recall(this.#listeners.length > 0);
    device.takeUp(this.#left.take(endpoint));
    this.#devices.set(registration.endpoint, device);
    this.#due.add(device);
  }

  /** What an earlier run left of endpoints that are not `registered` any more is dropped. */
  settle(registered: (endpoint: string) => boolean): void {
    for (const endpoint of this.#left.endpoints()) if (!registered(endpoint)) this.#dropLeft(endpoint);
  }

  /** A Register is accepted whose tree is still to be made: values are asked for and taken, and wait. */
  expect(registration: Registration, tree: EndpointTree): void {
    this.follow(registration, tree, true);
  }

  /** Says what stands below the AE of an endpoint; containers that should be there and are not are made again. */
  compare(endpoint: string, standing: ReadonlySet<string>): void {
    this.#devices.get(endpoint)?.compare(standing);
  }

  /**
   * The registration has ended, and its tree is still there: resolves when the CSE has what waits, cannot take it now, or has
   * had `ValueSettings.farewell` for it.
   */
  async depart(registration: Registration, tree: EndpointTree): Promise<void> {
    const { endpoint } = registration;
    if (!this.#devices.has(endpoint) && this.#left.has(endpoint)) this.restore(registration, tree, () => true);
    await this.#devices.get(endpoint)?.depart(this.#shares.delivery.settings.farewell);
  }

  /** The registration ends: what still waits is dropped and counted. */
  leave(endpoint: string): void {
    this.#dropLeft(endpoint);
    const device = this.#devices.get(endpoint);
    if (device === undefined) return;
    this.#devices.delete(endpoint);
    this.#check?.forget(device);
    this.#due.delete(device);
    void device.end(false);
    this.#shares.delivery.listener.gone(endpoint);
  }

  /**
   * Takes what a device reported of itself; of one that has no tree nothing is taken. Where values are kept it resolves when
   * these are; a Send is refused while nothing can be (IpeError `store/...`), a notification waits until it can.
   */
  report(report: Report): void | Promise<void> {
    const { keeper } = this.#parts;
    const isSend = report.source === 'send';
    if (isSend && keeper?.fault !== undefined) throw keeper.fault;
    if (this.#stopped) {
      if (isSend) throw new IpeError('ipe/stopping', 'the bridge is stopping', { retryable: true });
      return NEVER;
    }
    this.#devices.get(report.registration.endpoint)?.report(report);
    return isSend ? keeper?.flushed() : keeper?.durable();
  }

  /** Resolves when the values taken before are kept; undefined where none are. Waits until they can be. */
  durable(): Promise<void> | undefined {
    return this.#stopped ? NEVER : this.#parts.keeper?.durable();
  }

  /** Takes the values of observations that the server has renewed by itself, and the end of others. */
  observationChanged(change: ObservationChange): void {
    this.#devices.get(change.registration.endpoint)?.observationChanged(change);
  }

  onContainer(listener: ContainerListener): void {
    this.#listeners.push(listener);
  }

  async confirmed(endpoint: string, path: InstancePath): Promise<ContentInstance | undefined> {
    return this.#devices.get(endpoint)?.confirmed(path);
  }

  async storeAgain(endpoint: string, path: InstancePath): Promise<boolean> {
    return (await this.#devices.get(endpoint)?.storeAgain(path)) ?? false;
  }

  written(endpoint: string, nodes: readonly Node[]): void {
    this.#devices.get(endpoint)?.written(nodes);
  }

  async storeRead(endpoint: string, path: InstancePath, outcome: Success): Promise<void> {
    await this.#devices.get(endpoint)?.storeRead(outcome, path);
  }

  observesOnSubscription(endpoint: string, objectId: number): boolean {
    return this.#shares.policies.of(endpoint, objectId).observe === 'on-subscription';
  }

  observeWish(endpoint: string, path: InstancePath, wish: NotificationWish | undefined): void {
    const device = this.#devices.get(endpoint);
    device?.observeWish(path, wish);
    if (device !== undefined && wish?.pmax !== undefined) this.#check?.watch(device);
  }

  /** The CSE answers again: what waits is sent. */
  resume(): void {
    for (const device of this.#devices.values()) device.resume();
  }

  /**
   * Asks and takes nothing any more. What waits and may not outlive the process goes to the CSE first, for `limit` milliseconds
   * at most. Resolves when no request is under way, so that none is left half-made.
   */
  async stop(limit = 0): Promise<void> {
    this.#stopped = true;
    this.#due.stop();
    this.#check?.stop();
    const { keeper, logger } = this.#parts;
    const devices = [...this.#devices.values()];
    const forLater = keeper !== undefined;
    if (limit > 0) {
      // The tree of one that has left will not be there for the next run.
      const kept = keeper !== undefined && keeper.fault === undefined;
      const last = kept ? devices.filter(({ isDeparting }) => isDeparting) : devices;
      await Promise.all(last.map((device) => device.depart(limit)));
    }
    const { waiting } = this;
    const level = forLater ? 'info' : 'warn';
    if (waiting > 0) logger[level]('stopping with values that the CSE has not got', { waiting });
    this.#devices.clear();
    await Promise.all(devices.map((device) => device.end(forLater)));
  }

  /** The registration has ended, and nobody took up what an earlier run left of it. */
  #dropLeft(endpoint: string): void {
    const dropped = this.#left.drop(endpoint);
    if (dropped === 0) return;
    this.counters.deviceLeft += dropped;
    const fields = { endpoint, dropped, reason: 'they were left by an earlier run' };
    this.#parts.logger.warn('values of a device that has left were dropped', fields);
  }

  #listener(): ContainerListener {
    return {
      made: (...args) => {
        for (const listener of this.#listeners) listener.made(...args);
      },
      gone: (...args) => {
        for (const listener of this.#listeners) listener.gone(...args);
      },
    };
  }
}

/** What comes while we stop is left to the device, which sends it again: to whoever serves next. */
const NEVER = new Promise<void>(() => undefined);
