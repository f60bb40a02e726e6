import { setTimeout as wait } from 'node:timers/promises';
import type { Fleet } from './fleet.ts';

/** What a stream of notifications came to. */
export interface StreamResult {
  /** Values that reached the CSE a second, from the first notification to the last value. */
  readonly rate: number;
  /** Milliseconds from a notification leaving the device to its CREATE having been read by the CSE. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly sent: number;
  /** Never seen by the CSE. */
  readonly lost: number;
  /** Seen again, or later than a younger value of the same device. */
  readonly disordered: number;
}

/** Milliseconds without a value after which what is missing is lost. */
const PATIENCE = 5_000;
const TICK = 1;

/**
 * Notifications of one instance of each device in turn, each with a number of its own as value, which tells in the CREATE at
 * the CSE which one it was.
 */
export class ValueStream {
  readonly #fleet: Fleet;
  readonly #instance: string;
  #from = 0;
  #sentAt = new Float64Array(0);
  #delays = new Float64Array(0);
  #last = new Float64Array(0);
  #sent = 0;
  #stored = 0;
  #disordered = 0;
  #lastAt = 0;
  #more: () => void = () => undefined;

  constructor(fleet: Fleet, instance: string) {
    this.#fleet = fleet;
    this.#instance = instance;
  }

  /** The CSE has been asked to store that. */
  stored(value: unknown): void {
    if (typeof value !== 'number' || value < this.#from) return;
    const index = value - this.#from;
    if (index >= this.#sent) return;
    const device = value % this.#fleet.devices.length;
    if ((this.#last[device] as number) >= value) {
      this.#disordered += 1;
      return;
    }
    this.#last[device] = value;
    this.#lastAt = performance.now();
    this.#delays[this.#stored++] = this.#lastAt - (this.#sentAt[index] as number);
    this.#more();
  }

  /** As fast as the CSE gets them: so many are on their way. */
  async closed(total: number, window: number): Promise<StreamResult> {
    this.#begin(total);
    this.#more = () => {
      if (this.#sent < total) this.#send();
    };
    while (this.#sent < Math.min(window, total)) this.#send();
    await this.#end(() => this.#sent === total);
    return this.#result();
  }

  /** So many a second whatever becomes of them. */
  async paced(rate: number, seconds: number): Promise<StreamResult> {
    const total = Math.ceil(rate * seconds);
    this.#begin(total);
    const begun = performance.now();
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - begun) * rate) / 1000));
      while (this.#sent < due) this.#send();
    }, TICK);
    await this.#end(() => this.#sent === total);
    clearInterval(timer);
    return this.#result();
  }

  #begin(total: number): void {
    this.#from += this.#sent;
    this.#sentAt = new Float64Array(total);
    this.#delays = new Float64Array(total);
    this.#last = new Float64Array(this.#fleet.devices.length).fill(-1);
    this.#sent = 0;
    this.#stored = 0;
    this.#disordered = 0;
    this.#lastAt = performance.now();
    this.#more = () => undefined;
  }

  #send(): void {
    const { devices } = this.#fleet;
    const value = this.#from + this.#sent;
    this.#sentAt[this.#sent++] = performance.now();
    devices[value % devices.length]?.notify(this.#instance, value);
  }

  async #end(isSent: () => boolean): Promise<void> {
    while (!(isSent() && this.#stored === this.#sent) && performance.now() - this.#lastAt < PATIENCE) await wait(20);
    this.#more = () => undefined;
  }

  #result(): StreamResult {
    const sorted = this.#delays.subarray(0, this.#stored).sort();
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    const seconds = (this.#lastAt - (this.#sentAt[0] ?? 0)) / 1000;
    return {
      rate: this.#stored / seconds,
      p50: at(0.5),
      p99: at(0.99),
      max: at(1),
      sent: this.#sent,
      lost: this.#sent - this.#stored,
      disordered: this.#disordered,
    };
  }
}
