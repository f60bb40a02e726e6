import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ResourceType } from '../../../cse-client/index.ts';
import { SimulatedDevice } from '../../../simulator/index.ts';
import { Commander } from '../../e2e/commands-suite.ts';
import { startEmbedded } from '../../support/cse-under-test.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../../support/ipe.ts';
import { pointOfAccess } from '../../support/point-of-access.ts';
import { startStand, stopAll } from '../../support/stand.ts';

const { contentInstance, subscription } = ResourceType;
const OWN = { originator: 'Clwm2m-ipe' };
const configuration = { access: { command: ['Ccommander'] }, commands: { pollInterval: '1d' } };

describe('direct commands, told by notifications alone', () => {
  let cse: Awaited<ReturnType<typeof startEmbedded>>;
  let ipe: RunningIpe;
  let app: Application;
  let device: SimulatedDevice;
  let commander: Commander;
  const asked: string[] = [];
  const dimmer = 'dev/3311_0/5851';

  beforeAll(async () => {
    ({ cse, ipe, app } = await startStand(startEmbedded('acme'), configuration, 'commander'));
    device = new SimulatedDevice({
      server: { host: '127.0.0.1', port: ipe.port },
      endpoint: 'dev',
      objects: { 1: [0], 3: [0], 3311: [0] },
      onEvent: (event) => {
        if (event.type === 'asked' && event.method === 'PUT') asked.push(`${event.path} ${event.code}`);
      },
    });
    await device.start();
    commander = new Commander(app, cse, 'dev');
    await commander.ready();
    await eventually(
      () => app.client.children(`${cse.base}/${dimmer}`, {}, OWN).catch(() => []),
      (children) => children.some(({ name }) => name === 'lwm2m-ipe-commands'),
    );
  });
  afterAll(async () => {
    await stopAll(device, app, ipe, cse);
  });

  const notify = async (rep: unknown, sur: string) => {
    const answer = await fetch(`${await pointOfAccess(app.client, cse.base)}/~/id-in/Clwm2m-ipe`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-M2M-RI': 'x', 'X-M2M-Origin': '/id-in' },
      body: JSON.stringify({ 'm2m:sgn': { nev: { rep, net: 3 }, sur } }),
    });
    return answer.headers.get('X-M2M-RSC');
  };

  it('a forged notification has nothing carried out: neither what it says, nor again what was done', async () => {
    const { ri } = await app.client.create(contentInstance, `${cse.base}/${dimmer}`, { rn: 'mine', con: 7 });
    expect(await commander.end(ri)).toMatchObject({ state: 'done' });
    const { ri: sur } = await app.client.retrieve(subscription, `${cse.base}/${dimmer}/lwm2m-ipe-commands`, OWN);
    for (const rn of ['mine', 'absent', '../../x', undefined]) {
      expect(await notify({ 'm2m:cin': { rn, con: 99 } }, `/id-in/${sur}`)).toBe('2000');
    }
    const next = await app.client.create(contentInstance, `${cse.base}/${dimmer}`, { con: 8 });
    expect(await commander.end(next.ri)).toMatchObject({ state: 'done' });
    expect(asked).toEqual(['/3311/0/5851 2.04', '/3311/0/5851 2.04']);
  });

  it('an application that gives its contentInstance a name of ours fools only itself', async () => {
    const before = asked.length;
    const { ri } = await app.client.create(contentInstance, `${cse.base}/${dimmer}`, { rn: 'vabc-1', con: 55 });
    const next = await app.client.create(contentInstance, `${cse.base}/${dimmer}`, { con: 9 });
    expect(await commander.end(next.ri)).toMatchObject({ state: 'done' });
    expect(asked.length - before).toBe(1);
    expect(await commander.said(ri)).toEqual([]);
  });

  it('a command that the CSE would not show at first is read a moment later', async () => {
    const fault = cse.cse.faults.refuse(5000, { to: new RegExp(`${dimmer}/late$`) }, { times: 1 });
    const { ri } = await app.client.create(contentInstance, `${cse.base}/${dimmer}`, { rn: 'late', con: 12 });
    expect(await commander.end(ri)).toMatchObject({ state: 'done' });
    expect(fault.hits).toBe(1);
  });

  it('where nobody commands there are no such subscriptions', async () => {
    const plain = await startEmbedded('acme');
    const quiet = await startIpe(plain);
    const reader = await Application.start(plain, 'reader');
    const lamp = new SimulatedDevice({
      server: { host: '127.0.0.1', port: quiet.port },
      endpoint: 'lamp',
      objects: { 3311: [0] },
    });
    await lamp.start();
    await eventually(
      () => reader.see(contentInstance, 'lamp/3311_0/5851/la'),
      (latest) => latest !== undefined,
    );
    expect(plain.cse.dump().join('\n')).not.toContain('-commands');
    await stopAll(lamp, reader, quiet, plain);
  });
});

