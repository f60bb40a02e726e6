import { afterEach, describe, expect, it } from 'vitest';
import { ResourceType } from '../../../cse-client/index.ts';
import type { DiscoveredLink, Operation, Outcome, Path } from '../../../lwm2m/index.ts';
import { eventually } from '../../support/ipe.ts';
import { answered, links, temperature, ValuesWorld } from './values-world.ts';

const { container } = ResourceType;
const link = (path: Path): DiscoveredLink => ({ path, attributes: {}, inherited: {} });
/** Min, max, reset (executable) and application type of a temperature sensor. */
const listed = (instanceId: number): Outcome => ({
  kind: 'success',
  code: '2.05',
  links: [
    link({ objectId: 3303, instanceId }),
    ...[5700, 5605, 5750].map((resourceId) => link({ objectId: 3303, instanceId, resourceId })),
    link({ objectId: 3303, instanceId, resourceId: 5750, resourceInstanceId: 3 }),
  ],
});

/** A device that lists resources without a value. */
const answer = (operation: Operation): Outcome =>
  operation.type === 'discover' ? listed(operation.path.instanceId ?? 0) : answered(temperature(20));

describe('containers of resources that have no value', () => {
  let world: ValuesWorld;
  afterEach(() => world.stop());

  const container_ = (path: string) => world.client.retrieve(container, `${world.ae}/3303_0/${path}`);
  const made = (path: string) =>
    eventually(
      async () => world.containers,
      (told) => told.some((one) => one.startsWith(`made ${path} `)),
    );

  it('TS-0014 8.2.2: are found by one Discover of the instance, after its values, with what the model says', async () => {
    world = await ValuesWorld.start({ discover: true });
    world.answer = answer;
    world.values.follow(world.registration, world.tree, true);
    await made('3303_0/5750/3');
    expect(world.asked.map(({ type }) => type)).toEqual(['observe', 'discover']);
    await world.holds('3303_0/5700', 20);
    expect((await container_('5605')).lbl).toEqual(
      expect.arrayContaining(['LWM2MURI:/3303/0/5605', 'LWM2MOP:E', 'LWM2MEP:device']),
    );
    expect((await container_('5750')).lbl).toEqual(expect.arrayContaining(['LWM2MOP:R', 'LWM2MOP:W']));
  });

  it('are not looked for where that is not wanted', async () => {
    world = await ValuesWorld.start();
    world.answer = answer;
    world.values.follow(world.registration, world.tree, true);
    await world.holds('3303_0/5700', 20);
    expect(world.asked.map(({ type }) => type)).toEqual(['observe']);
  });

  it('are not looked for in objects that are encapsulated alone', async () => {
    world = await ValuesWorld.start({ discover: true, policy: { mode: 'transparent', observe: 'always', rules: [] } });
    world.answer = answer;
    world.values.follow(world.registration, world.tree, true);
    await made('3303_0');
    expect(world.asked.map(({ type }) => type)).toEqual(['observe']);
  });

  it.each<Outcome>([
    { kind: 'refused', code: '4.05' },
    { kind: 'invalid', reason: 'not a list of links' },
  ])(
    'are missing where the device does not understand the Discover: $kind; everything else goes on',
    async (outcome) => {
      world = await ValuesWorld.start({ discover: true });
      world.answer = (operation) => (operation.type === 'discover' ? outcome : answered(temperature(20)));
      world.values.follow({ ...world.registration, objectLinks: links('</3303/0>,</3303/1>') }, world.tree, true);
      await world.askedTimes(4);
      await world.holds('3303_0/5700', 20);
      expect(world.asked.map(({ type }) => type)).toEqual(['observe', 'observe', 'discover', 'discover']);
    },
  );

  it('of a device that falls asleep are found when it is heard of again, a minute later at the soonest', async () => {
    world = await ValuesWorld.start({ discover: true });
    world.answer = (operation) => (operation.type === 'discover' ? { kind: 'expired' } : answered(temperature(20)));
    world.values.follow(world.registration, world.tree, true);
    await world.askedTimes(2);
    await world.holds('3303_0/5700', 20);
    world.answer = answer;
    world.report([temperature(21)]);
    await world.holds('3303_0/5700', 21);
    expect(world.asked).toHaveLength(2);
    world.ahead = 60_000;
    world.report([temperature(22)]);
    await made('3303_0/5605');
    expect(world.asked.map(({ type }) => type)).toEqual(['observe', 'discover', 'discover']);
  });

  it('are looked for once, not with each Register of the same tree, but for an instance that is new', async () => {
    world = await ValuesWorld.start({ discover: true });
    world.answer = answer;
    world.values.follow(world.registration, world.tree, true);
    await made('3303_0/5605');
    const again = { ...world.registration, id: 'r2' };
    world.values.follow(again, world.tree, true);
    await world.askedTimes(3);
    await world.client.create(container, world.ae, { rn: '3303_1' });
    const objectLinks = links('</3303/0>,</3303/1>');
    world.values.follow({ ...again, objectLinks }, { ...world.tree, objectLinks }, false);
    await made('3303_1/5605');
    expect(world.asked.map((operation) => [operation.type, 'path' in operation && operation.path.instanceId])).toEqual([
      ['observe', 0],
      ['discover', 0],
      ['observe', 0],
      ['observe', 1],
      ['discover', 1],
    ]);
  });
});

