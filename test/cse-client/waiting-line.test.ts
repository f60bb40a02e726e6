import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Place, PRIORITIES, WaitingLine } from '../../cse-client/waiting-line.ts';

/** Takes all that wait. */
const all = (line: WaitingLine<string>) => line.clear();

describe('a line of what waits', () => {
  it('serves the most urgent first, whatever came first', () => {
    const line = new WaitingLine<string>();
    for (const priority of [...PRIORITIES].reverse()) line.add(priority, priority, 'a', 0);
    expect(all(line)).toEqual(['urgent', 'high', 'normal', 'low', 'background']);
  });

  it('serves one of each flow in turn, so that who wants much does not hold up who wants little', () => {
    const line = new WaitingLine<string>();
    for (let n = 1; n <= 100; n += 1) line.add(`much ${n}`, 'normal', 'much', 0);
    line.add('little 1', 'normal', 'little', 1);
    line.add('little 2', 'normal', 'little', 1);
    expect(all(line).slice(0, 5)).toEqual(['much 1', 'little 1', 'much 2', 'little 2', 'much 3']);
  });

  it('lets nothing starve: what has waited long goes before what is more urgent', () => {
    const line = new WaitingLine<string>();
    line.add('patient', 'background', 'a', 0);
    let served = 0;
    for (let now = 0; ; now += 100) {
      // More that is urgent than is served, without end.
      line.add('urgent', 'urgent', 'b', now);
      line.add('urgent', 'urgent', 'c', now);
      if (line.take() === 'patient') break;
      served += 1;
      expect(served).toBeLessThan(1_000);
    }
    expect(served).toBeGreaterThan(40);
  });

  it('loses and doubles nothing, keeps the order within a flow of one priority, and forgets who leaves, for any mixture', () => {
    const step = fc.oneof(
      fc.record({ add: fc.constantFrom(...PRIORITIES), flow: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ take: fc.constant(true) }),
      fc.record({ leave: fc.nat(40) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const line = new WaitingLine<number>();
        const waiting = new Map<number, { place: Place<number>; kind: string }>();
        const taken = new Map<string, number>();
        let next = 0;
        const take = () => {
          const item = line.take();
          expect(item === undefined).toBe(waiting.size === 0);
          if (item === undefined) return;
          const { kind } = waiting.get(item) as { kind: string };
          expect(item).toBeGreaterThan(taken.get(kind) ?? -1);
          taken.set(kind, item);
          expect(waiting.delete(item)).toBe(true);
        };
        for (const [now, one] of steps.entries()) {
          if ('add' in one) {
            waiting.set(next, { place: line.add(next, one.add, one.flow, now * 50), kind: one.add + one.flow });
            next += 1;
          } else if ('leave' in one) {
            const found = [...waiting][one.leave];
            if (found === undefined) continue;
            line.leave(found[1].place);
            line.leave(found[1].place);
            waiting.delete(found[0]);
          } else take();
          expect(line.size).toBe(waiting.size);
        }
        while (waiting.size > 0) take();
        expect(line.take()).toBeUndefined();
      }),
    );
  });
});
