/**
 * Runs pieces of work, at most so many at once; what has to wait goes in the order in which it came, what is urgent first. A
 * storm is then served one after the other, each wholly, instead of all at the same pace until all are late.
 */
export class Lanes {
  readonly #limit: number;
  readonly #urgent = new Set<() => void>();
  readonly #waiting = new Set<() => void>();
  #busy = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Pieces under way now. */
  get busy(): number {
    return this.#busy;
  }

  /** Runs `work` when its turn has come; settles as it does. */
  async run<T>(work: () => Promise<T>, order: 'urgent' | 'usual' = 'usual'): Promise<T> {
    if (this.#busy < this.#limit) this.#busy += 1;
    else await new Promise<void>((resolve) => (order === 'urgent' ? this.#urgent : this.#waiting).add(resolve));
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  #release(): void {
    for (const queue of [this.#urgent, this.#waiting]) {
      for (const next of queue) {
        queue.delete(next);
        next();
        return;
      }
    }
    this.#busy -= 1;
  }
}
