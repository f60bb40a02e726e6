import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MERGE_RULES,
  mergePathWishes,
  mergeWishes,
  type NotificationWish,
  readApplicationSubscription,
  readWish,
  rememberedLabel,
  rememberedSubscriptions,
  wishLabels,
} from '../../../mappings/index.ts';

const period = fc.nat(1000);
const threshold = fc.integer({ min: -50, max: 50 });
const anyWish: fc.Arbitrary<NotificationWish> = fc
  .record(
    { pmin: period, pmax: period, gt: threshold, lt: threshold, st: fc.integer({ min: 1, max: 20 }) },
    { requiredKeys: [] },
  )
  .map((wish) => readWish(wishLabels(wish)).wish);

describe('labels on the subscription of an application', () => {
  it('express a wish, one attribute each; other labels are passed over', () => {
    const labels = ['mine', 'LWM2MATTR:pmin=10', 'LWM2MATTR:pmax=60', 'LWM2MATTR:gt=-1.5', 'LWM2MATTR:st=0.1'];
    expect(readWish(labels)).toEqual({ wish: { pmin: 10, pmax: 60, gt: -1.5, st: 0.1 }, problems: [] });
    expect(readWish([])).toEqual({ wish: {}, problems: [] });
  });

  it.each([
    [['LWM2MATTR:pmin=-1'], {}],
    [['LWM2MATTR:pmin=1.5'], {}],
    [['LWM2MATTR:pmin='], {}],
    [['LWM2MATTR:pmin'], {}],
    [['LWM2MATTR:pmin=1e9'], {}],
    [['LWM2MATTR:toString=1', 'LWM2MATTR:pmax=3'], { pmax: 3 }],
    [['LWM2MATTR:st=0', 'LWM2MATTR:gt=1'], { gt: 1 }],
    [['LWM2MATTR:pmin=1', 'LWM2MATTR:pmin=2', 'LWM2MATTR:pmax=3'], { pmax: 3 }],
    [['LWM2MATTR:pmin=9', 'LWM2MATTR:pmax=3', 'LWM2MATTR:gt=1'], { gt: 1 }],
    [['LWM2MATTR:lt=5', 'LWM2MATTR:gt=5', 'LWM2MATTR:pmin=1'], { pmin: 1 }],
    [['LWM2MATTR:lt=1', 'LWM2MATTR:gt=5', 'LWM2MATTR:st=2'], {}],
  ])('%j that are no wish are left out and named, the rest holds', (labels, wish) => {
    const read = readWish(labels);
    expect(read.wish).toEqual(wish);
    expect(read.problems.length).toBe(1);
  });

  it('come back from the wish that was read, and are never more than a wish, whatever they are', () => {
    fc.assert(
      fc.property(anyWish, (wish) => {
        expect(readWish(wishLabels(wish)).wish).toEqual(wish);
      }),
    );
    const attribute = fc.tuple(fc.constantFrom('pmin', 'st', 'gt', '__proto__', ''), fc.string());
    const label = fc.oneof(
      fc.anything(),
      attribute.map(([name, value]) => `LWM2MATTR:${name}=${value}`),
    );
    fc.assert(
      fc.property(fc.array(label), (labels) => {
        for (const value of Object.values(readWish(labels).wish)) expect(Number.isFinite(value)).toBe(true);
      }),
    );
  });
});

