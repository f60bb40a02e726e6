import { describe, expect, it } from 'vitest';
import { Deadlines } from '../../cse-client/deadlines.ts';
import { FakeClock } from './fake-clock.ts';

function watched(clock: FakeClock) {
  const deadlines = new Deadlines(clock);
  const expired: [string, number][] = [];
  const add = (name: string, delay: number) => {
    const entry = { expire: () => expired.push([name, clock.now]) };
    return { entry, tick: deadlines.add(entry, delay) };
  };
  return { deadlines, expired, add };
}

describe('deadlines', () => {
  it('are never early and at most one tick of 20 ms late', () => {
    const clock = new FakeClock();
    clock.now = 7;
    const { expired, add } = watched(clock);
    const delays = [0, 1, 19, 20, 21, 50, 999, 1000, 5000];
    for (const delay of delays) add(String(delay), delay);
    clock.advance(6000);
    expect(expired.map(([name]) => Number(name))).toEqual(delays);
    for (const [name, at] of expired) {
      expect(at - 7).toBeGreaterThanOrEqual(Number(name));
      expect(at - 7).toBeLessThanOrEqual(Number(name) + 40);
    }
  });

  it('that were removed do not expire, and no timer runs when none is left', () => {
    const clock = new FakeClock();
    const { deadlines, expired, add } = watched(clock);
    const { entry, tick } = add('gone', 100);
    add('kept', 100);
    deadlines.remove(entry, tick);
    deadlines.remove(entry, tick);
    clock.advance(200);
    expect(expired.map(([name]) => name)).toEqual(['kept']);
    expect(clock.pending).toBe(0);
  });

  it('set while others expire are kept', () => {
    const clock = new FakeClock();
    const deadlines = new Deadlines(clock);
    let count = 0;
    const again = { expire: () => void (++count < 3 && deadlines.add(again, 10)) };
    deadlines.add(again, 10);
    clock.advance(500);
    expect(count).toBe(3);
    expect(clock.pending).toBe(0);
  });

  it('work again after a long time without any', () => {
    const clock = new FakeClock();
    const { expired, add } = watched(clock);
    add('first', 10);
    clock.advance(1_000_000);
    add('second', 10);
    clock.advance(40);
    expect(expired.map(([name]) => name)).toEqual(['first', 'second']);
  });
});
