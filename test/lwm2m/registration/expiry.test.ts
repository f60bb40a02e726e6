import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUCKET_SPAN, Expiry } from '../../../lwm2m/registration/expiry.ts';
import { Expiring } from '../../../lwm2m/registration/expiry-buckets.ts';
import { HeldClock } from '../../support/held-clock.ts';

class Item extends Expiring {
  endedAt: number | undefined = undefined;
}

function started() {
  const clock = new HeldClock();
  const expiry: Expiry<Item> = new Expiry(clock, (item) => {
    item.endedAt = clock.monotonic();
  });
  return { clock, expiry };
}

describe('the end of a lifetime', () => {
  test('comes never early, and late by at most a bucket', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 50 }), (delays) => {
        const { clock, expiry } = started();
        const start = clock.monotonic();
        const items = delays.map((delay) => {
          const item = new Item();
          expiry.set(item, delay);
          return { item, due: start + delay };
        });
        clock.pass(200_000 + BUCKET_SPAN);
        for (const { item, due } of items) {
          expect(item.endedAt).toBeGreaterThanOrEqual(due);
          expect(item.endedAt! - due).toBeLessThanOrEqual(BUCKET_SPAN + 1);
        }
        expect([expiry.bucketCount, clock.running]).toEqual([0, 0]);
      }),
      { numRuns: 200 },
    );
  });

  test('moves when the item is renewed, later and earlier, or removed', () => {
    const operation = fc.tuple(
      fc.nat(4),
      fc.constantFrom('set', 'remove', 'pass'),
      fc.integer({ min: 1, max: 20_000 }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const { clock, expiry } = started();
        const items = Array.from({ length: 5 }, () => new Item());
        const deadlines = new Map<Item, number>();
        const check = () => {
          for (const [item, deadline] of deadlines) {
            if (item.endedAt === undefined) {
              expect(clock.monotonic()).toBeLessThanOrEqual(deadline + BUCKET_SPAN + 1);
              continue;
            }
            expect(item.endedAt).toBeGreaterThanOrEqual(deadline);
            deadlines.delete(item);
          }
        };
        for (const [index, what, time] of operations) {
          const item = items[index]!;
          if (what === 'pass') clock.pass(time);
          check();
          if (what === 'set') {
            item.endedAt = undefined;
            expiry.set(item, time);
            deadlines.set(item, clock.monotonic() + time);
          } else if (what === 'remove') {
            expiry.remove(item);
            deadlines.delete(item);
          }
        }
        clock.pass(30_000);
        check();
        expect([deadlines.size, expiry.bucketCount, clock.running]).toEqual([0, 0, 0]);
      }),
    );
  });

  test('is exact beyond 2^31 milliseconds, the longest a timer can run', () => {
    const { clock, expiry } = started();
    const item = new Item();
    const days90 = 90 * 86_400_000;
    expiry.set(item, days90);
    clock.pass(days90 - 1);
    expect(item.endedAt).toBeUndefined();
    clock.pass(BUCKET_SPAN + 1);
    expect(item.endedAt).toBeDefined();
  });

  test('does not heed steps of the wall clock', () => {
    const { clock, expiry } = started();
    const item = new Item();
    expiry.set(item, 60_000);
    clock.stepWall(86_400_000);
    clock.pass(59_999);
    clock.stepWall(-2 * 86_400_000);
    expect(item.endedAt).toBeUndefined();
    clock.pass(BUCKET_SPAN + 1);
    expect(item.endedAt).toBeDefined();
  });

  test('does not come after stop', () => {
    const { clock, expiry } = started();
    const item = new Item();
    expiry.set(item, 1_000);
    expiry.stop();
    expiry.set(new Item(), 10);
    clock.pass(10_000);
    expect([item.endedAt, clock.running]).toEqual([undefined, 0]);
  });
});

describe('100,000 items', () => {
  test('need one timer at a time, however their lifetimes differ, and all end', () => {
    const { clock, expiry } = started();
    const items = Array.from({ length: 100_000 }, () => new Item());
    for (const [i, item] of items.entries()) expiry.set(item, 60_000 + (i % 1_000));
    expect(clock.most).toBe(1);
    clock.pass(61_000 + BUCKET_SPAN + 1);
    expect(items.every(({ endedAt }) => endedAt !== undefined)).toBe(true);
    expect(clock.most).toBe(1);
    // Four buckets a second, and a pause for other work after each 500 expiries.
    expect(clock.made).toBeLessThan(300);
  });

  test('renewed all the time move only when their bucket comes, and arm no timer', () => {
    const { clock, expiry } = started();
    const items = Array.from({ length: 10_000 }, () => new Item());
    for (const item of items) expiry.set(item, 60_000);
    const { made } = clock;
    for (let round = 0; round < 10; round += 1) {
      clock.pass(5_000);
      for (const item of items) expiry.set(item, 60_000);
    }
    expect([clock.made, expiry.bucketCount]).toEqual([made, 1]);
    clock.pass(11_000);
    expect(items.some(({ endedAt }) => endedAt !== undefined)).toBe(false);
    clock.pass(49_000 + BUCKET_SPAN + 1);
    expect(items.every(({ endedAt }) => endedAt !== undefined)).toBe(true);
  });

  test('that come and go leave nothing behind, whatever lifetimes they name', () => {
    const { clock, expiry } = started();
    for (let i = 0; i < 100_000; i += 1) {
      const item = new Item();
      expiry.set(item, 1_000 * (i + 1));
      expiry.remove(item);
    }
    expect([expiry.bucketCount, clock.running]).toEqual([0, 1]);
    clock.pass(2_000);
    expect(clock.running).toBe(0);
  });
});