describe('whoever listens for containers', () => {
  let world: ValuesWorld;
  afterEach(() => world.stop());
  const told = (what: string) =>
    eventually(
      async () => world.containers,
      (all) => all.includes(what),
    );

  it('is told of each that is made, and whether it was there before', async () => {
    world = await ValuesWorld.start();
    await world.client.create(container, `${world.ae}/3303_0`, { rn: '5701' });
    world.values.follow(world.registration, world.tree, true);
    world.report([temperature(1), { path: { objectId: 3303, instanceId: 0, resourceId: 5701 }, value: 'Cel' }]);
    await world.holds('3303_0/5701', 'Cel');
    expect(world.containers).toEqual(['made 3303_0/5700 false', 'made 3303_0/5701 true']);
    world.values.follow({ ...world.registration, id: 'r2' }, world.tree, true);
    await world.askedTimes(2);
    await eventually(
      async () => world.values.waiting,
      (waiting) => waiting === 0,
    );
    expect(world.containers).toHaveLength(2);
  });

  it('is told of an instance that the device lists no more, and of a device that leaves', async () => {
    world = await ValuesWorld.start();
    world.values.follow(world.registration, world.tree, true);
    await told('made 3303_0/5700 false');
    const objectLinks = links('</3304/0>');
    world.values.follow({ ...world.registration, objectLinks }, { ...world.tree, objectLinks }, false);
    expect(world.containers.at(-1)).toBe('gone 3303_0');
    world.values.leave('device');
    expect(world.containers.at(-1)).toBe('gone');
  });

  it('is told of a container that was found missing and made again', async () => {
    world = await ValuesWorld.start();
    world.values.follow(world.registration, world.tree, true);
    await told('made 3303_0/5700 false');
    await world.holds('3303_0/5700', 20);
    await world.client.delete(`${world.ae}/3303_0/5700`);
    world.report([temperature(21)]);
    await world.holds('3303_0/5700', 21);
    expect(world.containers).toEqual(['made 3303_0/5700 false', 'gone 3303_0/5700', 'made 3303_0/5700 false']);
  });

  it.each(['acme', 'standard', 'mobius4', 'tinyiot'] as const)(
    'is told of what an earlier run of the bridge made, on %s, with one request',
    async (dialect) => {
      world = await ValuesWorld.start({}, dialect);
      for (const [parent, rn] of [
        ['3303_0', '5700'],
        ['3303_0', '5605'],
        ['3303_0', 'mine'],
        ['3303_0/5700', '0'],
      ]) {
        await world.client.create(container, `${world.ae}/${parent}`, { rn: rn as string, acpi: [world.policy] });
      }
      const { requests } = world.cse.counters;
      world.values.restore(world.registration, world.tree, () => true);
      await told('made 3303_0/5700/0 true');
      expect(world.cse.counters.requests - requests).toBe(1);
      expect(world.containers.toSorted()).toEqual([
        'made 3303_0/5605 true',
        'made 3303_0/5700 true',
        'made 3303_0/5700/0 true',
      ]);
      world.report([temperature(21)]);
      await world.holds('3303_0/5700', dialect === 'tinyiot' ? '21' : 21);
      expect(world.asked).toEqual([]);
    },
  );

  it('makes no more of what an Update took away, whose tree an earlier run did not bring to it', async () => {
    world = await ValuesWorld.start();
    await world.client.create(container, world.ae, { rn: '3303_1', acpi: [world.policy] });
    for (const parent of ['3303_0', '3303_1']) {
      await world.client.create(container, `${world.ae}/${parent}`, { rn: '5700', acpi: [world.policy] });
    }
    const tree = { ...world.tree, objectLinks: links('</3303/0>,</3303/1>') };
    world.values.restore(world.registration, tree, () => true);
    await told('made 3303_1/5700 true');
    world.report([{ ...temperature(3), path: { objectId: 3303, instanceId: 1, resourceId: 5700 } }]);
    await world.client.delete(`${world.ae}/3303_1`);
    world.values.follow(world.registration, world.tree, false);
    world.values.compare('device', new Set(['3303_0', '3303_0/5700']));
    world.report([temperature(21)]);
    await world.holds('3303_0/5700', 21);
    expect((await world.client.children(world.ae, { lvl: 1 })).map(({ name }) => name)).not.toContain('3303_1');
  });

  it('is told that all is gone when the tree was made again', async () => {
    world = await ValuesWorld.start();
    world.values.follow(world.registration, world.tree, true);
    await told('made 3303_0/5700 false');
    world.values.follow(world.registration, { ...world.tree, incarnation: 2 }, false);
    expect(world.containers.at(-1)).toBe('gone');
    await told('made 3303_0/5700 true');
  });
});
