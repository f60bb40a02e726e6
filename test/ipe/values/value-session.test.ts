import { expect, it } from 'vitest';
import { LeftValues } from '../../../ipe/values/left-values.ts';
import { newSession } from '../../../ipe/values/value-session.ts';
import { isValueInstanceName, latestName, valueInstanceName } from '../../../mappings/index.ts';
import { HeldClock } from '../../support/held-clock.ts';

const START = Date.parse('2026-12-01T12:00:00Z');
const MINUTE = 60_000;

function session(wall: number, chance: number, left?: string): string {
  return newSession({ clock: new HeldClock(0, wall), random: () => chance }, left);
}

it('a later run names values later, and one of the same moment otherwise', () => {
  const [first, second] = [session(START, 0.5), session(START + 1, 0.1)];
  const names = [valueInstanceName(first, 9_999), valueInstanceName(second, 1)];
  expect(latestName(names)).toBe(names[1]);
  expect(session(START, 0.1)).not.toBe(session(START, 0.2));
});

it('values of a run after the wall clock was set back are newer than those that the run before has left', () => {
  const left = [3, 1, 2].map((sequence) => valueInstanceName(session(START, 0.9), sequence));
  const values = new LeftValues({
    fault: undefined,
    left: () =>
      left.map((rn) => ({
        endpoint: 'device',
        container: '3303_0/5700',
        attributes: { rn, con: 1 },
        receivedAt: START,
      })),
    kept: () => {},
    gone: () => {},
    flushed: async () => {},
    durable: async () => {},
  });
  expect(values.latest).toBe(left[0]);
  const name = valueInstanceName(session(START - 15 * MINUTE, 0, values.latest), 1);
  expect(isValueInstanceName(name)).toBe(true);
  expect(latestName([...left, name])).toBe(name);
  // The store gives them in the order of their texts.
  expect([name, ...left].sort().at(-1)).toBe(name);
});
