import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DIALECTS, formatTimestamp, Operation, parseTimestamp, ResourceType } from '../../../cse-client/index.ts';
import type { Node } from '../../../lwm2m/index.ts';
import { eventually } from '../../support/ipe.ts';
import { answered, links, temperature, ValuesWorld } from './values-world.ts';

const { ae, container, contentInstance } = ResourceType;

/** Values on an embedded CSE, with a device that is a function. */
describe('values behind the bridge', () => {
  let world: ValuesWorld;

  beforeEach(async () => {
    world = await ValuesWorld.start();
  });
  afterEach(() => world.stop());

  it('nothing is asked before the bridge has answered', async () => {
    world.values.follow(world.registration, world.tree, true);
    expect(world.asked).toEqual([]);
    await world.holds('3303_0/5700', 20);
    expect(world.asked).toEqual([{ type: 'observe', path: { objectId: 3303, instanceId: 0 } }]);
  });

  it.each(['timeout', 'asleep', 'reset'] as const)(
    'a device that ends in %s is asked again when it updates, and the rest of it not before',
    async (kind) => {
      const more = { ...world.registration, objectLinks: links('</3303/0>,</3303/1>') };
      world.answer = () => ({ kind });
      world.values.follow(more, world.tree, true);
      await eventually(
        async () => world.asked.length,
        (count) => count > 0,
      );
      await new Promise((resolve) => setImmediate(resolve));
      expect(world.asked).toHaveLength(1);
      world.answer = () => answered(temperature(21));
      world.values.follow(more, world.tree, false);
      await world.holds('3303_0/5700', 21);
      expect(world.asked.length).toBeGreaterThanOrEqual(2);
    },
  );

  it('a device that leaves while it is asked is asked nothing more', async () => {
    let signalled: AbortSignal | undefined;
    world.answer = (_operation, signal) => {
      signalled = signal;
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'cancelled' })));
    };
    world.values.follow({ ...world.registration, objectLinks: links('</3303/0>,</3303/1>') }, world.tree, true);
    await eventually(
      async () => signalled,
      (signal) => signal !== undefined,
    );
    world.values.leave('device');
    expect(signalled?.aborted).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect([world.asked.length, world.values.size]).toEqual([1, 0]);
  });

  it('what comes while we stop is left to its device: a Send is refused, a notification not acknowledged', async () => {
    world.values.follow(world.registration, world.tree, true);
    await world.holds('3303_0/5700', 20);
    await world.values.stop();
    const { registration } = world;
    const content = { format: 110, payload: Buffer.from('[]') };
    const report = (source: 'send' | 'notify') =>
      world.values.report({ registration, source, nodes: [temperature(21)], content, receivedAt: Date.now() });
    expect(() => report('send')).toThrow(expect.objectContaining({ code: 'ipe/stopping', retryable: true }) as Error);
    const later = new Promise((resolve) => setImmediate(() => resolve('not taken')));
    expect(await Promise.race([report('notify'), world.values.durable(), later])).toBe('not taken');
  });

  it('containers that Updates cut short again and again are made anew until they last', async () => {
    const instance = `${world.ae}/3303_0`;
    const et = formatTimestamp(world.tree.expiresAt, DIALECTS.acme);
    let cut = 0;
    vi.spyOn(world.cse.faults, 'strike').mockImplementation(({ op, ty, to }) => {
      if (op !== Operation.create || ty !== container || !to.endsWith('3303_0') || cut === 3) return undefined;
      cut += 1;
      void world.client.update(container, instance, { et });
      return { kind: 'delay', milliseconds: 50, after: false };
    });
    world.values.follow(world.registration, world.tree, true);
    await world.holds('3303_0/5700', 20);
    const expires = async (address: string) => (await world.client.retrieve(container, address)).et ?? '';
    expect(cut).toBe(3);
    expect(parseTimestamp(await expires(`${instance}/5700`))).toBeGreaterThan(Date.now() + 365 * 24 * 3_600_000);
    expect(await expires(instance)).toBe(et);
  });

  it('the tree of a device that has left waits for a CSE that does not answer no longer than a set time', async () => {
    world.values.follow(world.registration, world.tree, true);
    await world.holds('3303_0/5700', 20);
    world.cse.faults.hang({ op: Operation.create, ty: contentInstance });
    world.report([temperature(21)]);
    world.report([temperature(22)]);
    await world.values.depart(world.registration, world.tree);
    world.values.leave('device');
    await eventually(
      async () => world.values.counters.deviceLeft,
      (dropped) => dropped === 2,
    );
    expect([world.values.waitingBytes, world.told]).toEqual([0, ['values of a device that has left were dropped']]);
  });

  it('no more devices are asked at once than configured', async () => {
    let [now, most] = [0, 0];
    world.answer = async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now -= 1;
      return { kind: 'refused', code: '4.04' };
    };
    for (let index = 0; index < 20; index += 1) {
      world.values.follow({ ...world.registration, id: `r${index}`, endpoint: `device-${index}` }, world.tree, true);
    }
    await eventually(
      async () => world.asked.length,
      (count) => count === 40,
    );
    expect(most).toBe(4);
  });

  it('a container that the CSE will not have costs its own values and no others', async () => {
    world.cse.faults.refuse(4102, { op: Operation.create, ty: container, to: /5700$/ });
    world.cse.faults.refuse(4102, { op: Operation.create, ty: contentInstance, to: /5700$/ });
    world.values.follow(world.registration, world.tree, true);
    const multiple: Node = { ...temperature(1), path: { ...temperature(1).path, resourceInstanceId: 0 } };
    const other: Node = { path: { objectId: 3303, instanceId: 0, resourceId: 5701 }, value: 'Cel' };
    world.report([multiple, other]);
    await world.holds('3303_0/5701', 'Cel');
    await world.holds('3303_0/5701', 'Cel');
    world.report([multiple]);
    await eventually(
      async () => world.values.waiting,
      (waiting) => waiting === 0,
    );
    expect(world.values.counters).toMatchObject({ refused: 3, stored: 1 });
  });

  it('a stop while containers are made leaves the AE with the time that it was granted', async () => {
    world.cse.faults.delay(60, { op: Operation.create, ty: container });
    world.values.follow(world.registration, world.tree, true);
    await eventually(
      async () => world.client.retrieve(ae, world.ae),
      (found) => (found.et ?? '') > '2029',
    );
    await world.values.stop();
    for (const found of [
      await world.client.retrieve(ae, world.ae),
      await world.client.retrieve(container, `${world.ae}/3303_0`),
    ]) {
      expect((found.et ?? '') < '2029').toBe(true);
    }
  });

  it('a value larger than the CSE takes is left out and told', async () => {
    world.values.follow(world.registration, world.tree, true);
    const large: Node = { path: { objectId: 3303, instanceId: 0, resourceId: 5750 }, value: 'x'.repeat(1_100_000) };
    world.report([large, temperature(5)]);
    await world.holds('3303_0/5700', 20);
    expect(world.values.counters.tooLarge).toBe(1);
    expect(world.told).toContain('a value is larger than the CSE takes');
  });

  it('of a device that reports more resources than are kept the first are', async () => {
    world.values.follow({ ...world.registration, objectLinks: links('') }, world.tree, true);
    const nodes = Array.from({ length: 5000 }, (_, resourceId) => ({
      path: { objectId: 3303, instanceId: 0, resourceId },
      value: 1,
    }));
    world.report(nodes);
    expect(world.values.counters.beyondContainers).toBe(5000 - 4096);
    expect(world.values.waiting).toBe(100);
    world.values.leave('device');
  });

  it('a device without a tree has no values', () => {
    world.report([temperature(1)]);
    expect([world.values.size, world.values.waiting]).toEqual([0, 0]);
  });
});