describe('the wishes of several subscriptions', () => {
  it.each([
    ['pmin: the least', [{ pmin: 10 }, { pmin: 5 }], { pmin: 5 }],
    ['pmin: none where one has none', [{ pmin: 10 }, {}], {}],
    ['pmax: the least, also of one alone', [{ pmax: 60 }, {}, { pmax: 30 }], { pmax: 30 }],
    ['gt: kept where it is the same', [{ gt: 5 }, { gt: 5 }], { gt: 5 }],
    [
      'gt: every change where it differs',
      [
        { gt: 5, pmin: 1 },
        { gt: 6, pmin: 1 },
      ],
      { pmin: 1 },
    ],
    ['lt: as gt', [{ lt: 5 }, { lt: 6 }], {}],
    ['st: the least', [{ st: 5 }, { st: 2 }], { st: 2 }],
    ['different conditions add up', [{ gt: 5 }, { lt: 1 }, { st: 1 }], { gt: 5, lt: 1, st: 1 }],
    ['every change where one wants every change', [{ gt: 5, st: 1 }, { pmax: 9 }], { pmax: 9 }],
    ['every change where what adds up contradicts itself', [{ gt: 5 }, { lt: 7 }], {}],
    ['every change where two steps do not fit', [{ gt: 5, lt: 1 }, { st: 2 }], {}],
  ])('%s', (_rule, wishes, merged) => {
    expect(mergeWishes(wishes)).toEqual(merged);
  });

  it('have a rule for each attribute', () => {
    expect(MERGE_RULES.map(({ name }) => name)).toEqual(['pmin', 'pmax', 'gt', 'lt', 'st']);
  });

  it('give each application at least what it asked for, and are the same in any order', () => {
    const wishes = fc.array(anyWish, { minLength: 1, maxLength: 5 });
    const moment = fc.record({ elapsed: period, before: threshold, now: threshold });
    fc.assert(
      fc.property(wishes, moment, (asked, at) => {
        const merged = mergeWishes(asked);
        if (asked.some((wish) => notifies(wish, at))) expect(notifies(merged, at)).toBe(true);
        expect(mergeWishes(asked.toReversed())).toEqual(merged);
        // A device would take it: it does not contradict itself.
        expect(readWish(wishLabels(merged))).toEqual({ wish: merged, problems: [] });
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the wishes of several paths', () => {
  const resource = { objectId: 3303, instanceId: 0, resourceId: 5700 };
  const instance = { objectId: 3303, instanceId: 0 };

  it('stay apart where none lies within another', () => {
    const other = { path: { ...resource, resourceId: 5701 }, wish: { gt: 1 } };
    const asked = [{ path: resource, wish: { pmin: 3 } }, { path: resource, wish: { pmin: 2 } }, other];
    expect(mergePathWishes(asked, '1.1')).toEqual([{ path: resource, wish: { pmin: 2 } }, other]);
  });

  it('become that of the instance where the instance is subscribed to as well, so that no value comes twice', () => {
    const asked = [
      { path: resource, wish: { pmin: 3, gt: 5 } },
      { path: instance, wish: { pmin: 10, gt: 5 } },
    ];
    expect(mergePathWishes(asked, '1.1')).toEqual([{ path: instance, wish: { pmin: 3 } }]);
  });

  it('LwM2M 1.1 6.4.1: reach a resource instance from 1.1 on, before that its resource', () => {
    const path = { objectId: 3, instanceId: 0, resourceId: 7, resourceInstanceId: 1 };
    const { resourceInstanceId: _, ...above } = path;
    expect(mergePathWishes([{ path, wish: {} }], '1.1')).toEqual([{ path, wish: {} }]);
    expect(mergePathWishes([{ path, wish: {} }], '1.0')).toEqual([{ path: above, wish: {} }]);
  });
});

describe('the subscription of an application', () => {
  it.each([
    [{}, true],
    [undefined, true],
    [{ net: [3] }, true],
    [{ net: [1] }, true],
    [{ net: [3], chty: [4] }, true],
    [{ net: [2, 4] }, false],
    [{ net: [3], chty: [23] }, false],
  ])('with the criteria %j waits for values: %j', (enc, wantsValues) => {
    expect(readApplicationSubscription({ rn: 'mine', enc })).toEqual({ name: 'mine', labels: [], wantsValues });
  });

  it('is read from anything, or nothing is', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.anything(), fc.record({ rn: fc.string(), lbl: fc.anything(), enc: fc.anything() })),
        (any) => {
          const read = readApplicationSubscription(any);
          if (read !== undefined) expect(read.name).toMatch(/^[A-Za-z0-9._~-]+$/);
        },
      ),
    );
  });

  it('is remembered with its wish, and nothing else, by one label', () => {
    const labels = ['private', 'LWM2MATTR:pmin=10', 'LWM2MATTR:gt=-1.5', 'LWM2MATTR:pmax=x'];
    const label = rememberedLabel({ name: 'mine', labels, wantsValues: true });
    expect(label).toBe('LWM2MSUB:mine;pmin=10;gt=-1.5');
    expect(rememberedSubscriptions(['other', label, 'LWM2MSUB:a/b', 'LWM2MSUB:'])).toEqual([
      { name: 'mine', labels: ['LWM2MATTR:pmin=10', 'LWM2MATTR:gt=-1.5'], wantsValues: true },
    ]);
  });
});

/** Whether a device notifies with these attributes (LwM2M 1.1 5.1.2): gt or lt or st, and pmin, or pmax. */
function notifies(wish: NotificationWish, at: { elapsed: number; before: number; now: number }): boolean {
  const { elapsed, before, now } = at;
  const { pmin = 0, pmax = Number.POSITIVE_INFINITY, gt, lt, st } = wish;
  const crosses = (limit: number | undefined) => limit !== undefined && before > limit !== now > limit;
  const changed =
    gt === undefined && lt === undefined && st === undefined
      ? before !== now
      : crosses(gt) || crosses(lt) || (st !== undefined && Math.abs(now - before) >= st);
  return elapsed >= pmax || (changed && elapsed >= pmin);
}
