import type { Clock, Timer } from '../../common/index.ts';

/** A clock that moves only when told. */
export class FakeClock implements Clock {
  now = 0;
  readonly #timers = new Map<object, { at: number; callback: () => void }>();

  monotonic(): number {
    return this.now;
  }

  wall(): number {
    return this.now;
  }

  get pending(): number {
    return this.#timers.size;
  }

  timer(delay: number, callback: () => void): Timer {
    const key = {};
    this.#timers.set(key, { at: this.now + delay, callback });
    return { cancel: () => this.#timers.delete(key) };
  }

  /** Lets time pass, and what is due happen in its order. */
  advance(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (;;) {
      const next = [...this.#timers].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers.delete(next[0]);
      this.now = next[1].at;
      next[1].callback();
    }
    this.now = end;
  }
}
