import { SimulatedDevice } from '../../simulator/index.ts';
import { DeviceWitness } from './device-witness.ts';
import type { DeviceStand } from './evidence.ts';
import type { Moments } from './moments.ts';
import { UdpRelay } from './udp-relay.ts';

/** The resource whose changes are observed, and the one whose values are sent. */
export const OBSERVED = '/3303/0/5700';
export const SENT = '/3304/0/5700';
/** An object whose instance comes and goes. */
const CHANGING = { object: 3311, instance: 1 } as const;

const SENML_JSON = 110;
/** Milliseconds between two Updates. */
const HEARTBEAT = 2_000;
/**
 * Milliseconds that a device waits for an answer before it asks again: a fraction of its lifetime, for it asks nothing else
 * meanwhile, and what waits for a bridge that was killed must not end its registration.
 */
const RESPONSE_TIMEOUT = 5_000;
/** Milliseconds without a registration after which a device is tried by hand. */
const IMPATIENCE = 4_000;

/** What devices are made from. */
export interface ChaosDeviceParts {
  readonly seed: number;
  readonly moments: Moments;
  readonly bridgePort: () => number;
  /** How often the bridge has been started. */
  readonly bridgeLife: () => number;
  /** Seconds. */
  readonly lifetime: number;
}

/**
 * A simulated device behind a relay, whose values are numbers that only grow, each told as such; it lives on over
 * registrations. Everything that it notifies is confirmable.
 */
export class ChaosDevice {
  readonly endpoint: string;
  readonly witness: DeviceWitness;
  readonly relay: UdpRelay;
  readonly #queueMode: boolean;
  readonly #parts: ChaosDeviceParts;
  #device: SimulatedDevice | undefined;
  #heart: NodeJS.Timeout | undefined;
  #value = 0;
  #sent = 0;
  #lostAt: number | undefined;
  /** What it lists may not have been heard. */
  #untold = false;
  #leaving: Promise<void> = Promise.resolve();

  private constructor(
    endpoint: string,
    queueMode: boolean,
    parts: ChaosDeviceParts,
    relay: UdpRelay,
    witness: DeviceWitness,
  ) {
    this.endpoint = endpoint;
    this.#queueMode = queueMode;
    this.#parts = parts;
    this.relay = relay;
    this.witness = witness;
  }

  /** The device of an index; every fourth one sleeps. */
  static async open(index: number, parts: ChaosDeviceParts): Promise<ChaosDevice> {
    const endpoint = `chaos-${String(index + 1).padStart(2, '0')}`;
    const witness = new DeviceWitness(endpoint, [OBSERVED, SENT], parts.moments, parts.bridgeLife);
    const relay = await UdpRelay.open(parts.seed + index, parts.bridgePort, witness);
    return new ChaosDevice(endpoint, index % 4 === 3, parts, relay, witness);
  }

  /** What it should be on the CSE. */
  get stand(): DeviceStand {
    const device = this.#device;
    const instances = device?.objects.objectIds().flatMap((id) => {
      return device.objects.instances(id)?.map(({ instanceId }) => `${id}_${instanceId}`) ?? [];
    });
    return {
      endpoint: this.endpoint,
      registered: device !== undefined,
      queueMode: this.#queueMode,
      containers: instances ?? [],
    };
  }

  /** True while the device believes so. */
  get isRegistered(): boolean {
    return this.#device?.location !== undefined;
  }

  get isThere(): boolean {
    return this.#device !== undefined;
  }

  /** Wants to be registered from now on. */
  async come(): Promise<void> {
    await this.#leaving;
    if (this.#device !== undefined) return;
    const device = new SimulatedDevice({
      server: { host: '127.0.0.1', port: this.relay.port },
      endpoint: this.endpoint,
      lifetime: this.#parts.lifetime,
      version: '1.1',
      format: SENML_JSON,
      objects: { 1: [0], 3: [0], 3303: [0], 3304: [0], 3311: [0] },
      confirmEvery: 1,
      sampleInterval: 3_600_000,
      updateInterval: 3_600_000,
      responseTimeout: RESPONSE_TIMEOUT,
      retry: { initial: 500, max: 2_000 },
      queueMode: this.#queueMode,
      awakeWindow: 1_500,
    });
    this.#device = device;
    device.set(OBSERVED, this.#value);
    device.set(SENT, this.#sent);
    void device.start();
    this.#heart = setInterval(() => this.beat(), HEARTBEAT);
  }

  /** De-registers and is gone, whether or not the bridge hears of it. */
  leave(): void {
    const device = this.#device;
    if (device === undefined) return;
    this.#device = undefined;
    clearInterval(this.#heart);
    this.#leaving = device.stop({ limit: 4_000 });
  }

  /** A sign of life: an Update, or another try to register. */
  beat(): void {
    const device = this.#device;
    if (device === undefined) return;
    if (device.location !== undefined) {
      this.#lostAt = undefined;
      if (this.#untold) this.#listAgain(device);
      else device.update().catch(() => {});
      return;
    }
    this.#lostAt ??= performance.now();
    if (performance.now() - this.#lostAt < IMPATIENCE) return;
    this.#lostAt = undefined;
    device.forget();
  }

  /** Has a new value; whoever observes it is told. */
  value(): number {
    this.#value += 1;
    this.#device?.set(OBSERVED, this.#value);
    return this.#value;
  }

  /** Sends a new value by itself. */
  send(): number {
    this.#sent += 1;
    const device = this.#device;
    device?.set(SENT, this.#sent);
    if (device?.location !== undefined) device.send([SENT]).catch(() => {});
    return this.#sent;
  }

  /** Forgets its registration, as after a reboot. */
  reboot(): void {
    this.#device?.forget();
  }

  /** Lists an object instance more, or less. */
  changeObjects(): void {
    const device = this.#device;
    if (device?.location === undefined) return;
    const { object, instance } = CHANGING;
    const there = device.objects.instance(object, instance) !== undefined;
    const change = there ? device.removeInstance(object, instance) : device.addInstance(object, instance);
    change.catch(() => {});
  }

  /** Tells its objects once more, until it is heard, for the last time may not have been. */
  tellObjects(): void {
    this.#untold = true;
    this.beat();
  }

  #listAgain(device: SimulatedDevice): void {
    const heard = device.update({ links: true }).then(({ code }) => code === '2.04');
    heard.then(
      (yes) => {
        if (yes) this.#untold = false;
      },
      () => {},
    );
  }

  async dispose(): Promise<void> {
    clearInterval(this.#heart);
    await this.#leaving;
    await this.#device?.stop({ deregister: false });
    this.relay.close();
  }
}
