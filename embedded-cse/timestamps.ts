import type { Clock } from '../common/index.ts';
import { formatTimestamp } from '../cse-client/index.ts';

/** Five years, which ACME allows at most (`maxExpirationDelta`). */
export const MAX_LIFETIME = 157_680_000_000;

/** Times as the CSE writes them: with a fraction of six digits that grows with every call, or without any. */
export class Timestamps {
  readonly #clock: Clock;
  readonly #fraction: boolean;
  #last = 0;
  #count = 0;

  constructor(clock: Clock, fraction: boolean) {
    this.#clock = clock;
    this.#fraction = fraction;
  }

  now(): number {
    return this.#clock.wall();
  }

  /** Two calls in one millisecond still order. */
  stamp(): string {
    const now = this.#clock.wall();
    if (now > this.#last) {
      this.#last = now;
      this.#count = 0;
    } else if (this.#count < 999) {
      this.#count++;
    }
    return this.at(this.#last, this.#count);
  }

  at(time: number, micros = 0): string {
    const whole = formatTimestamp(Math.floor(time / 1000) * 1000);
    if (!this.#fraction) return whole;
    const milliseconds = String(((Math.floor(time) % 1000) + 1000) % 1000).padStart(3, '0');
    return `${whole},${milliseconds}${String(micros).padStart(3, '0')}`;
  }
}
