/** Something that waits for its turn and then does what there is to do. Never rejects. */
export interface TurnTaker {
  takeTurn(): Promise<void>;
}

/**
 * Gives turns in the order in which they were asked for, at most so many at once. Whoever waits is a mere entry of a set,
 * for after a restart of a network a hundred thousand devices do.
 */
export class Turns {
  readonly #limit: number;
  readonly #waiting = new Set<TurnTaker>();
  #busy = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Asks for a turn; one that waits already keeps its place. */
  ask(taker: TurnTaker): void {
    this.#waiting.add(taker);
    this.#give();
  }

  #give(): void {
    for (const taker of this.#waiting) {
      if (this.#busy >= this.#limit) return;
      this.#waiting.delete(taker);
      this.#busy += 1;
      void taker.takeTurn().finally(() => {
        this.#busy -= 1;
        this.#give();
      });
    }
  }
}
