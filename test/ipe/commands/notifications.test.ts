import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../../common/index.ts';
import { CseClient, DIALECTS, ResourceType } from '../../../cse-client/index.ts';
import { Commands } from '../../../ipe/commands/commands.ts';
import { ObjectModels } from '../../../lwm2m/index.ts';
import { SimulatedDevice } from '../../../simulator/index.ts';
import { Commander } from '../../e2e/commands-suite.ts';
import { startEmbedded } from '../../support/cse-under-test.ts';
import { Device } from '../../support/device.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../../support/ipe.ts';

const { contentInstance, subscription } = ResourceType;
const configuration = {
  access: { command: ['Ccommander'] },
  commands: { pollInterval: '1d' },
  values: { mode: 'none' as const },
};

for (const dialect of ['standard', 'acme', 'mobius4', 'tinyiot'] as const) {
  it(`a notification of the embedded CSE as ${dialect} is enough for a command to be carried out`, async () => {
    const cse = await startEmbedded(dialect);
    const ipe = await startIpe(cse, configuration);
    const app = await Application.start(cse, 'commander');
    const device = new SimulatedDevice({ server: { host: '127.0.0.1', port: ipe.port }, endpoint: 'dev' });
    await device.start();
    const commander = new Commander(app, cse, 'dev');
    await commander.ready();
    for (const id of ['1', '2', '3']) {
      expect(await commander.run({ id, operation: 'read', path: '/3303/0/5701' })).toMatchObject({ value: 'Cel' });
    }
    await device.stop();
    await app.stop();
    await ipe.stop();
    await cse.stop();
  });
}

it('a notification tells that there is something to read, never what to do', async () => {
  const cse = await startEmbedded('acme');
  const ipe = await startIpe(cse, configuration);
  const app = await Application.start(cse, 'commander');
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
    const answer = await fetch(`http://127.0.0.1:${ipe.ready.http.port}/~/id-in/Clwm2m-ipe`, {
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
  await device.stop();
  await app.stop();
  await ipe.stop();
  await cse.stop();
});

it('what the CSE did not take while it was away is written when it is back, and nothing is done twice', async () => {
  const cse = await startEmbedded('acme');
  const ipe = await startIpe(cse, configuration);
  const app = await Application.start(cse, 'commander');
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
  await device.stop();
  await app.stop();
  await ipe.stop();
  await cse.stop();
}, 20_000);

describe('what comes through the HTTP door', () => {
  let client: CseClient;
  let commands: Commands;

  beforeEach(() => {
    client = new CseClient({
      url: 'http://127.0.0.1:9',
      originator: 'Cipe',
      releaseVersion: '3',
      timeout: 100,
      maxInFlight: 1,
    });
    const settings = {
      base: 'cse-in',
      originator: 'Cipe',
      resourceName: 'ipe',
      commanders: ['Capp'],
      readers: [],
      labels: { lwm2m: true, interworking: true, extra: [] },
      maxInstances: 10,
      pending: 10,
      expiry: 1000,
      pollInterval: 1_000_000,
    };
    const state = {
      cseBase: undefined,
      dialect: DIALECTS.acme,
      nodeCreation: 'none' as const,
      accessControlPolicy: 'acp',
      degraded: [],
    };
    commands = new Commands(settings, {
      client,
      cse: () => state,
      availability: { away: undefined, failed: () => undefined },
      presence: { generation: 1, restore: async () => false },
      models: () => ObjectModels.official(),
      perform: async () => ({ kind: 'gone' }),
      clock: systemClock,
      logger: silentLogger,
    });
  });
  afterEach(async () => {
    await commands.stop();
    await client.close();
  });

  const post = (content: unknown, path = '/~/id-in/Cipe', type = 'application/json') => {
    const body = typeof content === 'string' ? content : JSON.stringify(content);
    const headers = { 'x-m2m-ri': 'r1', 'x-m2m-origin': '/id-in', 'x-m2m-rvi': '3', 'content-type': type };
    const answer = commands.receive({ method: 'POST', path, query: '', headers, body });
    expect(answer.headers['X-M2M-RI']).toBe('r1');
    return Number(answer.headers['X-M2M-RSC']);
  };
  const event = { nev: { rep: { 'm2m:cin': { con: { operation: 'execute', path: '/3/0/5' } } }, net: 3 } };

  it('TS-0001 10.2.10.2: the verification of a subscription of ours is answered, that of another is refused', () => {
    expect(post({ 'm2m:sgn': { vrq: true, sur: '/id-in/sub1', cr: 'Cipe' } })).toBe(2000);
    expect(post({ 'm2m:sgn': { vrq: true, sur: '/id-in/sub1' } }, '/Cipe')).toBe(2000);
    expect(post({ 'm2m:sgn': { vrq: true, sur: '/id-in/sub1', cr: '/id-in/Cother' } })).toBe(4101);
    expect(commands.counters).toMatchObject({ notifications: 2, refusedNotifications: 1 });
  });

  it.each([
    ['a subscription that is not ours', { 'm2m:sgn': { ...event, sur: '/id-in/sub9' } }, '/~/id-in/Cipe', 4004],
    ['a subscription of another', { 'm2m:sgn': { ...event, sur: '/id-in/s', cr: 'Cx' } }, '/~/id-in/Cipe', 4101],
    ['another AE', { 'm2m:sgn': { ...event, sur: '/id-in/sub9' } }, '/~/id-in/Cother', 4004],
    ['nothing', {}, '/~/id-in/Cipe', 4000],
    ['what is no JSON', '{', '/~/id-in/Cipe', 4000],
  ])('a notification that names %s is refused and counted', (_what, content, path, rsc) => {
    expect(post(content, path)).toBe(rsc);
    expect(commands.counters).toMatchObject({ notifications: 0, refusedNotifications: 1, taken: 0 });
  });

  it('a CREATE is no notification, and XML no JSON', () => {
    expect(post({ 'm2m:cin': { con: 'x' } }, '/~/id-in/Cipe', 'application/json;ty=4')).toBe(4005);
    expect(post('<a/>', '/~/id-in/Cipe', 'application/xml')).toBe(4015);
  });
});

describe('a device that does not answer', () => {
  let cse: Awaited<ReturnType<typeof startEmbedded>>;
  let ipe: RunningIpe;
  let app: Application;

  beforeAll(async () => {
    cse = await startEmbedded('acme');
    ipe = await startIpe(cse, { ...configuration, commands: { pollInterval: '1d', expiry: '700ms', pending: 2 } });
    app = await Application.start(cse, 'commander');
  });
  afterAll(async () => {
    await app?.stop();
    await ipe?.stop();
    await cse?.stop();
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
    for (const id of ['1', '2', '3', '4']) await commander.put({ id, operation: 'read', path: '/3/0/0' });
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
    await commander.put({ id: '1', operation: 'read', path: '/3/0/0' });
    await commander.put({ id: '2', operation: 'read', path: '/3/0/0' });
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
  const door = await fetch(`http://127.0.0.1:${ipe.ready.http.port}/~/id-in/Clwm2m-ipe`, { method: 'POST' });
  expect(door.status).toBe(404);
  const dump = cse.cse.dump().join('\n');
  expect(dump).toContain('plain');
  for (const absent of ['requests', 'responses']) expect(dump).not.toContain(absent);
  device.close();
  await ipe.stop();
  await cse.stop();
});