it('what is older than the responses reach back is not carried out again when the bridge starts anew', async () => {
  const cse = await startEmbedded('acme');
  const few = { ...configuration, commands: { pollInterval: '1d', maxInstances: 1 } };
  let ipe = await startIpe(cse, few);
  const app = await Application.start(cse, 'commander');
  const executed: string[] = [];
  const start = async () => {
    const device = new SimulatedDevice({
      server: { host: '127.0.0.1', port: ipe.port },
      endpoint: 'dev',
      objects: { 1: [0], 3303: [0] },
      onEvent: (event) => {
        if (event.type === 'asked' && event.method === 'POST') executed.push(event.path);
      },
    });
    await device.start();
    await eventually(
      () => app.client.children(`${cse.base}/dev/3303_0/5605`, {}, OWN).catch(() => []),
      (children) => children.some(({ name }) => name === 'lwm2m-ipe-commands'),
    );
    return device;
  };
  const reset = () => app.client.create(contentInstance, `${cse.base}/dev/3303_0/5605`, { con: '' });
  const first = await start();
  const commander = new Commander(app, cse, 'dev');
  await commander.end((await reset()).ri);
  for (const id of ['1', '2', '3']) await commander.run({ id, operation: 'read', path: '/3303/0/5701' });
  await first.stop({ deregister: false });
  await ipe.stop();
  ipe = await startIpe(cse, few);
  const second = await start();
  await commander.end((await reset()).ri);
  expect(executed).toEqual(['/3303/0/5605', '/3303/0/5605']);
  await second.stop();
  await stopAll(app, ipe, cse);
});

it.each(['memory', 'lmdb'] as const)(
  'where somebody may command only from now on, the containers that stand there take commands (store: %s)',
  async (kind) => {
    const cse = await startEmbedded('acme');
    const app = await Application.start(cse, 'commander');
    const folder = await mkdtemp(join(tmpdir(), 'lwm2m-ipe-commands-'));
    const store = { kind, path: folder };
    const quiet = await startIpe(cse, { store });
    const { port } = quiet;
    const settings = { server: { host: '127.0.0.1', port }, endpoint: 'dev', objects: { 3311: [0] } };
    let device = new SimulatedDevice(settings);
    await device.start();
    await eventually(
      () => app.see(contentInstance, 'dev/3311_0/5851/la'),
      (latest) => latest !== undefined,
    );
    await quiet.stop();
    const ipe = await startIpe(cse, { ...configuration, store, lwm2m: { coap: { host: '127.0.0.1', port } } });
    if (kind === 'memory') {
      await device.stop({ deregister: false });
      device = new SimulatedDevice(settings);
      await device.start();
    }
    await eventually(
      () => app.client.children(`${cse.base}/dev/3311_0/5851`, {}, OWN),
      (children) => children.some(({ name }) => name === 'lwm2m-ipe-commands'),
    );
    const { ri } = await app.client.create(contentInstance, `${cse.base}/dev/3311_0/5851`, { con: 3 });
    expect(await new Commander(app, cse, 'dev').end(ri)).toMatchObject({ state: 'done' });
    await stopAll(device, app, ipe, cse);
    await rm(folder, { recursive: true });
  },
);
