import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ObservationCheck, silentPaths } from '../../../ipe/values/observation-check.ts';
import type { Outcome } from '../../../lwm2m/index.ts';
import type { InstancePath } from '../../../mappings/index.ts';
import { HeldClock } from '../../support/held-clock.ts';
import { eventually } from '../../support/ipe.ts';
import { links, TEMPERATURE, temperature, ValuesWorld } from './values-world.ts';

const [MINUTE, HOUR] = [60_000, 3_600_000];
const DAY = 24 * HOUR;

describe('an observation of which nothing is heard', () => {
  const silentAt = (now: number, heardAt: number | undefined, pmax?: number) =>
    silentPaths([{ paths: [TEMPERATURE], composite: false, heardAt }], DAY, () => pmax, { now, since: HOUR }).silent;

  it('is doubted after the time that is set, which begins with this run at the earliest', () => {
    expect(silentAt(DAY + HOUR - 1, undefined)).toEqual([]);
    expect(silentAt(DAY + HOUR, undefined)).toEqual([TEMPERATURE]);
    expect(silentAt(DAY + HOUR, 2 * HOUR)).toEqual([]);
    expect(silentAt(DAY + 2 * HOUR, 2 * HOUR)).toEqual([TEMPERATURE]);
  });

  it('is doubted when its device is overdue by more than half of its pmax and a transmission, and never soon', () => {
    const overdue = HOUR * 1.5 + 93_000;
    expect([silentAt(overdue - 1, 0, HOUR), silentAt(overdue, 0, HOUR)]).toEqual([[], [TEMPERATURE]]);
    expect([silentAt(5 * MINUTE - 1, 0, 1_000), silentAt(5 * MINUTE, 0, 1_000)]).toEqual([[], [TEMPERATURE]]);
    const never = 100 * DAY;
    expect([silentAt(never, 0, never), silentAt(never, 0)]).toEqual([[], [TEMPERATURE]]);
  });

  it('is looked for a few at a time: all devices within an eighth of the time, those with pmax within five minutes', () => {
    const clock = new HeldClock();
    const looked: string[] = [];
    const device = (name: string) => ({ check: () => looked.push(name) > 0 && name.startsWith('timed') });
    const names = Array.from({ length: 360 }, (_, at) => `device-${at}`);
    const devices = new Map(names.map((name) => [name, device(name)]));
    const check = new ObservationCheck(DAY, devices, clock);
    clock.pass(MINUTE);
    expect(looked).toEqual(['device-0', 'device-1']);
    clock.pass(3 * HOUR - MINUTE);
    expect(looked).toEqual(names);
    looked.length = 0;
    const timed = device('timed');
    check.watch(timed);
    clock.pass(10 * MINUTE);
    expect(looked.filter((name) => name === 'timed')).toHaveLength(10);
    check.forget(timed);
    looked.length = 0;
    clock.pass(MINUTE);
    expect(looked).not.toContain('timed');
    check.stop();
    looked.length = 0;
    clock.pass(DAY);
    expect(looked).toEqual([]);
  });
});

describe('an observation that was silent for too long', () => {
  let world: ValuesWorld;
  /** What the device answers to an Observe. */
  const says = (value: number, parts: Partial<Extract<Outcome, { kind: 'success' }>> = {}): Outcome => ({
    kind: 'success',
    code: '2.05',
    nodes: [temperature(value)],
    observing: true,
    ...parts,
  });
  const follow = async (changes: Partial<ValuesWorld['registration']> = {}) => {
    world.answer = () => says(20);
    world.values.follow({ ...world.registration, ...changes }, world.tree, true);
    await world.holds('3303_0/5700', 20);
    world.asked.length = 0;
    world.observed = [{ paths: [TEMPERATURE], composite: false, heardAt: Number.NEGATIVE_INFINITY }];
  };
  /** Waits until the observations have been looked at so many times. */
  const looked = async (times: number) => {
    const { observed } = world;
    let looks = 0;
    world.observed = {
      *[Symbol.iterator]() {
        looks += 1;
        yield* observed;
      },
    };
    await eventually(
      async () => looks,
      (count) => count >= times,
    );
  };
  const checked = (result: 'unchanged' | 'changed' | 'ended') =>
    eventually(
      async () => world.values.counters.checks[result],
      (count) => count > 0,
    );

  beforeEach(async () => {
    world = await ValuesWorld.start({ observeCheck: 1_000 });
  });
  afterEach(() => world.stop());

  it('is asked for again, and what the device says is stored', async () => {
    await follow();
    world.answer = () => {
      world.observed = [];
      return says(21);
    };
    await checked('changed');
    await world.holds('3303_0/5700', 21);
    expect(world.asked).toEqual([{ type: 'observe', path: TEMPERATURE }]);
  });

  it('costs nothing on the CSE where the device had told everything', async () => {
    await follow();
    const { stored } = world.values.counters;
    world.answer = () => says(20, { unchanged: true });
    await checked('unchanged');
    await new Promise((resolve) => setImmediate(resolve));
    expect(world.values.counters.stored).toBe(stored);
  });

  it('that its device does not want to go on with is not asked for again and again', async () => {
    await follow();
    world.answer = () => {
      world.observed = [];
      return says(22, { observing: false });
    };
    await checked('ended');
    await world.holds('3303_0/5700', 22);
    expect(world.asked).toHaveLength(1);
  });

  it('of a sleeping device is asked for when it is awake, and not before', async () => {
    await follow({ queueMode: true });
    world.answer = () => {
      world.observed = [];
      return says(23);
    };
    await looked(3);
    expect(world.asked).toEqual([]);
    world.values.follow({ ...world.registration, queueMode: true }, world.tree, false);
    await world.holds('3303_0/5700', 23);
    expect(world.asked).toEqual([{ type: 'observe', path: TEMPERATURE }]);
  });

  it('of an instance that is listed no more is not asked for', async () => {
    await follow({ queueMode: true });
    await looked(1);
    world.values.follow({ ...world.registration, queueMode: true, objectLinks: links('</1/0>') }, world.tree, false);
    world.observed = [];
    await new Promise((resolve) => setImmediate(resolve));
    expect(world.asked.filter(({ type }) => type === 'observe')).toEqual([]);
  });

  it('of a wish is asked for again, with the pmax that was written', async () => {
    await world.stop();
    const policy = { mode: 'semantic', observe: 'on-subscription', rules: [] } as const;
    world = await ValuesWorld.start({ observeCheck: 1_000, policy });
    const resource: InstancePath = { ...TEMPERATURE, resourceId: 5700 };
    world.answer = () => says(20);
    world.values.follow(world.registration, world.tree, true);
    await world.holds('3303_0/5700', 20);
    world.values.observeWish('device', resource, { pmax: 10 });
    await eventually(
      async () => world.asked.at(-1)?.type,
      (type) => type === 'observe',
    );
    const asked = world.asked.length;
    const heard = { paths: [resource], composite: false, heardAt: performance.now() };
    world.observed = [heard];
    world.answer = () => {
      world.observed = [];
      return says(24);
    };
    world.ahead = 4 * MINUTE;
    await looked(3);
    expect(world.asked).toHaveLength(asked);
    heard.heardAt -= MINUTE;
    await world.holds('3303_0/5700', 24);
    expect(world.asked.slice(asked)).toEqual([{ type: 'observe', path: resource }]);
  });
});
