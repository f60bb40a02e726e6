import { describe, expect, it } from 'vitest';
import { InFlightLimit } from '../../cse-client/in-flight-limit.ts';

/** Numbers from 0 up to 1 that are the same each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Answers a second of a CSE by requests at once. */
type Cse = (inFlight: number) => number;
/** As ACME was measured: best with one, its threads fight over one lock. */
const ACME: Cse = (n) => (n === 1 ? 256 : n <= 2 ? 220 : n <= 8 ? 170 : 150);
/** A CSE that answers at once, over a network: the more at once, the more it makes of each wake-up. */
const QUICK: Cse = (n) => (12_000 * n) / (n + 2);
/** As Mobius4 is said to be: best near 32, then slower. */
const KNEE: Cse = (n) => Math.min(n, 32) * 40 - Math.max(0, n - 32) * 5;
/** One that is no better with more than eight, nor worse. */
const FLAT: Cse = (n) => Math.min(n, 8) * 3_000;

/** Our own event loop has time to spare. */
const SPARE = () => 0.2;

interface Played {
  /** Answers as a share of what the best number would have brought, in the second half of the time. */
  readonly share: number;
  readonly settled: readonly number[];
}

/** A crowd meets a CSE for some seconds, whose speed wavers by `noise` as machines do that have other things to do. */
function play(cse: Cse, most: number, options: { seed: number; noise: number; seconds?: number }): Played {
  const { seed, noise, seconds = 40 } = options;
  const random = seeded(seed);
  const limit = new InFlightLimit(most, SPARE);
  const settled: number[] = [limit.settled];
  let answers = 0;
  let speed = 1;
  let until = 0;
  for (let now = 0; now < seconds * 1_000; ) {
    if (now >= until) {
      speed = 1 + noise * (2 * random() - 1);
      until = now + 50 + 200 * random();
    }
    const perSecond = cse(limit.current) * speed;
    now += (1_000 / perSecond) * -Math.log(1 - random());
    limit.answered(now, (limit.current / perSecond) * 1_000, true);
    if (limit.settled !== settled.at(-1)) settled.push(limit.settled);
    if (now > seconds * 500) answers += 1;
  }
  const best = Math.max(...Array.from({ length: most }, (_, n) => cse(n + 1)));
  return { share: answers / (seconds / 2) / best, settled };
}

describe('requests at once that follow the CSE', () => {
  const seeds = [1, 2, 3, 4, 5].map((n) => n * 7_919);

  it('come down to one where the CSE is best with one', () => {
    for (const seed of seeds) {
      const { share, settled } = play(ACME, 32, { seed, noise: 0.1 });
      expect(share).toBeGreaterThan(0.9);
      expect(settled.at(-1)).toBeLessThanOrEqual(2);
    }
  });

  it('go up where more bring more, and stop where they bring no more', () => {
    for (const seed of seeds) {
      expect(play(QUICK, 32, { seed, noise: 0.1 }).share).toBeGreaterThan(0.88);
      const { share, settled } = play(KNEE, 256, { seed, noise: 0.1 });
      expect(share).toBeGreaterThan(0.7);
      expect(Math.max(...settled)).toBeLessThanOrEqual(128);
    }
  });

  it('do not wander without end', () => {
    for (const seed of seeds) {
      for (const cse of [ACME, QUICK, KNEE]) {
        expect(play(cse, 32, { seed, noise: 0.05, seconds: 60 }).settled.length).toBeLessThan(40);
      }
    }
  });

  it('stay where others are no better', () => {
    for (const seed of seeds) {
      const { share, settled } = play(FLAT, 32, { seed, noise: 0.1 });
      expect(share).toBeGreaterThan(0.97);
      expect(settled.length).toBeLessThanOrEqual(8);
    }
  });

  it('are never more than the most, nor less than one', () => {
    for (const most of [1, 2, 5, 1_024]) {
      const limit = new InFlightLimit(most, SPARE);
      const seen = new Set<number>();
      for (let n = 0; n < 20_000; n += 1) {
        seen.add(limit.current);
        limit.answered(n, 1, n % 3 !== 0);
        if (n % 7_000 === 0) limit.failed(n);
      }
      expect(Math.min(...seen)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...seen)).toBeLessThanOrEqual(most);
    }
  });

  it('are halved when the CSE does not answer in time, once for all that time out together', () => {
    const limit = new InFlightLimit(64, SPARE);
    for (let n = 0; limit.settled < 24; n += 1) limit.answered(n * 0.1 * (8 / limit.current), 1, true);
    const before = limit.settled;
    for (let n = 0; n < before; n += 1) limit.failed(1_000_000);
    expect(limit.settled).toBeLessThanOrEqual(before / 2);
    expect(limit.settled).toBeGreaterThanOrEqual(before / 4);
  });

  it('rest while there is no crowd, for then they do not matter', () => {
    const limit = new InFlightLimit(32, SPARE);
    for (let n = 0; n < 5_000; n += 1) {
      limit.answered(n * 10, 5, false);
      limit.idle();
    }
    expect([limit.settled, limit.current]).toEqual([8, 8]);
  });

  it('go up, and are not tried out, while answers wait for our own event loop', () => {
    let busy = 0.98;
    const limit = new InFlightLimit(32, () => busy);
    const seen = new Set<number>();
    let now = 0;
    const answers = (milliseconds: number, took: number) => {
      for (const until = now + milliseconds; now < until; now += 0.1) {
        limit.answered(now, took, true);
        seen.add(limit.current);
      }
    };
    answers(1_000, 2);
    expect([...seen]).toEqual([12, 16, 24, 32]);
    answers(20_000, 2);
    expect([limit.current, seen.size]).toEqual([32, 4]);
    busy = 0.5;
    answers(2_000, 2);
    expect(seen.size).toBeGreaterThan(4);
  });

  it('do not go up for a busy event loop where the CSE is slow', () => {
    const limit = new InFlightLimit(32, () => 0.98);
    for (let now = 0; now < 60_000; now += 40) {
      limit.answered(now, 40 * limit.current, true);
      if (now > 30_000) expect(limit.settled).toBeLessThanOrEqual(12);
    }
  });

  it('a number that is far worse is given up before much has come to wait for it', () => {
    // A CSE that does one request in 0.3 ms, whatever else it is asked, and thirty times as many together.
    const limit = new InFlightLimit(32, SPARE);
    let alone = 0;
    for (let now = 0; now < 10_000; ) {
      const took = 0.3 / limit.current;
      now += took;
      if (limit.current === 1) alone += took;
      limit.answered(now, 0.3, true);
    }
    expect(limit.settled).toBe(32);
    expect(alone).toBeGreaterThan(0);
    expect(alone).toBeLessThan(30);
  });
});
