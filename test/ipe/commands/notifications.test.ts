import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ResourceType } from '../../../cse-client/index.ts';
import { SimulatedDevice } from '../../../simulator/index.ts';
import { Commander } from '../../e2e/commands-suite.ts';
import { startEmbedded } from '../../support/cse-under-test.ts';
import { Device } from '../../support/device.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../../support/ipe.ts';
import { pointOfAccess } from '../../support/point-of-access.ts';
import { startStand, stopAll } from '../../support/stand.ts';

const { contentInstance, subscription } = ResourceType;
const configuration = {
  access: { command: ['Ccommander'] },
  commands: { pollInterval: '1d' },
  values: { mode: 'none' as const },
};

for (const dialect of ['standard', 'acme', 'mobius4', 'tinyiot'] as const) {
  it(`a notification of the embedded CSE as ${dialect} is enough for a command to be carried out`, async () => {
    const { cse, ipe, app } = await startStand(startEmbedded(dialect), configuration, 'commander');
    const device = new SimulatedDevice({ server: { host: '127.0.0.1', port: ipe.port }, endpoint: 'dev' });
    await device.start();
    const commander = new Commander(app, cse, 'dev');
    await commander.ready();
    for (const id of ['1', '2', '3']) {
      expect(await commander.run({ id, operation: 'read', path: '/3303/0/5701' })).toMatchObject({ value: 'Cel' });
    }
    await stopAll(device, app, ipe, cse);
  });
}

it('a notification tells that there is something to read, never what to do', async () => {
  const { cse, ipe, app } = await startStand(startEmbedded('acme'), configuration, 'commander');
  const asked: string[] = [];
  const device = new SimulatedDevice({
    server: { host: '127.0.0.1', port: ipe.port },
    endpoint: 'dev',
    onEvent: (event) => {
      if (event.type === 'asked') asked.push(event.path);
    },
  });
  await device.start();
  const commander = new Commander(app, cse, 'dev');
  await commander.ready();
  const own = { originator: 'Clwm2m-ipe' };
  const { ri } = await app.client.retrieve(subscription, `${cse.base}/dev/requests/lwm2m-ipe`, own);
  const con = { id: 'forged', operation: 'execute', path: '/3/0/4' };
  const forged = { nev: { rep: { 'm2m:cin': { ri: 'cinForged', con } }, net: 3 }, sur: `/id-in/${ri}` };
  for (const body of [{ 'm2m:sgn': forged }, { 'm2m:agn': { 'm2m:sgn': [forged, forged] } }]) {
    const answer = await fetch(`${await pointOfAccess(app.client, cse.base)}/~/id-in/Clwm2m-ipe`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/vnd.onem2m-ntfy+json', 'X-M2M-RI': 'x', 'X-M2M-Origin': '/id-in' },
      body: JSON.stringify(body),
    });
    expect(answer.headers.get('X-M2M-RSC')).toBe('2000');
    expect(answer.headers.get('X-M2M-RI')).toBe('x');
  }
  await commander.run({ id: 'real', operation: 'read', path: '/3/0/0' });
  expect(asked).toEqual(['/3/0/0']);
  expect(await commander.said('forged')).toEqual([]);
  await stopAll(device, app, ipe, cse);
});

it('what the CSE did not take while it was away is written when it is back, and nothing is done twice', async () => {
  const { cse, ipe, app } = await startStand(startEmbedded('acme'), configuration, 'commander');
  const asked: string[] = [];
  const device = new SimulatedDevice({
    server: { host: '127.0.0.1', port: ipe.port },
    endpoint: 'dev',
    onEvent: (event) => {
      if (event.type !== 'asked') return;
      asked.push(event.path);
      if (event.path === '/3/0/4') away = cse.cse.stop();
    },
  });
  let away: Promise<void> | undefined;
  await device.start();
  const commander = new Commander(app, cse, 'dev');
  await commander.ready();
  await commander.put({ id: '1', operation: 'execute', path: '/3/0/4' });
  await eventually(
    async () => away,
    () => away !== undefined,
  );
  await away;
  await cse.cse.start();
  expect(await commander.end('1')).toMatchObject({ state: 'done', code: '2.04' });
  expect(await commander.run({ id: '2', operation: 'read', path: '/3/0/0' })).toMatchObject({ state: 'done' });
  expect(asked).toEqual(['/3/0/4', '/3/0/0']);
  await stopAll(device, app, ipe, cse);
}, 20_000);

