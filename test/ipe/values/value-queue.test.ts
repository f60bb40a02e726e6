import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QueueBudget, type QueuedValue, ValueQueue } from '../../../ipe/values/value-queue.ts';

let serial = 0;
const value = (container: string, bytes = 10): QueuedValue => {
  serial += 1;
  return { container, path: { objectId: 3303, instanceId: 0 }, attributes: { con: serial }, bytes, receivedAt: 0 };
};
const plenty = () => new QueueBudget(1_000_000);

/** Takes everything out, the first first. */
function drain(queue: ValueQueue): QueuedValue[] {
  const taken: QueuedValue[] = [];
  for (let next = queue.first(); next !== undefined; next = queue.first()) {
    taken.push(next);
    queue.remove(next);
  }
  return taken;
}

describe('the queue of values of a device', () => {
  it('gives them back in the order in which they came', () => {
    const queue = new ValueQueue({ values: 10, bytes: 1000 }, plenty());
    const values = ['a', 'b', 'a', 'c'].map((container) => value(container));
    for (const one of values) expect(queue.add(one)).toEqual({ taken: true, dropped: 0 });
    expect(drain(queue)).toEqual(values);
    expect([queue.size, queue.bytes]).toEqual([0, 0]);
  });

  it('when full drops the oldest of the same container', () => {
    const queue = new ValueQueue({ values: 3, bytes: 1000 }, plenty());
    const [a1, b1, a2, a3] = [value('a'), value('b'), value('a'), value('a')];
    for (const one of [a1, b1, a2, a3]) queue.add(one);
    expect(drain(queue)).toEqual([b1, a2, a3]);
  });

  it('when full drops of a new container the oldest of the one that has the most', () => {
    const queue = new ValueQueue({ values: 3, bytes: 1000 }, plenty());
    const [a, b1, b2, c] = [value('a'), value('b'), value('b'), value('c')];
    for (const one of [a, b1, b2, c]) queue.add(one);
    expect(drain(queue)).toEqual([a, b2, c]);
  });

  it('never drops the one that is being sent', () => {
    const queue = new ValueQueue({ values: 1, bytes: 1000 }, plenty());
    const first = value('a');
    queue.add(first);
    expect(queue.first()).toBe(first);
    expect(queue.add(value('a'))).toEqual({ taken: false, dropped: 1 });
    expect(drain(queue)).toEqual([first]);
  });

  it('does not take a value that is larger than all its room, and drops nothing for it', () => {
    const queue = new ValueQueue({ values: 10, bytes: 100 }, plenty());
    queue.add(value('a'));
    expect(queue.add(value('a', 101))).toEqual({ taken: false, dropped: 1 });
    expect(queue.size).toBe(1);
  });

  it('shares a budget with the other queues and gives back what it used', () => {
    const budget = new QueueBudget(30);
    const one = new ValueQueue({ values: 10, bytes: 100 }, budget);
    const other = new ValueQueue({ values: 10, bytes: 100 }, budget);
    for (const container of ['a', 'b', 'c']) one.add(value(container));
    expect(other.add(value('a'))).toEqual({ taken: false, dropped: 1 });
    one.clear();
    expect(other.add(value('a'))).toEqual({ taken: true, dropped: 0 });
    expect(budget.used).toBe(10);
  });

  it('forgets a container with all below it', () => {
    const queue = new ValueQueue({ values: 10, bytes: 100 }, plenty());
    const kept = value('3303_01/5700');
    for (const one of [value('3303_0'), value('3303_0/5700'), kept]) queue.add(one);
    queue.removeBelow('3303_0');
    expect(drain(queue)).toEqual([kept]);
  });

  it('keeps within its bounds and counts every value once, whatever happens', () => {
    const step = fc.oneof(
      fc.record({ add: fc.constantFrom('a', 'b', 'c'), bytes: fc.integer({ min: 1, max: 40 }) }),
      fc.constant('send' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const budget = new QueueBudget(80);
        const queue = new ValueQueue({ values: 5, bytes: 60 }, budget);
        let [added, dropped, sent] = [0, 0, 0];
        for (const one of steps) {
          if (one === 'send') {
            const next = queue.first();
            if (next === undefined) continue;
            queue.remove(next);
            sent += 1;
          } else {
            added += 1;
            dropped += queue.add(value(one.add, one.bytes)).dropped;
          }
          expect(queue.size).toBeLessThanOrEqual(5);
          expect(queue.bytes).toBeLessThanOrEqual(60);
          expect(budget.used).toBe(queue.bytes);
          expect(added).toBe(dropped + sent + queue.size);
        }
      }),
    );
  });
});
