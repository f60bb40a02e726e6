import { isIP } from 'node:net';
import { type Clock, type Logger, silentLogger, systemClock, type Timer } from '../common/index.ts';
import type { CoapPort } from './coap/coap-port.ts';
import type { DeviceKey } from './coap/secure-socket.ts';
import { SocketPool } from './coap/socket-pool.ts';
import { type FleetSummary, FleetTally } from './fleet-summary.ts';
import { NO_MISBEHAVIOUR } from './misbehaviour.ts';
import type { DeviceEvent, DeviceSettings } from './options.ts';
import { seededRandom, seedOf } from './seeded-random.ts';
import { resolved, type ServerAddress } from './server-uri.ts';
import { SimulatedDevice } from './simulated-device.ts';

/** How a fleet is; everything but `server` and `endpoints` has a default. */
export interface FleetSettings {
  readonly server: ServerAddress;
  /** How many devices. */
  readonly endpoints: number;
  /** Endpoint names are this and a number of six digits; `sim-`. */
  readonly prefix?: string;
  /** Devices started per second; 100. */
  readonly rate?: number;
  /** Sockets at most; endpoints beyond share them, and the server's requests reach only one of those; 10,000. */
  readonly maxSockets?: number;
  /** What all devices have in common. */
  readonly device?: Omit<DeviceSettings, 'server' | 'endpoint' | 'port' | 'key' | 'clock' | 'logger'>;
  /** The key of a device, for a server of `coaps`; each then has a socket of its own. */
  readonly keyOf?: ((endpoint: string) => DeviceKey) | undefined;
  /** Milliseconds between reports to `onProgress`; 1,000. */
  readonly progressInterval?: number;
  readonly onProgress?: (summary: FleetSummary) => void;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

const DEFAULT_PREFIX = 'sim-';
const DEFAULT_RATE = 100;
const DEFAULT_MAX_SOCKETS = 10_000;
/** De-registers on their way at the same time when a fleet stops. */
const STOP_WIDTH = 256;

/** Many devices in one process, started at a limited rate. */
export class Fleet {
  readonly devices: SimulatedDevice[] = [];
  readonly #settings: FleetSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #tally = new FleetTally();
  readonly #random: () => number;
  #pool: SocketPool | undefined;
  #startedAt: number | undefined;
  #stopped = false;
  #pacing: Timer | undefined;
  #paced: (() => void) | undefined;
  #progress: Timer | undefined;

  constructor(settings: FleetSettings) {
    this.#settings = settings;
    this.#clock = settings.clock ?? systemClock;
    this.#logger = settings.logger ?? silentLogger;
    this.#random = settings.device?.random ?? seededRandom(seedOf(settings.prefix ?? DEFAULT_PREFIX));
  }

  get summary(): FleetSummary {
    const { registers, updates, deregisters, sends, notifications, asked, registered, failed, registerTime } =
      this.#tally;
    return {
      endpoints: this.#settings.endpoints,
      started: this.devices.length,
      registered,
      registers,
      updates,
      deregisters,
      sends,
      notifications,
      asked,
      failed,
      registerTime,
      sockets:
        this.#settings.server.secure || this.#settings.device?.bootstrap
          ? this.devices.length
          : (this.#pool?.size ?? 0),
      elapsed: this.#startedAt === undefined ? 0 : this.#clock.monotonic() - this.#startedAt,
    };
  }

  /**
   * Starts the devices; resolves when each is registered for the first time, or when the fleet is stopped. Rejects as
   * `openSocket` when not one socket can be had, or with `simulator/server-uri` where the server's name is unknown.
   */
  async start(): Promise<void> {
    const { endpoints, rate = DEFAULT_RATE, device: common } = this.#settings;
    const server = { ...this.#settings.server, host: await resolved(this.#settings.server.host) };
    const pool = this.#newPool(server);
    const begin = this.#clock.monotonic();
    this.#pool = pool;
    this.#startedAt = begin;
    this.#report();
    const registered: Promise<void>[] = [];
    for (let index = 0; index < endpoints && !this.#stopped; index += 1) {
      const left = begin + (index * 1000) / rate - this.#clock.monotonic();
      if (left > 0) await this.#wait(left);
      if (this.#stopped) break;
      const port = server.secure || common?.bootstrap ? undefined : await this.#port(pool);
      const device = this.#newDevice(index, server, port);
      this.devices.push(device);
      registered.push(device.start());
    }
    await Promise.all(registered);
  }

  /** De-registers all devices unless told not to, within `limit` milliseconds (10,000), and closes every socket. */
  async stop(how: { readonly deregister?: boolean; readonly limit?: number } = {}): Promise<FleetSummary> {
    this.#stopped = true;
    this.#progress?.cancel();
    this.#pacing?.cancel();
    this.#paced?.();
    const end = this.#clock.monotonic() + (how.limit ?? 10_000);
    const waiting = [...this.devices];
    const worker = async () => {
      for (let device = waiting.pop(); device; device = waiting.pop()) {
        const left = end - this.#clock.monotonic();
        await device.stop({ deregister: how.deregister !== false && left > 0, limit: Math.max(left, 1) });
      }
    };
    await Promise.all(Array.from({ length: STOP_WIDTH }, worker));
    const { summary } = this;
    this.#pool?.close();
    return summary;
  }

  #newPool(address: ServerAddress): SocketPool {
    const { device, maxSockets } = this.#settings;
    return new SocketPool(Math.max(1, maxSockets ?? DEFAULT_MAX_SOCKETS), {
      family: isIP(address.host) === 6 ? 6 : 4,
      localAddress: device?.localAddress,
      misbehaviour: { ...NO_MISBEHAVIOUR, ...device?.misbehaviour },
      clock: this.#clock,
      random: this.#random,
    });
  }

  async #port(pool: SocketPool): Promise<CoapPort> {
    const before = pool.filesExhausted;
    const port = await pool.take();
    if (pool.filesExhausted && !before) {
      this.#logger.warn(
        `only ${pool.size} sockets can be open in this process (ulimit -n): the endpoints beyond share them`,
        { sockets: pool.size },
      );
    }
    return port;
  }

  #newDevice(index: number, server: ServerAddress, port: CoapPort | undefined): SimulatedDevice {
    const { prefix = DEFAULT_PREFIX, device, keyOf } = this.#settings;
    const onEvent = (event: DeviceEvent, endpoint: string) => {
      this.#tally.count(event, endpoint);
      device?.onEvent?.(event, endpoint);
    };
    const endpoint = `${prefix}${String(index + 1).padStart(6, '0')}`;
    return new SimulatedDevice({
      ...device,
      server,
      endpoint,
      port,
      key: keyOf?.(endpoint),
      bootstrap: device?.bootstrap && { ...device.bootstrap, key: keyOf?.(endpoint) },
      onEvent,
      random: this.#random,
      clock: this.#clock,
      logger: this.#logger,
    });
  }

  #wait(delay: number): Promise<void> {
    return new Promise((resolve) => {
      this.#paced = resolve;
      this.#pacing = this.#clock.timer(delay, resolve);
    });
  }

  #report(): void {
    const { onProgress, progressInterval = 1_000 } = this.#settings;
    if (!onProgress || this.#stopped) return;
    this.#progress = this.#clock.timer(progressInterval, () => {
      onProgress(this.summary);
      this.#report();
    });
  }
}
