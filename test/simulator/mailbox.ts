/** Things that arrive, each taken once and in order by whoever waits for them. */
export class Mailbox<T> {
  /** All that ever arrived. */
  readonly all: T[] = [];
  #taken = 0;
  #wake: () => void = () => {};

  put(item: T): void {
    this.all.push(item);
    this.#wake();
  }

  /** The next one that was not yet taken, as soon as it is there. */
  async next(): Promise<T> {
    while (this.all.length <= this.#taken) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.all[this.#taken++] as T;
  }
}
