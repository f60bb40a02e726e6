import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attributesOf, Wishes } from '../../../ipe/values/wishes.ts';
import { type NotificationAttributes, ObjectModels, type Operation } from '../../../lwm2m/index.ts';
import type { InstancePath } from '../../../mappings/index.ts';
import { answered, links, TEMPERATURE, temperature, ValuesWorld } from './values-world.ts';

const SENSOR = { ...TEMPERATURE, resourceId: 5700 } as const;

describe('TS-0014 6.5: what applications subscribe to is observed while they do', () => {
  let world: ValuesWorld;
  beforeEach(async () => {
    world = await ValuesWorld.start({ policy: { mode: 'semantic', observe: 'on-subscription', rules: [] } });
    world.values.follow(world.registration, world.tree, true);
    await world.holds('3303_0/5700', 20);
  });
  afterEach(() => world.stop());

  const wish = async (requests: number, ...[path, wished]: [InstancePath, Parameters<Wishes['set']>[1]]) => {
    const before = world.asked.length;
    world.values.observeWish('device', path, wished as never);
    await world.askedTimes(before + requests);
    await new Promise((resolve) => setImmediate(resolve));
    return world.asked.slice(before);
  };
  const observe: Operation = { type: 'observe', path: SENSOR };
  const attributes = (values: NotificationAttributes): Operation => ({
    type: 'write-attributes',
    path: SENSOR,
    attributes: values,
  });

  it('first values are read, and nothing is observed that nobody wants', () => {
    expect(world.asked).toEqual([{ type: 'read', path: TEMPERATURE }]);
    expect(world.values.observesOnSubscription('device', 3303)).toBe(true);
    expect(world.values.observesOnSubscription('device', 1)).toBe(false);
  });

  it('LwM2M 1.1 6.3.4, 6.4.1: attributes are written, then the path is observed', async () => {
    expect(await wish(2, SENSOR, { pmin: 5, gt: 30 })).toEqual([attributes({ pmin: 5, gt: 30 }), observe]);
  });

  it('of changed wishes only what changed is written, and nothing is observed twice', async () => {
    await wish(2, SENSOR, { pmin: 5, gt: 30 });
    expect(await wish(1, SENSOR, { pmin: 5, gt: 31, pmax: 60 })).toEqual([attributes({ gt: 31, pmax: 60 })]);
    expect(await wish(1, SENSOR, { pmax: 60 })).toEqual([attributes({ pmin: null, gt: null })]);
    expect(await wish(0, SENSOR, { pmax: 60 })).toEqual([]);
  });

  it('LwM2M 1.1 6.4.3: where the wish ends the observation is cancelled and the attributes are taken back', async () => {
    await wish(2, SENSOR, { pmin: 5, st: 0.5 });
    expect(await wish(2, SENSOR, undefined)).toEqual([
      { type: 'cancel-observe', path: SENSOR },
      attributes({ pmin: null, st: null }),
    ]);
    expect(await wish(0, SENSOR, undefined)).toEqual([]);
  });

  it('after a Register attributes and observation are asked for again, and values are read', async () => {
    await wish(2, SENSOR, { pmin: 5 });
    const before = world.asked.length;
    world.values.follow({ ...world.registration, id: 'r2' }, world.tree, true);
    await world.askedTimes(before + 3);
    expect(world.asked.slice(before)).toEqual([{ type: 'read', path: TEMPERATURE }, attributes({ pmin: 5 }), observe]);
  });

  it('an Update asks for nothing of what the device knows', async () => {
    await wish(2, SENSOR, { pmin: 5 });
    const before = world.asked.length;
    world.values.follow(world.registration, world.tree, false);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(world.asked).toHaveLength(before);
  });

  it('what a device does not answer is asked again when it is heard of, in the same order', async () => {
    world.answer = () => ({ kind: 'timeout' });
    expect(await wish(1, SENSOR, { pmin: 5 })).toEqual([attributes({ pmin: 5 })]);
    world.answer = () => answered(temperature(21));
    world.values.follow(world.registration, world.tree, false);
    await world.holds('3303_0/5700', 21);
    expect(world.asked.slice(1)).toEqual([attributes({ pmin: 5 }), attributes({ pmin: 5 }), observe]);
  });

  it('a device that refuses the attributes is observed all the same, and not asked for them again', async () => {
    world.answer = ({ type }) =>
      type === 'write-attributes' ? { kind: 'refused', code: '4.05' } : answered(temperature(21));
    expect(await wish(2, SENSOR, { pmin: 5 })).toEqual([attributes({ pmin: 5 }), observe]);
    world.values.follow(world.registration, world.tree, false);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(world.asked).toHaveLength(3);
  });

  it('the wishes for an instance that the device lists no more end, and nothing is asked of it', async () => {
    await wish(2, SENSOR, { pmin: 5 });
    const before = world.asked.length;
    const objectLinks = links('</3304/0>');
    world.values.follow({ ...world.registration, objectLinks }, { ...world.tree, objectLinks }, false);
    await world.askedTimes(before + 1);
    world.values.follow({ ...world.registration, objectLinks }, { ...world.tree, objectLinks }, false);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(world.asked.slice(before)).toEqual([{ type: 'read', path: { objectId: 3304, instanceId: 0 } }]);
  });

  it('a wish ends with the container that applications had subscribed to', async () => {
    await wish(2, SENSOR, { pmin: 5 });
    await world.client.delete(`${world.ae}/3303_0/5700`);
    const before = world.asked.length;
    world.report([temperature(22)], SENSOR);
    await world.holds('3303_0/5700', 22);
    world.report([temperature(23)], SENSOR);
    await world.askedTimes(before + 2);
    expect(world.asked.slice(before).map(({ type }) => type)).toEqual(['cancel-observe', 'write-attributes']);
    await world.holds('3303_0/5700', 23);
  });

  it('an observation that the device ended is asked for again when the device is next heard of', async () => {
    await wish(1, SENSOR, {});
    const { registration } = world;
    world.values.observationChanged({ kind: 'ended', registration, paths: [SENSOR], composite: false, code: '5.03' });
    const before = world.asked.length;
    world.values.follow(registration, world.tree, false);
    await world.askedTimes(before + 1);
    expect(world.asked.slice(before)).toEqual([observe]);
  });

  it('a value that comes by its own observation and by that of its instance is stored once', async () => {
    await wish(1, SENSOR, {});
    await wish(1, TEMPERATURE, {});
    world.report([temperature(31)], SENSOR);
    world.report([temperature(31), { path: { ...TEMPERATURE, resourceId: 5701 }, value: 'K' }], TEMPERATURE);
    await world.holds('3303_0/5701', 'K');
    const children = await world.client.children(`${world.ae}/3303_0/5700`, { ty: [4] });
    // The first Read, the two Observes, of which one brings the whole instance, and the notification.
    expect(children.length).toBeLessThanOrEqual(4);
    expect(await world.latest('3303_0/5700')).toBe(31);
  });

  it('a wish for what is always observed, or never, changes nothing', async () => {
    await world.stop();
    world = await ValuesWorld.start();
    world.values.follow(world.registration, world.tree, true);
    await world.holds('3303_0/5700', 20);
    expect(await wish(0, SENSOR, { pmin: 5 })).toEqual([]);
    expect(world.asked).toHaveLength(1);
  });
});

