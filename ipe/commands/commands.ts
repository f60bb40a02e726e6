import { DecodeError, errorMessage, type Timer } from '../../common/index.ts';
import {
  CseError,
  decodeNotification,
  fromHttpRequest,
  type HttpResponse,
  type IncomingHttpRequest,
  type Notification,
  Operation,
  type RequestPrimitive,
  toHttpResponse,
} from '../../cse-client/index.ts';
import type { Registration, RegistrationHandler } from '../../lwm2m/index.ts';
import type { TreeFollower } from '../bridge/bridge.ts';
import type { EndpointTree } from '../bridge/endpoint-tree.ts';
import { Lanes } from '../lanes.ts';
import { CommandPolicies } from './command-policies.ts';
import { type CommandShares, DeviceCommands } from './device-commands.ts';
import { type CommandParts, type CommandSettings, newCommandCounters } from './parts.ts';

/** Devices whose requests are read at once, and responses on their way at once: less than `cse.maxInFlight` leaves room. */
const READING = 4;
const WRITING = 4;

const RSC = { ok: 2000, badRequest: 4000, notFound: 4004, notAllowed: 4005, creatorHasNoPrivilege: 4101 } as const;

/**
 * Commands of applications to devices, by contentInstances in `<AE>/requests` (TS-0014 6.4.1). A notification is only a
 * hint that there is something to read: what is carried out was read from the CSE, which knows who may write there.
 */
export class Commands implements TreeFollower {
  readonly counters = newCommandCounters();
  readonly #settings: CommandSettings;
  readonly #parts: CommandParts;
  readonly #shares: CommandShares;
  readonly #devices = new Map<string, DeviceCommands>();
  /** Devices to be looked after, once what they asked has been answered. */
  readonly #due = new Set<DeviceCommands>();
  #dueTimer: Timer | undefined;
  #pollTimer: Timer | undefined;
  #stopped = false;

  constructor(settings: CommandSettings, parts: CommandParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#shares = {
      settings,
      parts,
      counters: this.counters,
      policies: new CommandPolicies(settings, parts),
      reading: new Lanes(READING),
      writing: new Lanes(WRITING),
    };
    this.#schedulePoll();
  }

  /** Devices that can be commanded. */
  get size(): number {
    return this.#devices.size;
  }

  /** The bridge has brought the tree to what a Register or an Update wants; the device has not been answered yet. */
  follow(registration: Registration, tree: EndpointTree): void {
    if (this.#stopped) return;
    const commanded = { registration, tree };
    let device = this.#devices.get(registration.endpoint);
    if (device === undefined) {
      device = new DeviceCommands(this.#shares, commanded);
      this.#devices.set(registration.endpoint, device);
    } else device.follow(commanded);
    this.#due.add(device);
    this.#dueTimer ??= this.#parts.clock.timer(0, () => this.#lookAtDue());
  }

  /** The registration ends; resolves when its commands have had their last word, soon in any case. */
  async leave(endpoint: string): Promise<void> {
    const device = this.#devices.get(endpoint);
    if (device === undefined) return;
    this.#devices.delete(endpoint);
    this.#due.delete(device);
    await device.leave();
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
      expire: async (registration) => {
        await this.leave(registration.endpoint);
        await handler.expire(registration);
      },
    };
  }

  /** Answers a NOTIFY of the CSE; whatever comes, the answer says what was wrong with it. */
  receive(http: IncomingHttpRequest): HttpResponse {
    let request: RequestPrimitive | undefined;
    let problem: Problem | undefined;
    try {
      request = fromHttpRequest(http);
      problem = this.#notified(request);
    } catch (error) {
      if (!(error instanceof CseError || error instanceof DecodeError)) throw error;
      const rsc = error instanceof CseError ? (error.rsc ?? RSC.badRequest) : RSC.badRequest;
      problem = { rsc, text: errorMessage(error) };
    }
    this.counters[problem === undefined ? 'notifications' : 'refusedNotifications'] += 1;
    if (problem !== undefined) this.#parts.logger.debug('notification refused', { ...problem });
    const requestId = request?.rqi ?? http.headers['x-m2m-ri'];
    return toHttpResponse({
      rsc: problem?.rsc ?? RSC.ok,
      ...(typeof requestId === 'string' && requestId !== '' ? { rqi: requestId } : {}),
      ...(request?.rvi === undefined ? {} : { rvi: request.rvi }),
      ...(problem === undefined ? {} : { pc: { 'm2m:dbg': problem.text } }),
    });
  }

  /** The CSE answers again: what waits is written, what was missed is read. */
  resume(): void {
    for (const device of this.#devices.values()) device.resume();
  }

  /** Takes nothing more; what has been sent gets its last word. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#dueTimer?.cancel();
    this.#pollTimer?.cancel();
    const devices = [...this.#devices.values()];
    this.#devices.clear();
    await Promise.all(devices.map((device) => device.stop()));
  }

  #notified(request: RequestPrimitive): Problem | undefined {
    if (request.op !== Operation.notify) return { rsc: RSC.notAllowed, text: 'only notifications are taken here' };
    const { originator } = this.#settings;
    if (request.to.split('/').at(-1) !== originator) return { rsc: RSC.notFound, text: 'there is no such AE here' };
    const notifications = decodeNotification(request.pc);
    // First all are looked at, so that one that is not ours spoils the whole.
    const devices = new Set<DeviceCommands>();
    for (const notification of notifications) {
      const found = this.#meant(notification);
      if (found instanceof DeviceCommands) devices.add(found);
      else if (found !== undefined) return found;
    }
    for (const device of devices) void device.look();
    return undefined;
  }

  /** The device that a notification is about, undefined for a verification that is in order. */
  #meant(notification: Notification): DeviceCommands | Problem | undefined {
    const { creator, subscription } = notification;
    if (creator !== undefined && creator.split('/').at(-1) !== this.#settings.originator) {
      return { rsc: RSC.creatorHasNoPrivilege, text: 'the subscription is not one of this AE' };
    }
    if (notification.kind === 'verification') return undefined;
    const address = withoutCseId(subscription ?? '');
    for (const device of this.#devices.values()) {
      const { subscription: ri, subscriptionAddress } = device.resources;
      if (address === ri?.split('/').at(-1) || address === subscriptionAddress) return device;
    }
    return { rsc: RSC.notFound, text: 'there is no such subscription here' };
  }

  #lookAtDue(): void {
    this.#dueTimer = undefined;
    const due = [...this.#due];
    this.#due.clear();
    for (const device of due) void device.look();
  }

  #schedulePoll(): void {
    this.#pollTimer = this.#parts.clock.timer(this.#settings.pollInterval, () => void this.#poll());
  }

  /** One device after the other, so that the CSE hardly notices. */
  async #poll(): Promise<void> {
    for (const device of [...this.#devices.values()]) {
      if (this.#stopped || this.#parts.availability.away !== undefined) break;
      await device.look();
    }
    if (!this.#stopped) this.#schedulePoll();
  }
}

/** Why a notification is refused. */
interface Problem {
  readonly rsc: number;
  readonly text: string;
}

/** An address below the CSEBase, or a resource ID, without the CSE-ID and SP-ID in front (TS-0001 7.2). */
function withoutCseId(address: string): string {
  if (address.startsWith('//')) return address.split('/').slice(4).join('/');
  return address.startsWith('/') ? address.split('/').slice(2).join('/') : address;
}
