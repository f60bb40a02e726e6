import { describe, expect, it } from 'vitest';
import { Deadlines } from '../../cse-client/deadlines.ts';
import { HeldClock } from '../support/held-clock.ts';

function watched(clock: HeldClock) {
  const deadlines = new Deadlines(clock);
  const expired: [string, number][] = [];
  const add = (name: string, delay: number) => {
    const entry = { expire: () => expired.push([name, clock.monotonic()]) };
    return { entry, tick: deadlines.add(entry, delay) };
  };
  return { deadlines, expired, add };
}

describe('deadlines', () => {
  it('are never early and at most one tick of 20 ms late', () => {
    const clock = new HeldClock(7);
    const { expired, add } = watched(clock);
    const delays = [0, 1, 19, 20, 21, 50, 999, 1000, 5000];
    for (const delay of delays) add(String(delay), delay);
    clock.pass(6000);
    expect(expired.map(([name]) => Number(name))).toEqual(delays);
    for (const [name, at] of expired) {
      expect(at - 7).toBeGreaterThanOrEqual(Number(name));
      expect(at - 7).toBeLessThanOrEqual(Number(name) + 40);
    }
  });

  it('that were removed do not expire, and no timer runs when none is left', () => {
    const clock = new HeldClock(0);
    const { deadlines, expired, add } = watched(clock);
    const { entry, tick } = add('gone', 100);
    add('kept', 100);
    deadlines.remove(entry, tick);
    deadlines.remove(entry, tick);
    clock.pass(200);
    expect(expired.map(([name]) => name)).toEqual(['kept']);
    expect(clock.running).toBe(0);
  });

  it('set while others expire are kept', () => {
    const clock = new HeldClock(0);
    const deadlines = new Deadlines(clock);
    let count = 0;
    const again = { expire: () => void (++count < 3 && deadlines.add(again, 10)) };
    deadlines.add(again, 10);
    clock.pass(500);
    expect(count).toBe(3);
    expect(clock.running).toBe(0);
  });

  it('work again after a long time without any', () => {
    const clock = new HeldClock(0);
    const { expired, add } = watched(clock);
    add('first', 10);
    clock.pass(1_000_000);
    add('second', 10);
    clock.pass(40);
    expect(expired.map(([name]) => name)).toEqual(['first', 'second']);
  });
});
