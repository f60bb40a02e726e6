/** Seconds of its rate that a bucket holds. */
const BURST_SECONDS = 2;
/** A bucket holds at least so many, for a device says more than one thing when it starts. */
const LEAST_BURST = 10;

/** How many a second may be served, and how many at once after a pause. */
export interface TokenRate {
  readonly perSecond: number;
  readonly burst: number;
}

/** The rate of so many a second. */
export function tokenRate(perSecond: number): TokenRate {
  return { perSecond, burst: Math.max(LEAST_BURST, perSecond * BURST_SECONDS) };
}

/** Tokens that come at a rate, and are taken by what is served. */
export class TokenBucket {
  readonly #rate: TokenRate;
  #tokens: number;
  #at: number;

  /** Full; `now` in monotonic milliseconds. */
  constructor(rate: TokenRate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#at = now;
  }

  /** True where there is a token to take. */
  has(now: number): boolean {
    const { perSecond, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) / 1_000) * perSecond);
    this.#at = now;
    return this.#tokens >= 1;
  }

  /** Takes a token after {@link has} has found one. */
  take(): void {
    this.#tokens -= 1;
  }
}
