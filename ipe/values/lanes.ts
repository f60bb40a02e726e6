/** Runs pieces of work, at most so many at once; what has to wait goes in the order in which it came. */
export class Lanes {
  readonly #limit: number;
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
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy < this.#limit) this.#busy += 1;
    else await new Promise<void>((resolve) => this.#waiting.add(resolve));
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  #release(): void {
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      next();
      return;
    }
    this.#busy -= 1;
  }
}
