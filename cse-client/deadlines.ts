import type { Clock, Timer } from '../common/index.ts';

/** What has a deadline. */
export interface Expiring {
  /** The time is over. */
  expire(): void;
}

/** Milliseconds between two looks at the clock: no deadline is early, and none is later than this. */
const TICK = 20;

/**
 * Deadlines of many requests on one timer: they are kept by tick, so that setting and clearing one costs a look-up in a
 * map, and the timer runs only while there is something to watch.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #ticks = new Map<number, Set<Expiring>>();
  #passed = 0;
  #count = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `entry.expire()` once after `delay` milliseconds; the result is what `remove` needs. */
  add(entry: Expiring, delay: number): number {
    const now = this.#clock.monotonic();
    if (this.#count === 0) this.#passed = Math.floor(now / TICK);
    const tick = Math.max(Math.ceil((now + delay) / TICK), this.#passed + 1);
    const entries = this.#ticks.get(tick);
    if (entries === undefined) this.#ticks.set(tick, new Set([entry]));
    else entries.add(entry);
    this.#count += 1;
    this.#timer ??= this.#clock.timer(TICK, () => this.#look());
    return tick;
  }

  /** Forgets an entry that is done in time. */
  remove(entry: Expiring, tick: number): void {
    if (this.#ticks.get(tick)?.delete(entry) === true) this.#count -= 1;
  }

  /** True when the time of `tick` has come, although its entry may not have been called yet. */
  passed(tick: number): boolean {
    return tick <= this.#passed;
  }

  #look(): void {
    this.#timer = undefined;
    const now = Math.floor(this.#clock.monotonic() / TICK);
    while (this.#passed < now && this.#count > 0) {
      this.#passed += 1;
      this.#expire(this.#passed);
    }
    this.#passed = now;
    if (this.#count === 0) this.#ticks.clear();
    else this.#timer ??= this.#clock.timer(TICK, () => this.#look());
  }

  #expire(tick: number): void {
    const entries = this.#ticks.get(tick);
    if (entries === undefined) return;
    this.#ticks.delete(tick);
    this.#count -= entries.size;
    for (const entry of entries) entry.expire();
  }
}
