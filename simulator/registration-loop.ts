import type { Timer } from '../common/index.ts';
import type { PortReply } from './coap/coap-port.ts';
import type { DeviceOptions } from './options.ts';

/** Max-Age where a 5.03 names none (RFC 7252 5.10.5), seconds. */
const DEFAULT_MAX_AGE = 60;

/** What the loop needs of its device. */
export interface LoopDevice {
  readonly location: string | undefined;
  readonly lifetime: number;
  register(): Promise<PortReply>;
  update(): Promise<PortReply>;
}

/** Keeps a device registered: Register, Updates before the lifetime ends, Register again after 4.04, retries. */
export class RegistrationLoop {
  readonly #device: LoopDevice;
  readonly #options: Pick<
    DeviceOptions,
    'clock' | 'random' | 'updateAfter' | 'updateInterval' | 'jitter' | 'retry' | 'misbehaviour'
  >;
  #running = false;
  #paused: boolean;
  #timer: Timer | undefined;
  #awake: (() => void) | undefined;

  constructor(device: LoopDevice, options: DeviceOptions) {
    this.#device = device;
    this.#options = options;
    this.#paused = options.misbehaviour.neverUpdate;
  }

  /** Resolves when the device is registered for the first time, or when the loop is stopped before. */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    await this.#untilRegistered();
    void this.#stayRegistered();
  }

  /** No more requests from the loop; a request under way ends by itself. */
  stop(): void {
    this.#running = false;
    this.wake();
  }

  /** Goes on sleeping for ever: no Updates. */
  pause(): void {
    this.#paused = true;
  }

  /** Looks at once whether there is something to do. */
  wake(): void {
    this.#timer?.cancel();
    this.#awake?.();
  }

  async #untilRegistered(): Promise<void> {
    for (let attempt = 0; this.#running && !this.#device.location; attempt += 1) {
      const reply = await this.#device.register().catch(() => undefined);
      if (this.#running && !this.#device.location) await this.#sleep(this.#retryDelay(attempt, reply));
    }
  }

  async #stayRegistered(): Promise<void> {
    let failures = 0;
    let wait = this.#updateDelay();
    while (this.#running) {
      if (this.#device.location) await this.#sleep(this.#paused ? Number.POSITIVE_INFINITY : wait);
      if (!this.#running) return;
      if (!this.#device.location) {
        await this.#untilRegistered();
        failures = 0;
        wait = this.#updateDelay();
        continue;
      }
      if (this.#paused) continue;
      const reply = await this.#device.update().catch(() => undefined);
      const accepted = reply?.code.startsWith('2.') ?? false;
      failures = accepted ? 0 : failures + 1;
      wait = accepted ? this.#updateDelay() : this.#retryDelay(failures - 1, reply);
    }
  }

  #updateDelay(): number {
    const { updateAfter, updateInterval, jitter, random } = this.#options;
    return (updateInterval ?? this.#device.lifetime * 1000 * updateAfter) * (1 - jitter * random());
  }

  /** Doubles with each attempt; never less than Max-Age of a 5.03 (RFC 7252 5.9.3.4); a tenth at random on top. */
  #retryDelay(attempt: number, reply: PortReply | undefined): number {
    const { retry, random } = this.#options;
    const backoff = Math.min(retry.initial * 2 ** Math.min(attempt, 30), retry.max);
    const asked = reply?.code === '5.03' ? (reply.maxAge ?? DEFAULT_MAX_AGE) * 1000 : 0;
    return Math.max(backoff, asked) * (1 + 0.1 * random());
  }

  #sleep(delay: number): Promise<void> {
    if (delay <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#awake = () => {
        this.#awake = undefined;
        resolve();
      };
      if (Number.isFinite(delay)) this.#timer = this.#options.clock.timer(delay, this.#awake);
    });
  }
}
