import { type Clock, systemClock } from '../common/index.ts';
import { type Priority, WaitingLine } from '../cse-client/index.ts';

/**
 * Runs pieces of work, at most so many at once; what has to wait goes by priority, then in the order in which it came. A
 * storm is then served one after the other, each wholly, instead of all at the same pace until all are late.
 */
export class Lanes {
  readonly #limit: () => number;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #line = new WaitingLine<() => void>();
  #busy = 0;

  /** `limit` may change with time: it is asked whenever a piece begins. */
  constructor(limit: number | (() => number), clock: Pick<Clock, 'monotonic'> = systemClock) {
    this.#limit = typeof limit === 'number' ? () => limit : limit;
    this.#clock = clock;
  }

  /** Pieces under way now. */
  get busy(): number {
    return this.#busy;
  }

  /** Pieces that wait for their turn. */
  get waiting(): number {
    return this.#line.size;
  }

  /** Runs `work` when its turn has come; settles as it does. */
  async run<T>(work: () => Promise<T>, priority: Priority = 'normal'): Promise<T> {
    if (this.#busy < this.#limit()) this.#busy += 1;
    else await new Promise<void>((resolve) => this.#line.add(resolve, priority, '', this.#clock.monotonic()));
    try {
      return await work();
    } finally {
      this.#busy -= 1;
      this.#begin();
    }
  }

  /** Whoever begins is counted at once, for it goes on only a little later. */
  #begin(): void {
    while (this.#busy < this.#limit()) {
      const next = this.#line.take();
      if (next === undefined) return;
      this.#busy += 1;
      next();
    }
  }
}