describe('a device that does not answer', () => {
  let cse: Awaited<ReturnType<typeof startEmbedded>>;
  let ipe: RunningIpe;
  let app: Application;

  beforeAll(async () => {
    ({ cse, ipe, app } = await startStand(
      startEmbedded('acme'),
      { ...configuration, commands: { pollInterval: '1d', expiry: '1500ms', pending: 2 } },
      'commander',
    ));
  });
  afterAll(async () => {
    await stopAll(app, ipe, cse);
  });
  const silent = async (endpoint: string) => {
    const device = await Device.open(ipe.port);
    await device.register({ endpoint });
    const commander = new Commander(app, cse, endpoint);
    await commander.ready();
    return { device, commander };
  };

  it('fails its command in time; those behind it are queued, expire, or fail where too many wait', async () => {
    const { device, commander } = await silent('slow');
    const read = { operation: 'read', path: '/3/0/0' };
    // Longer than those behind it, which therefore never have their turn.
    await commander.put({ id: '1', ...read, expires: soon(4_000) });
    for (const id of ['2', '3', '4']) await commander.put({ id, ...read });
    expect(await commander.end('1')).toMatchObject({ state: 'failed', rsc: 4008 });
    const states = async (id: string) => (await commander.said(id)).map(({ state }) => state).sort();
    expect(await commander.end('2')).toMatchObject({ state: 'expired', rsc: 4008 });
    expect(await commander.end('4')).toMatchObject({ state: 'failed', rsc: 5103, reason: 'too many commands wait' });
    expect(await states('1')).toEqual(['failed', 'sent']);
    expect(await states('2')).toEqual(['expired', 'queued']);
    await device.deregister();
    device.close();
  });

  it('gets its last words said when it leaves, before its tree goes', async () => {
    const { device, commander } = await silent('leaver');
    const heard: { state: string; id: string; rsc: number }[] = [];
    const target = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const con = JSON.parse(body)['m2m:sgn'].nev?.rep['m2m:cin'].con;
        if (con !== undefined) heard.push(con);
        response.setHeader('X-M2M-RSC', '2000').end();
      });
    });
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
    const { port } = target.address() as { port: number };
    await app.client.create(subscription, `${cse.base}/leaver/responses`, {
      nu: [`http://127.0.0.1:${port}`],
      enc: { net: [3] },
    });
    const read = { operation: 'read', path: '/3/0/0', expires: soon(60_000) };
    for (const id of ['1', '2']) await commander.put({ id, ...read });
    await eventually(
      async () => heard.map(({ state }) => state).sort(),
      (states) => states.includes('sent') && states.includes('queued'),
    );
    expect(await device.deregister()).toMatchObject({ code: '2.02' });
    await eventually(
      async () => heard.filter(({ state, rsc }) => state === 'failed' && rsc === 6005).map(({ id }) => id),
      (ids) => ids.includes('1') && ids.includes('2'),
    );
    expect(await app.see(contentInstance, 'leaver/responses/la')).toBeUndefined();
    device.close();
    target.closeAllConnections();
    target.close();
  });

  it('keeps an IPE that stops no longer than it must, and its command is told to have failed', async () => {
    const { device, commander } = await silent('stopped');
    await commander.put({ id: '1', operation: 'read', path: '/3/0/0', expires: '20991231T000000' });
    await eventually(
      () => commander.said('1'),
      (said) => said.length > 0,
    );
    await ipe.stop();
    expect(await commander.end('1')).toMatchObject({ state: 'failed', rsc: 5103 });
    device.close();
  });
});

it('where access.command names nobody there are no such containers, policies and doors', async () => {
  const cse = await startEmbedded('acme');
  const ipe = await startIpe(cse);
  const device = await Device.open(ipe.port);
  await device.register({ endpoint: 'plain', links: '</3/0>' });
  expect(ipe.ready.commandsFrom).toEqual([]);
  const app = await Application.start(cse, 'app');
  const poa = await pointOfAccess(app.client, cse.base);
  await app.stop();
  const door = await fetch(`${poa}/~/id-in/Clwm2m-ipe`, { method: 'POST' });
  expect(door.status).toBe(404);
  const dump = cse.cse.dump().join('\n');
  expect(dump).toContain('plain');
  for (const absent of ['requests', 'responses']) expect(dump).not.toContain(absent);
  device.close();
  await ipe.stop();
  await cse.stop();
});

/** A time so many milliseconds from now, as requests take it. */
function soon(milliseconds: number): string {
  const [date = '', fraction = ''] = new Date(Date.now() + milliseconds).toISOString().slice(0, -1).split('.');
  return `${date.replaceAll(/[-:]/g, '')},${fraction}`;
}
