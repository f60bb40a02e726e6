import { describe, expect, it } from 'vitest';
import { type Clock, silentLogger } from '../../../common/index.ts';
import { CseError } from '../../../cse-client/index.ts';
import { Removals } from '../../../ipe/bridge/removals.ts';

/** A clock whose timers fire when told, and a CSE that a test switches on and off. */
function scene() {
  const timers: { delay: number; callback: () => void }[] = [];
  const clock: Clock = {
    monotonic: () => 0,
    wall: () => 0,
    timer(delay, callback) {
      const timer = { delay, callback };
      timers.push(timer);
      return { cancel: () => void timers.splice(timers.indexOf(timer), 1) };
    },
  };
  const cse = { failure: undefined as Error | undefined, deleted: [] as string[], gate: Promise.resolve() };
  const removals = new Removals(
    async (path) => {
      await cse.gate;
      if (cse.failure !== undefined) throw cse.failure;
      cse.deleted.push(path);
    },
    clock,
    silentLogger,
  );
  const fire = async () => {
    const delays = timers.map(({ delay }) => delay);
    for (const { callback } of timers.splice(0)) callback();
    await settle();
    return delays;
  };
  return { removals, cse, fire, timers };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const away = new CseError('cse/unreachable', 'nobody there');

describe('resources that have to be deleted later', () => {
  it('are deleted one after the other when the CSE lets us', async () => {
    const { removals, cse, fire } = scene();
    removals.add(['cse-in/a', 'cse-in/node-a']);
    removals.add(['cse-in/b']);
    expect(removals.size).toBe(3);
    await fire();
    expect(cse.deleted).toEqual(['cse-in/a', 'cse-in/node-a', 'cse-in/b']);
    expect(removals.size).toBe(0);
  });

  it('wait twice as long after each attempt that fails, a minute at most, and one attempt stands for all', async () => {
    const { removals, cse, fire } = scene();
    cse.failure = away;
    removals.add(['cse-in/a', 'cse-in/b', 'cse-in/c']);
    const delays: number[] = [];
    for (let attempt = 0; attempt < 9; attempt += 1) delays.push(...(await fire()));
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(removals.size).toBe(3);
  });

  it('are tried at once when the CSE is back', async () => {
    const { removals, cse, fire } = scene();
    cse.failure = away;
    removals.add(['cse-in/a']);
    await fire();
    cse.failure = undefined;
    removals.hurry();
    await settle();
    expect(cse.deleted).toEqual(['cse-in/a']);
  });

  it('that the CSE refuses to delete are told and left to their expirationTime', async () => {
    const { removals, cse, fire } = scene();
    cse.failure = new CseError('cse/refused', 'no', { rsc: 4103 });
    removals.add(['cse-in/a']);
    await fire();
    expect(removals.size).toBe(0);
  });

  it('are given up, with all below them, when their endpoint registers again', async () => {
    const { removals, cse, fire } = scene();
    removals.add(['cse-in/a/3_0', 'cse-in/a', 'cse-in/ab']);
    await removals.claim(['cse-in/a', 'cse-in/node-a']);
    await fire();
    expect(cse.deleted).toEqual(['cse-in/ab']);
  });

  it('a claim waits for the attempt that is under way', async () => {
    const { removals, cse, fire } = scene();
    let open = () => {};
    cse.gate = new Promise((resolve) => {
      open = resolve;
    });
    removals.add(['cse-in/a']);
    await fire();
    let claimed = false;
    const claim = removals.claim(['cse-in/a']).then(() => {
      claimed = true;
    });
    await settle();
    expect(claimed).toBe(false);
    open();
    await claim;
    expect(cse.deleted).toEqual(['cse-in/a']);
  });

  it('no attempt begins after stop', async () => {
    const { removals, cse, timers } = scene();
    removals.add(['cse-in/a']);
    await removals.stop();
    expect(timers).toHaveLength(0);
    removals.hurry();
    await settle();
    expect(cse.deleted).toEqual([]);
  });
});
