import type { Registration } from '../../lwm2m/index.ts';
import type { InstancePath } from '../../mappings/index.ts';
import type { TreeFollower } from '../bridge/bridge.ts';
import type { EndpointTree, Followed } from '../bridge/endpoint-tree.ts';
import { Lanes } from '../lanes.ts';
import { Rounds } from '../rounds.ts';
import type { ContainerListener } from '../values/parts.ts';
import { DeviceSubscriptions } from './device-subscriptions.ts';
import {
  newSubscriptionCounters,
  type SubscriptionParts,
  type SubscriptionSettings,
  type SubscriptionShares,
} from './parts.ts';

/** Devices whose subscriptions are looked after at once: less than `cse.maxInFlight` leaves room. */
const LANES = 4;

/**
 * Subscriptions of applications on containers of devices (TS-0014 6.5): where objects are observed on subscription, a
 * device notifies while there is one, and by the periods and thresholds that its labels ask for.
 */
export class Subscriptions implements TreeFollower, ContainerListener {
  readonly counters = newSubscriptionCounters();
  readonly #parts: SubscriptionParts;
  readonly #shares: SubscriptionShares;
  readonly #followed = new Map<string, Followed>();
  /** Devices that have containers of objects which are observed on subscription. */
  readonly #devices = new Map<string, DeviceSubscriptions>();
  readonly #rounds: Rounds<DeviceSubscriptions>;
  #stopped = false;

  constructor(settings: SubscriptionSettings, parts: SubscriptionParts) {
    this.#parts = parts;
    this.#shares = { settings, parts, counters: this.counters, lanes: new Lanes(LANES) };
    this.#rounds = new Rounds({
      interval: settings.pollInterval,
      devices: () => this.#devices.values(),
      look: (device) => device.look(),
      availability: parts.availability,
      clock: parts.clock,
    });
  }

  /** The bridge has brought the tree to what a Register or an Update wants. */
  follow(registration: Registration, tree: EndpointTree): void {
    if (this.#stopped) return;
    const followed = { registration, tree };
    this.#followed.set(registration.endpoint, followed);
    this.#devices.get(registration.endpoint)?.follow(followed);
  }

  /** The registration ends. */
  leave(endpoint: string): void {
    this.#followed.delete(endpoint);
    this.gone(endpoint);
  }

  /** A container that holds values stands on the CSE. */
  made(endpoint: string, path: InstancePath, container: string, existing: boolean): void {
    const followed = this.#followed.get(endpoint);
    if (followed === undefined || !this.#parts.values.observesOnSubscription(endpoint, path.objectId)) return;
    let device = this.#devices.get(endpoint);
    if (device === undefined) {
      device = new DeviceSubscriptions(this.#shares, followed);
      this.#devices.set(endpoint, device);
    }
    device.made(container, path, existing);
  }

  /** A container and all below it is gone; without one all of the endpoint. */
  gone(endpoint: string, container?: string): void {
    const device = this.#devices.get(endpoint);
    if (container !== undefined) {
      device?.gone(container);
      return;
    }
    this.#devices.delete(endpoint);
    void device?.end();
  }

  /** The CSE answers again: what no notification told of is looked for. */
  resume(): void {
    for (const device of this.#devices.values()) void device.look();
  }

  /** Asks the CSE nothing more; resolves when no request is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#rounds.stop();
    const devices = [...this.#devices.values()];
    this.#devices.clear();
    await Promise.all(devices.map((device) => device.end()));
  }
}
