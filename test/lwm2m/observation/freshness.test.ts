import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isFresh } from '../../../lwm2m/observation/freshness.ts';

describe('RFC 7641 3.4: a notification is fresh', () => {
  test('when its number is higher by less than 2^23, round the corner too', () => {
    expect(isFresh(undefined, 0, 0)).toBe(true);
    expect(isFresh({ number: 1, at: 0 }, 2, 1)).toBe(true);
    expect(isFresh({ number: 2, at: 0 }, 1, 1)).toBe(false);
    expect(isFresh({ number: 2, at: 0 }, 2, 1)).toBe(false);
    expect(isFresh({ number: 2 ** 24 - 1, at: 0 }, 0, 1)).toBe(true);
    expect(isFresh({ number: 0, at: 0 }, 2 ** 24 - 1, 1)).toBe(false);
  });

  test('when it comes more than 128 seconds later, whatever its number', () => {
    expect(isFresh({ number: 9, at: 1_000 }, 1, 129_000)).toBe(false);
    expect(isFresh({ number: 9, at: 1_000 }, 1, 129_001)).toBe(true);
  });

  test('of two numbers at one time at most one is fresh after the other', () => {
    const number = fc.integer({ min: 0, max: 2 ** 24 - 1 });
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(isFresh({ number: a, at: 0 }, b, 0) && isFresh({ number: b, at: 0 }, a, 0)).toBe(false);
      }),
    );
  });
});
