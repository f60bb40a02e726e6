import type { Clock, Timer } from '../../common/index.ts';

/** One timer of the clock for everything that waits, set to what is due first. */
export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #run: () => number;
  #timer: Timer | undefined;
  #at = Number.POSITIVE_INFINITY;
  #stopped = false;

  /** `run` does what is due and gives the time of the next, Infinity for none; ms on the monotonic clock. */
  constructor(clock: Clock, run: () => number) {
    this.#clock = clock;
    this.#run = run;
  }

  /** Runs at `at` at the latest. */
  wake(at: number): void {
    if (at >= this.#at || this.#stopped) return;
    this.#timer?.cancel();
    this.#at = at;
    this.#timer = this.#clock.timer(Math.max(0, Math.ceil(at - this.#clock.monotonic())), () => {
      this.#at = Number.POSITIVE_INFINITY;
      this.wake(this.#run());
    });
  }

  /** Runs no more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
