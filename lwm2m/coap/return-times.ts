/** Shortest and longest time that a peer is told to stay away, seconds. */
const MAX_AGE = { least: 2, most: 600 } as const;
/** Share of its time by which a peer may come earlier or later than its turn. */
const SPREAD = 0.25;

/**
 * When those that are turned away shall come again (Max-Age, RFC 7252 5.10.5): each gets a time of its own, as far behind
 * the one before as serving one takes, so that they do not come back all at once to be turned away again.
 */
export class ReturnTimes {
  readonly #random: () => number;
  #booked = 0;

  /** `random`: from 0 up to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * Max-Age for one more that is turned away: behind what waits already and what was told to come again. `rate`: how many
   * are served in a second; `waiting`: seconds until those that wait are served; `now` in milliseconds.
   */
  next(now: number, rate: number, waiting = 0): number {
    const earliest = now + waiting * 1_000;
    this.#booked = Math.min(Math.max(this.#booked, earliest) + 1_000 / rate, now + MAX_AGE.most * 1_000);
    const seconds = ((this.#booked - now) / 1_000) * (1 + SPREAD * (2 * this.#random() - 1)) + this.#random();
    return Math.min(MAX_AGE.most, Math.max(MAX_AGE.least, Math.ceil(seconds)));
  }
}
