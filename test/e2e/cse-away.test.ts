import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ResourceType } from '../../cse-client/index.ts';
import type { EmbeddedCse } from '../../embedded-cse/index.ts';
import { collectingLogger } from '../support/collecting-logger.ts';
import { type CseUnderTest, startEmbedded } from '../support/cse-under-test.ts';
import { Device } from '../support/device.ts';
import { Application, eventually, health, type Overrides, type RunningIpe, startIpe } from '../support/ipe.ts';
import { AnsweringDevice } from './answering-device.ts';

const { ae, container, contentInstance } = ResourceType;

describe.each(['standard', 'mobius4'] as const)('a CSE that is away, whenAway: journal, as %s', (dialect) => {
  let cse: CseUnderTest & { cse: EmbeddedCse };
  let ipe: RunningIpe;
  let app: Application;
  let log: ReturnType<typeof collectingLogger>;
  const open: { close(): void }[] = [];

  const start = async (overrides: Overrides = {}) => {
    log = collectingLogger();
    ipe = await startIpe(cse, { ...overrides, cse: { timeout: '1s', ...overrides.cse } }, log.logger);
  };
  const device = async () => {
    const opened = await Device.open(ipe.port);
    open.push(opened);
    return opened;
  };
  const names = async (endpoint: string) =>
    (await app.find(`LWM2MEP:${endpoint}`)).filter((name) => name !== `node-${endpoint}`);
  const asked = () => health(ipe);
  const caughtUp = () => eventually(asked, ({ status }) => status === 'ready');
  const goAway = () => cse.cse.faults.drop({});

  beforeEach(async () => {
    cse = await startEmbedded(dialect);
    app = await Application.start(cse);
    await start();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) one.close();
    await ipe.stop();
    await app.stop();
    await cse.stop();
  });

  it('Register, Update and De-register are accepted, and carried out in order when it is back', async () => {
    const [updated, left, fresh, brief, changed] = await Promise.all(Array.from({ length: 5 }, device));
    await updated?.register({ endpoint: 'updated', links: '</1/0>,</3/0>' });
    await left?.register({ endpoint: 'left' });
    goAway();
    expect(await updated?.update([], '</3/0>,</5>')).toMatchObject({ code: '2.04' });
    expect(await left?.deregister()).toMatchObject({ code: '2.02' });
    expect(await fresh?.register({ endpoint: 'fresh' })).toMatchObject({ code: '2.01' });
    expect(await brief?.register({ endpoint: 'brief' })).toMatchObject({ code: '2.01' });
    expect(await brief?.deregister()).toMatchObject({ code: '2.02' });
    expect(await changed?.register({ endpoint: 'changed', links: '</1/0>' })).toMatchObject({ code: '2.01' });
    expect(await changed?.register({ endpoint: 'changed', links: '</3/0>' })).toMatchObject({ code: '2.01' });
    expect(await changed?.update([], '</3/0>,</3303/0>')).toMatchObject({ code: '2.04' });
    expect(await health(ipe)).toMatchObject({
      status: 'degraded',
      reasons: expect.arrayContaining(['3 registrations wait for the CSE']),
    });
    cse.cse.faults.clear();
    await caughtUp();
    await eventually(
      () => names('left'),
      (found) => found.length === 0,
    );
    expect(await names('updated')).toEqual(['3_0', '5', 'updated']);
    expect(await names('fresh')).toEqual(['1_0', '3_0', 'fresh']);
    expect(await names('brief')).toEqual([]);
    expect(await names('changed')).toEqual(['3303_0', '3_0', 'changed']);
    const said = log.lines.map(([message]) => message).filter((message) => message.includes('the CSE'));
    expect(said[0]).toMatch(/^the CSE is away; /);
    expect(log.lines.find(([message]) => message === 'the CSE is back')?.[1]).toMatchObject({ journalled: 3 });
    expect(
      log.lines.find(([message]) => message === 'trees have caught up with their registrations')?.[1],
    ).toMatchObject({
      endpoints: 3,
      refused: 0,
    });
    expect(await changed?.update()).toMatchObject({ code: '2.04' });
    expect(await changed?.deregister()).toMatchObject({ code: '2.02' });
    expect(await names('changed')).toEqual([]);
  });

  it('one probe asks for it in place of a thousand requests', async () => {
    const away = goAway();
    const many = await Promise.all(Array.from({ length: 100 }, device));
    await many[0]?.register({ endpoint: 'first' });
    const before = away.hits;
    await Promise.all(many.map((one, index) => one.register({ endpoint: `many-${index}` })));
    expect(away.hits - before).toBeLessThanOrEqual(3);
    cse.cse.faults.clear();
    await caughtUp();
    expect(await names('many-99')).toEqual(['1_0', '3_0', 'many-99']);
  });

  it('what it refuses later is said in log and health, asked again with the next Update, and never deleted', async () => {
    await app.client.create(
      ae,
      cse.base,
      { rn: 'taken', api: 'Nforeign', rr: false, srv: ['3'], lbl: ['theirs'] },
      { originator: 'Cforeign' },
    );
    const unlucky = await device();
    goAway();
    expect(await unlucky.register({ endpoint: 'taken' })).toMatchObject({ code: '2.01' });
    cse.cse.faults.clear();
    await eventually(asked, ({ reasons }) => reasons.includes('the CSE refuses the trees of 1 registered devices'));
    expect(log.said('the CSE refuses the tree of')).toHaveLength(1);
    expect((await unlucky.update()).code).toMatch(/^4\./);
    expect(await unlucky.deregister()).toMatchObject({ code: '2.02' });
    await caughtUp();
    const theirs = await app.client.retrieve(ae, `${cse.base}/taken`, { originator: 'Cforeign' });
    expect(theirs.lbl).toEqual(['theirs']);
    expect(await names('taken')).toEqual([]);
  });

  it('values of a device without tree wait in their order; too many of a resource, and the oldest go', async () => {
    await ipe.stop();
    await start({ values: { queue: { values: 4 } } });
    const sensor = await AnsweringDevice.open(ipe.port);
    open.push(sensor);
    sensor.holds('/3303/0', [{ n: '5700', v: 1 }]);
    goAway();
    expect(await sensor.register('sensor')).toBe('2.01');
    await eventually(
      async () => sensor.isObserved('/3303/0'),
      (observed) => observed,
    );
    for (const value of [2, 3, 4, 5, 6]) {
      expect(await sensor.notify('/3303/0', [{ n: '5700', v: value }])).toBe('ack');
    }
    cse.cse.faults.clear();
    const latest = () => app.latest('sensor/3303_0/5700');
    await eventually(latest, (found) => Number(found) === 6);
    const values = await app.contents('sensor/3303_0/5700');
    expect(values.map(Number).sort()).toEqual([3, 4, 5, 6]);
    expect(log.said('values are dropped')).not.toEqual([]);
  });

  it('what was accepted outlives the process', async () => {
    const path = mkdtempSync(join(tmpdir(), 'away-'));
    const store = { kind: 'lmdb', path } as const;
    await ipe.stop();
    await start({ store });
    const [kept, relisted] = [await device(), await device()];
    await relisted.register({ endpoint: 'relisted', links: '</1/0>' });
    goAway();
    expect(await kept.register({ endpoint: 'kept' })).toMatchObject({ code: '2.01' });
    expect(await relisted.update([], '</3/0>')).toMatchObject({ code: '2.04' });
    const sensor = await AnsweringDevice.open(ipe.port);
    open.push(sensor);
    sensor.holds('/3303/0', [{ n: '5700', v: 1 }]);
    expect(await sensor.register('sensor')).toBe('2.01');
    await eventually(
      async () => sensor.isObserved('/3303/0'),
      (observed) => observed,
    );
    expect(await sensor.notify('/3303/0', [{ n: '5700', v: 2 }])).toBe('ack');
    // What it says from now on does not count: it is silent.
    sensor.silent = true;
    await ipe.stop();
    cse.cse.faults.clear();
    expect(await names('kept')).toEqual([]);
    await start({ store });
    await caughtUp();
    expect(await names('kept')).toEqual(['1_0', '3_0', 'kept']);
    expect(await names('relisted')).toEqual(['3_0', 'relisted']);
    await eventually(
      () => app.see(contentInstance, 'sensor/3303_0/5700/la'),
      (found) => Number(found?.con) === 2,
    );
    rmSync(path, { recursive: true, force: true });
  });

  it('one that comes back empty gets everything again, also of devices that are silent', async () => {
    const [silent, heard] = [await device(), await device()];
    await silent.register({ endpoint: 'silent' });
    await heard.register({ endpoint: 'heard' });
    goAway();
    await heard.update();
    cse.cse.faults.clear();
    cse.cse.faults.forget();
    await app.client.create(ae, cse.base, { rn: 'app', api: 'Napp', rr: false, srv: ['3'] });
    await eventually(
      () => names('silent').catch(() => []),
      (found) => found.length === 3,
    );
    await caughtUp();
    expect(await names('heard')).toEqual(['1_0', '3_0', 'heard']);
    expect((await app.see(container, 'silent/3_0'))?.lbl).toContain('LWM2MIPE:Clwm2m-ipe');
  });
});
