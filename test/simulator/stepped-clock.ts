import type { Clock, Timer } from '../../common/index.ts';

interface Pending {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that goes from timer to timer, when the test says so. */
export class SteppedClock implements Clock {
  #now = 0;
  readonly #wall: number;
  readonly #pending = new Set<Pending>();
  #set: () => void = () => {};

  constructor(wall = Date.UTC(2026, 5, 1, 12)) {
    this.#wall = wall;
  }

  monotonic(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wall + this.#now;
  }

  timer(delay: number, callback: () => void): Timer {
    const timer = { at: this.#now + delay, callback };
    this.#pending.add(timer);
    this.#set();
    return { cancel: () => void this.#pending.delete(timer) };
  }

  get running(): number {
    return this.#pending.size;
  }

  /** Waits until a timer runs, and gives the milliseconds that the first one still has. */
  async wait(): Promise<number> {
    while (this.#pending.size === 0) {
      await new Promise<void>((resolve) => {
        this.#set = resolve;
      });
    }
    return Math.min(...[...this.#pending].map(({ at }) => at)) - this.#now;
  }

  /** Waits until a timer runs, lets its time pass, and gives the milliseconds that passed. */
  async step(): Promise<number> {
    const delay = await this.wait();
    this.#now += delay;
    for (const timer of [...this.#pending].filter(({ at }) => at <= this.#now)) {
      this.#pending.delete(timer);
      timer.callback();
    }
    return delay;
  }
}
