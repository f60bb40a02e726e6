import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Operation, ResourceType } from '../../../cse-client/index.ts';
import { isValueInstanceName } from '../../../mappings/index.ts';
import { eventually } from '../../support/ipe.ts';
import { answered, TEMPERATURE, temperature, ValuesWorld } from './values-world.ts';

const { contentInstance } = ResourceType;
const SENSOR = { ...TEMPERATURE, resourceId: 5700 } as const;

describe('values after commands', () => {
  let world: ValuesWorld;
  beforeEach(async () => {
    world = await ValuesWorld.start();
  });
  afterEach(() => world.stop());

  const registered = async () => {
    world.values.follow(world.registration, world.tree, true);
    await world.holds('3303_0/5700', 20);
  };
  const contents = async () => {
    const children = await world.client.children(`${world.ae}/3303_0/5700`, { ty: [contentInstance] });
    const found = await Promise.all(
      children.map(({ name }) => world.client.retrieve(contentInstance, `${world.ae}/3303_0/5700/${name}`)),
    );
    return found.sort((a, b) => (a.ct ?? '').localeCompare(b.ct ?? '')).map((one) => one.con);
  };

  it('of all contentInstances those of the IPE are known by their name', async () => {
    await registered();
    await world.putAsApplication('3303_0/5700', 99);
    const children = await world.client.children(`${world.ae}/3303_0/5700`, { ty: [contentInstance] });
    expect(children.filter(({ name }) => isValueInstanceName(name))).toHaveLength(1);
    expect(children).toHaveLength(2);
    expect((await world.values.confirmed('device', SENSOR))?.con).toBe(20);
  });

  it('TS-0014 8.2: the last confirmed value is put on top again, once, with everything that belongs to it', async () => {
    await registered();
    world.report([{ ...temperature(21), time: Date.parse('2026-01-02T03:04:05Z') }]);
    await world.holds('3303_0/5700', 21);
    await world.putAsApplication('3303_0/5700', 99);
    expect(await world.latest('3303_0/5700')).toBe(99);
    expect(await world.values.storeAgain('device', SENSOR)).toBe(true);
    await world.holds('3303_0/5700', 21);
    expect(await contents()).toEqual([20, 21, 99, 21]);
    const top = await world.client.retrieve(contentInstance, `${world.ae}/3303_0/5700/la`);
    expect(top.lbl).toEqual(['LWM2MTIME:2026-01-02T03:04:05.000Z']);
    expect(world.asked).toHaveLength(1);
  });

  it('a value that comes meanwhile stays on top', async () => {
    await registered();
    await world.putAsApplication('3303_0/5700', 99);
    world.cse.faults.delay(60, { op: Operation.retrieve });
    const restored = world.values.storeAgain('device', SENSOR);
    world.report([temperature(22)]);
    expect(await restored).toBe(true);
    world.cse.faults.clear();
    await world.holds('3303_0/5700', 22);
    expect(await contents()).toEqual([20, 99, 22]);
  });

  it('where the CSE has no confirmed value any more the device is asked', async () => {
    await registered();
    for (let value = 100; value < 112; value += 1) await world.putAsApplication('3303_0/5700', value);
    world.answer = () => answered(temperature(23));
    expect(await world.values.storeAgain('device', SENSOR)).toBe(true);
    await world.holds('3303_0/5700', 23);
    expect(world.asked.at(-1)).toEqual({ type: 'read', path: SENSOR });
  });

  it('what cannot be read has no confirmed value', async () => {
    await registered();
    expect(await world.values.storeAgain('device', { ...TEMPERATURE, resourceId: 5605 })).toBe(false);
    expect(await world.values.storeAgain('other', SENSOR)).toBe(false);
    expect(world.asked).toHaveLength(1);
  });

  it('a written value is stored when no notification brings it', async () => {
    await registered();
    world.values.written('device', [temperature(30)]);
    await world.holds('3303_0/5700', 30);
    expect(await contents()).toEqual([20, 30]);
  });

  it('a written value that its notification brings is stored once', async () => {
    await registered();
    world.values.written('device', [temperature(30)]);
    world.report([temperature(30)]);
    await world.holds('3303_0/5700', 30);
    await new Promise((resolve) => setTimeout(resolve, 2200));
    expect(await contents()).toEqual([20, 30]);
  });

  it('a written value of what is not observed is stored at once; of an encapsulated instance all is read again', async () => {
    await world.stop();
    const rules = [{ object: 3303, mode: 'transparent' }] as const;
    world = await ValuesWorld.start({ policy: { mode: 'semantic', observe: 'never', rules } });
    world.values.follow(world.registration, world.tree, true);
    await eventually(
      () => world.latest('3303_0'),
      (con) => con === '[]',
    );
    world.values.written('device', [temperature(30)]);
    await world.askedTimes(2);
    expect(world.asked.at(-1)).toEqual({ type: 'read', path: TEMPERATURE });
  });

  it('a written value that nobody can read back, such as a package, is not stored', async () => {
    await registered();
    const { requests } = world.cse.counters;
    world.values.written('device', [{ path: { objectId: 5, instanceId: 0, resourceId: 0 }, value: Buffer.from('x') }]);
    await new Promise((resolve) => setTimeout(resolve, 2200));
    expect(world.cse.counters.requests).toBe(requests);
  });

  it('nothing is stored for a device that has left', async () => {
    await registered();
    world.values.written('device', [temperature(30)]);
    world.values.leave('device');
    const { requests } = world.cse.counters;
    await new Promise((resolve) => setTimeout(resolve, 2200));
    expect(world.cse.counters.requests).toBe(requests);
  });
});
