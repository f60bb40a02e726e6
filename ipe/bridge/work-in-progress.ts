/** Work that waits for its turn. */
type Start = () => void;

/**
 * Bounds how many endpoints are worked on at the CSE at once. A storm is then served one endpoint after the other, each
 * wholly, instead of all at the same pace until all are late; what waits is one closure. De-registrations go first.
 */
export class WorkInProgress {
  readonly #limit: number;
  readonly #urgent: Start[] = [];
  readonly #waiting: Start[] = [];
  #urgentTaken = 0;
  #waitingTaken = 0;
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs the work as soon as there is room; resolves and rejects as it does. */
  run<T>(work: () => Promise<T>, order: 'urgent' | 'usual' = 'usual'): Promise<T> {
    if (this.#running < this.#limit) return this.#start(work);
    return new Promise((resolve, reject) => {
      const start = () => this.#start(work).then(resolve, reject);
      (order === 'urgent' ? this.#urgent : this.#waiting).push(start);
    });
  }

  async #start<T>(work: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#next()?.();
    }
  }

  #next(): Start | undefined {
    if (this.#urgentTaken < this.#urgent.length) {
      const start = this.#urgent[this.#urgentTaken++];
      this.#urgentTaken = compact(this.#urgent, this.#urgentTaken);
      return start;
    }
    if (this.#waitingTaken >= this.#waiting.length) return undefined;
    const start = this.#waiting[this.#waitingTaken++];
    this.#waitingTaken = compact(this.#waiting, this.#waitingTaken);
    return start;
  }
}

/** Drops what has been taken from a queue, now and then, since each drop moves the rest. */
function compact(queue: Start[], taken: number): number {
  if (taken < queue.length && taken < 1024) return taken;
  queue.splice(0, taken);
  return 0;
}