describe('LwM2M 1.1 5.1.2: attributes of a wish', () => {
  const resources = ObjectModels.official().find(3303)?.resources;
  const device = ObjectModels.official().find(3)?.resources;

  it('gt, lt and st belong to a single number; pmin and pmax to anything', () => {
    const all = { pmin: 1, pmax: 2, gt: 3, lt: 4, st: 5 };
    const periods = { pmin: 1, pmax: 2 };
    expect(attributesOf(all, SENSOR, resources?.get(5700))).toEqual(all);
    expect(attributesOf(all, TEMPERATURE, undefined)).toEqual(periods);
    expect(attributesOf(all, { ...TEMPERATURE, resourceId: 5701 }, resources?.get(5701))).toEqual(periods);
    const voltage = { objectId: 3, instanceId: 0, resourceId: 7 };
    expect(attributesOf(all, voltage, device?.get(7))).toEqual(periods);
    expect(attributesOf(all, { ...voltage, resourceInstanceId: 0 }, device?.get(7))).toEqual(all);
    expect(attributesOf(all, { objectId: 32_000, instanceId: 0, resourceId: 1 }, undefined)).toEqual(all);
    expect(attributesOf({}, SENSOR, undefined)).toEqual({});
  });

  it('whatever is wished in whatever order, the device ends with the last wish', () => {
    const value = fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined });
    const wished = fc.record({ pmin: value, pmax: value, gt: value }, { requiredKeys: [] });
    const change = fc.oneof(
      fc.record({ path: fc.constantFrom(5700, 5701), wish: fc.option(wished, { nil: undefined }), steps: fc.nat(3) }),
      fc.constant('register' as const),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const wishes = new Wishes();
        const wanted = new Map<number, NotificationAttributes | undefined>();
        let held = new Map<number, Record<string, number>>();
        let observed = new Set<number>();
        const step = () => {
          const next = wishes.next();
          if (next === undefined) return false;
          const { operation } = next;
          const id = operation.path.resourceId ?? 0;
          if (operation.type === 'observe') observed.add(id);
          else if (operation.type === 'cancel-observe') observed.delete(id);
          else {
            const entries = Object.entries({ ...held.get(id), ...operation.attributes });
            held.set(id, Object.fromEntries(entries.filter(([, one]) => one !== null)) as Record<string, number>);
          }
          wishes.settle(next, { kind: 'success', code: '2.04', observing: true });
          return true;
        };
        for (const one of changes) {
          if (one === 'register') {
            wishes.forgotten();
            [held, observed] = [new Map(), new Set()];
            continue;
          }
          const path = { ...TEMPERATURE, resourceId: one.path };
          const wish = one.wish && attributesOf(one.wish as never, path, undefined);
          wishes.set(path, wish);
          wanted.set(one.path, wish);
          for (let count = 0; count < one.steps; count += 1) step();
        }
        for (let count = 0; step(); count += 1) expect(count).toBeLessThan(10);
        for (const [id, wish] of wanted) {
          expect(held.get(id) ?? {}).toEqual(wish ?? {});
          expect(observed.has(id)).toBe(wish !== undefined);
        }
        expect(wishes.size).toBe([...wanted.values()].filter((wish) => wish !== undefined).length);
      }),
    );
  });
});
