/** Numbers one after the other, by which everything that is seen in a run has an order. */
export class Moments {
  #last = 0;

  next(): number {
    this.#last += 1;
    return this.#last;
  }

  /** The last one given. */
  get last(): number {
    return this.#last;
  }
}
