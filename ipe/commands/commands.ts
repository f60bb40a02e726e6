import type { Registration, RegistrationHandler } from '../../lwm2m/index.ts';
import { AfterAnswer } from '../after-answer.ts';
import type { TreeFollower } from '../bridge/bridge.ts';
import type { EndpointTree } from '../bridge/endpoint-tree.ts';
import { Lanes } from '../lanes.ts';
import { Rounds } from '../rounds.ts';
import { type CommandShares, DeviceCommands } from './device-commands.ts';
import { type CommandParts, type CommandSettings, newCommandCounters } from './parts.ts';

/** Devices whose requests are read at once, and responses on their way at once: less than `cse.maxInFlight` leaves room. */
const READING = 4;
const WRITING = 4;
/** Direct commands that no notification told of are looked for less often than requests: what is lost there is rare. */
const ROUNDS_PER_DIRECT_LOOK = 5;

/**
 * Commands of applications to devices, by contentInstances in `<AE>/requests` or in the containers of resources (TS-0014
 * 6.4.1). A notification is only a hint that there is something to read: what is carried out was read from the CSE, which knows who may write there.
 */
export class Commands implements TreeFollower {
  readonly counters = newCommandCounters();
  readonly #parts: CommandParts;
  readonly #shares: CommandShares;
  readonly #devices = new Map<string, DeviceCommands>();
  readonly #due: AfterAnswer<DeviceCommands>;
  readonly #rounds: Rounds<DeviceCommands>;
  #stopped = false;

  constructor(settings: CommandSettings, parts: CommandParts) {
    this.#parts = parts;
    this.#shares = {
      settings,
      parts,
      counters: this.counters,
      reading: new Lanes(READING),
      writing: new Lanes(WRITING),
    };
    parts.values.onContainer({
      made: (endpoint, path, container, existing) =>
        this.#devices.get(endpoint)?.containerMade(path, container, existing),
      gone: (endpoint, container) => this.#devices.get(endpoint)?.containerGone(container),
    });
    this.#due = new AfterAnswer(parts.clock, (device) => void device.look());
    this.#rounds = new Rounds({
      interval: settings.pollInterval,
      devices: () => this.#devices.values(),
      look: async (device, round) => {
        await device.look();
        if (round % ROUNDS_PER_DIRECT_LOOK === 0) await device.lookForDirect();
      },
      availability: parts.availability,
      clock: parts.clock,
    });
  }

  /** Devices that can be commanded. */
  get size(): number {
    return this.#devices.size;
  }

  /** Commands that have no final state yet. */
  get waiting(): number {
    let waiting = 0;
    for (const device of this.#devices.values()) waiting += device.waiting;
    return waiting;
  }

  /** The bridge has brought the tree to what a Register or an Update wants; the device has not been answered yet. */
  follow(registration: Registration, tree: EndpointTree): void {
    if (this.#stopped || !this.#parts.policies.commanded(registration.endpoint)) return;
    const commanded = { registration, tree };
    let device = this.#devices.get(registration.endpoint);
    if (device === undefined) {
      device = new DeviceCommands(this.#shares, commanded);
      this.#devices.set(registration.endpoint, device);
    } else device.follow(commanded);
    this.#due.add(device);
  }

  /** The registration ends; resolves when its commands have had their last word, soon in any case. */
  async leave(endpoint: string): Promise<void> {
    const device = this.#devices.get(endpoint);
    this.#devices.delete(endpoint);
    if (device !== undefined) this.#due.delete(device);
    await device?.leave();
    this.#parts.keeper?.forget(endpoint);
  }

  /** What an earlier run left of endpoints that are not `registered` any more is forgotten: their responses are gone. */
  settle(registered: (endpoint: string) => boolean): void {
    const { keeper } = this.#parts;
    for (const endpoint of keeper?.endpoints() ?? []) if (!registered(endpoint)) keeper?.forget(endpoint);
  }

  /** The same handler, but that commands have their last word before the tree goes in which it stands. */
  before(handler: RegistrationHandler): RegistrationHandler {
    return {
      register: (registration, previous) => handler.register(registration, previous),
      update: (registration, previous) => handler.update(registration, previous),
      deregister: async (registration) => {
        await this.leave(registration.endpoint);
        return handler.deregister(registration);
      },
      expire: async (registration, kept) => {
        await this.leave(registration.endpoint);
        await handler.expire(registration, kept);
      },
    };
  }

  /** The CSE answers again: what waits is written, what was missed is read. */
  resume(): void {
    for (const device of this.#devices.values()) device.resume();
  }

  /** Takes nothing more; what has been sent gets its last word. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#due.stop();
    this.#rounds.stop();
    const devices = [...this.#devices.values()];
    this.#devices.clear();
    await Promise.all(devices.map((device) => device.stop()));
  }
}
