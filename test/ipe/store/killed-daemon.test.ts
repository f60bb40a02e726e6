import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { CseClient, Operation, ResourceType } from '../../../cse-client/index.ts';
import { EmbeddedCse } from '../../../embedded-cse/index.ts';
import { observable, senml, tokenOf } from '../../lwm2m/observation/observed-device.ts';
import { ScriptedDevice } from '../../lwm2m/operation/scripted-device.ts';
import { startEmbedded } from '../../support/cse-under-test.ts';
import { buildCommandLine, type CommandLine, type Running } from '../cli/command-line.ts';
import { temporaryDirectory } from './temporary-store.ts';

let command: CommandLine;
let cse: Awaited<ReturnType<typeof startEmbedded>>;
let client: CseClient;
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  command = await buildCommandLine();
  cse = await startEmbedded('standard');
  const { url, adminOriginator: originator } = cse;
  client = new CseClient({ url, originator, releaseVersion: '3', timeout: 5_000, maxInFlight: 4 });
});

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

afterAll(async () => {
  await client.close();
  await cse.stop();
  command.dispose();
});

/** `lwm2m-ipe run` with a store, on the CSE or another one. */
async function run(
  path: string,
  port = 0,
  url = cse.url,
): Promise<{ running: Running; port: number; restored: number; cseAway: unknown }> {
  const running = command.start(['run'], {
    env: {
      IPE_CSE_URL: url,
      IPE_CSE_BASE: cse.base,
      IPE_STORE_KIND: 'lmdb',
      IPE_STORE_PATH: path,
      IPE_LWM2M_COAP_HOST: '127.0.0.1',
      IPE_LWM2M_COAP_PORT: `${port}`,
      IPE_HTTP_PORT: '0',
      IPE_LOG_FORMAT: 'json',
      IPE_ACCESS_COMMAND: 'CAdmin',
    },
  });
  ends.push(() => kill(running));
  const ready = JSON.parse(await running.line((line) => line.includes('"ready"'))) as Record<string, number>;
  return { running, port: ready.coapPort as number, restored: ready.restored as number, cseAway: ready.cseAway };
}

async function kill({ child, finished }: Running): Promise<void> {
  child.kill('SIGKILL');
  await finished;
}

async function device(port: number): Promise<ScriptedDevice> {
  const opened = await ScriptedDevice.open(port, observable());
  ends.push(() => opened.close());
  return opened;
}

/** Asks until the answer is there. */
async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const ae = (name: string) => client.retrieve(ResourceType.ae, `${cse.base}/${name}`);
const latest = (name: string) =>
  client.retrieve(ResourceType.contentInstance, `${cse.base}/${name}/3303_0/5700/la`).then(({ con }) => con);

it('a daemon killed in the middle goes on where it was: devices notice nothing', { timeout: 60_000 }, async () => {
  const path = join(temporaryDirectory(), 'store');
  const before = await run(path);
  expect(before.restored).toBe(0);
  const [stays, leaves, dies] = [await device(before.port), await device(before.port), await device(before.port)];
  await stays.register({ endpoint: 'stays', links: '</1/0>,</3303/0>' });
  await leaves.register({ endpoint: 'leaves' });
  await leaves.deregister();
  await eventually(() => latest('stays'));
  await dies.register({ endpoint: 'dies', lifetime: 3 });
  const { ri } = await ae('stays');
  const observation = stays.requests.find(({ path, observe }) => path === '/3303/0' && observe === 0);
  await kill(before.running);

  const askedBefore = stays.requests.length;
  const after = await run(path, before.port);
  expect(after.restored).toBe(2);
  // The one whose time ran on meanwhile goes, as does its tree.
  await eventually(async () => (await ae('dies').catch(() => 'gone')) === 'gone' || undefined);
  expect(await dies.update()).toBe('4.04');
  expect(await leaves.update()).toBe('4.04');
  // Its observation is known by its token, and its values reach the CSE.
  expect(await stays.notify(tokenOf(observation), { ...senml(42), observe: 5 })).toBe(true);
  await eventually(async () => (JSON.stringify(await latest('stays')).includes('42') ? true : undefined));
  expect(await stays.update()).toBe('2.04');
  expect((await ae('stays')).ri).toBe(ri);
  expect(stays.requests.length).toBe(askedBefore);
  expect(await stays.deregister()).toBe('2.02');
  await eventually(async () => (await ae('stays').catch(() => 'gone')) === 'gone' || undefined);
});

it.each(['SIGKILL', 'SIGTERM'] as const)(
  'values that were acknowledged and that the CSE has not got are there after %s and a start, once and in order',
  {
    timeout: 60_000,
  },
  async (signal) => {
    const path = join(temporaryDirectory(), 'store');
    const name = `reports-${signal}`;
    const before = await run(path);
    const reporter = await device(before.port);
    await reporter.register({ endpoint: name, links: '</3303/0>' });
    await eventually(() => latest(name));
    const observation = reporter.requests.find(({ path, observe }) => path === '/3303/0' && observe === 0);
    const creation = { op: Operation.create, ty: ResourceType.contentInstance };
    // The first is stored there, and its answer never comes; those that follow are not even asked for.
    cse.cse.faults.hang(creation, { times: 1, after: true });
    const away = cse.cse.faults.hang(creation);
    for (const value of [1, 2, 3]) {
      expect(await reporter.notify(tokenOf(observation), { ...senml(value), observe: value + 5 })).toBe(true);
    }
    expect((await reporter.send(110, senml(4).payload)).code).toBe('2.04');
    before.running.child.kill(signal);
    await before.running.finished;

    away.cancel();
    await run(path, before.port);
    const values = async () => {
      const children = await client.children(`${cse.base}/${name}/3303_0/5700`);
      const instances = children.filter(({ type }) => type === ResourceType.contentInstance);
      const contents = instances.map(({ value }) => client.retrieve(ResourceType.contentInstance, value));
      return (await Promise.all(contents)).map(({ con }) => con);
    };
    await eventually(async () => ((await latest(name)) === 4 ? true : undefined));
    expect(await values()).toEqual([0, 1, 2, 3, 4]);
  },
);

it('values of a device that was leaving when the bridge was killed reach the CSE before its tree goes', {
  timeout: 60_000,
}, async () => {
  const path = join(temporaryDirectory(), 'store');
  const before = await run(path);
  const leaver = await device(before.port);
  await leaver.register({ endpoint: 'leaver', links: '</3303/0>', lifetime: 5 });
  await eventually(() => latest('leaver'));
  const observation = leaver.requests.find(({ observe }) => observe === 0);
  const stuck = cse.cse.faults.hang({ op: Operation.create, ty: ResourceType.contentInstance });
  for (const value of [1, 2, 3]) {
    expect(await leaver.notify(tokenOf(observation), { ...senml(value), observe: value + 5 })).toBe(true);
  }
  void leaver.deregister().catch(() => undefined);
  await eventually(async () => ((await leaver.update()) === '4.04' ? true : undefined));
  expect((await ae('leaver')).apn).toBe('leaver');
  await kill(before.running);

  stuck.cancel();
  // Time to look, for the tree goes as soon as its last value is there.
  const slow = cse.cse.faults.delay(6_000, { op: Operation.delete });
  await run(path, before.port);
  await eventually(async () => ((await latest('leaver')) === 3 ? true : undefined));
  slow.cancel();
  await eventually(async () => (await ae('leaver').catch(() => 'gone')) === 'gone' || undefined);
});

it('a notification in blocks that was not had whole is not acknowledged before a kill, and taken after it', {
  timeout: 60_000,
}, async () => {
  const path = join(temporaryDirectory(), 'store');
  const before = await run(path);
  const sensor = await device(before.port);
  await sensor.register({ endpoint: 'in-blocks', links: '</3303/0>' });
  await eventually(() => latest('in-blocks'));
  const observation = sensor.requests.find(({ observe }) => observe === 0);
  const whole = JSON.stringify([
    { n: '/3303/0/5700', v: 77 },
    { n: '/3303/0/5701', vs: 'C'.repeat(30) },
  ]);
  const piece = (number: number) => ({
    code: '2.05',
    format: 110,
    payload: whole.slice(number * 64, (number + 1) * 64),
    block2: (number << 4) | (number === 0 ? 8 : 0) | 2,
  });
  let acknowledged = false;
  sensor.script = () => ({ how: 'nothing' });
  const asked = sensor.requests.length;
  void sensor.notify(tokenOf(observation), { ...piece(0), observe: 5 }).then(() => {
    acknowledged = true;
  });
  await sensor.asked(asked + 1);
  await kill(before.running);
  expect(acknowledged).toBe(false);

  await run(path, before.port);
  sensor.script = () => piece(1);
  expect(await sensor.notify(tokenOf(observation), { ...piece(0), observe: 5 })).toBe(true);
  await eventually(async () => ((await latest('in-blocks')) === 77 ? true : undefined));
});

/** All that stands on the disk for a store. */
function stored(path: string): string {
  const files = readdirSync(path).map((name) => join(path, name));
  return files.map((file) => readFileSync(file, 'latin1')).join('');
}

/** The states of the responses to a request, and the Writes that the device got. */
async function commanded(name: string, commandedDevice: ScriptedDevice) {
  const children = await client.children(`${cse.base}/${name}/responses`);
  const contents = children
    .filter(({ type }) => type === ResourceType.contentInstance)
    .map(({ value }) => client.retrieve(ResourceType.contentInstance, value));
  const states = (await Promise.all(contents)).map(({ con }) => (con as { state: string }).state);
  const writes = commandedDevice.requests.filter(({ path }) => path === '/3311/0/5851').length;
  return { states: states.sort(), writes };
}

it.each([
  ['that a device has carried out', '</3311/0>', 'U', '2.04', ['done', 'sent']],
  ['that has left for a device in queue mode', '</3311/0>', 'UQ', undefined, ['failed']],
] as const)(
  'a command %s, of which the CSE could not be told, has one final state after a kill',
  {
    timeout: 60_000,
  },
  async (_what, links, binding, code, expected) => {
    const path = join(temporaryDirectory(), 'store');
    const name = `commanded-${binding}`;
    const before = await run(path);
    const lamp = await device(before.port);
    const answered = lamp.script;
    const told = { op: Operation.create, ty: ResourceType.contentInstance, to: /responses/ };
    const hang = () => cse.cse.faults.hang(told);
    let away: ReturnType<typeof hang> | undefined;
    if (code === undefined) away = hang();
    lamp.script = (request, itself) => {
      if (request.path !== '/3311/0/5851') return answered(request, itself);
      away ??= hang();
      return code === undefined ? { how: 'nothing' } : { code };
    };
    const query = [`ep=${name}`, 'lt=300', 'lwm2m=1.0', `b=${binding}`];
    await lamp.ask('POST', 'rd', { query, format: 40, payload: links });
    const con = { id: 'one', operation: 'write', path: '/3311/0/5851', value: 30 };
    await eventually(() => client.create(ResourceType.contentInstance, `${cse.base}/${name}/requests`, { con }));
    await eventually(async () => (away !== undefined && away.hits > 0 ? true : undefined));
    await eventually(async () => (lamp.requests.some(({ path }) => path === '/3311/0/5851') ? true : undefined));
    const recorded = code === undefined ? '"state":"sent"' : '"state":"final"';
    await eventually(async () => (stored(path).includes(recorded) ? true : undefined));
    await kill(before.running);

    away?.cancel();
    await run(path, before.port);
    await eventually(async () => ((await commanded(name, lamp)).states.length === expected.length ? true : undefined));
    expect(await commanded(name, lamp)).toEqual({ states: expected, writes: 1 });
  },
);

it('a daemon killed while the CSE is gone, too, serves its devices again before the CSE is there', {
  timeout: 60_000,
}, async () => {
  const path = join(temporaryDirectory(), 'store');
  const options = { host: '127.0.0.1', dialect: 'standard', cseId: cse.cseId, cseBase: cse.base } as const;
  const { adminOriginator } = cse;
  const gone = new EmbeddedCse({ ...options, adminOriginator, port: 0 });
  const { url } = await gone.start();
  const before = await run(path, 0, url);
  expect(before.cseAway).toBeUndefined();
  const [known, fresh] = [await device(before.port), await device(before.port)];
  await known.register({ endpoint: 'known' });
  await gone.stop();
  await kill(before.running);

  const after = await run(path, before.port, url);
  expect(after).toMatchObject({ restored: 1, cseAway: expect.stringContaining('connection refused') });
  expect(await known.update()).toBe('2.04');
  await fresh.register({ endpoint: 'fresh' });
  await kill(after.running);

  // What was accepted without the CSE outlives a kill without it.
  const again = await run(path, before.port, url);
  expect(again.restored).toBe(2);
  const back = new EmbeddedCse({ ...options, adminOriginator, port: Number(new URL(url).port) });
  await back.start();
  ends.push(() => back.stop());
  const administrator = new CseClient({
    url,
    originator: adminOriginator,
    releaseVersion: '3',
    timeout: 5_000,
    maxInFlight: 1,
  });
  ends.push(() => administrator.close());
  for (const name of ['known', 'fresh']) {
    await eventually(() => administrator.retrieve(ResourceType.ae, `${cse.base}/${name}`));
    await eventually(() => administrator.retrieve(ResourceType.container, `${cse.base}/${name}/3303_0`));
  }
  expect(await fresh.deregister()).toBe('2.02');
});

it('a second daemon with the same store says that another process uses it', { timeout: 60_000 }, async () => {
  const path = join(temporaryDirectory(), 'store');
  await run(path);
  const second = await command.run(['run'], {
    env: { IPE_CSE_URL: cse.url, IPE_STORE_KIND: 'lmdb', IPE_STORE_PATH: path, IPE_HTTP_PORT: '0' },
  });
  expect(second.code).toBe(1);
  expect(second.stderr).toBe(`lwm2m-ipe: store ${path}: another process uses it; give each its own store.path\n`);
});

it('after an orderly stop the state is there, too', { timeout: 60_000 }, async () => {
  const path = join(temporaryDirectory(), 'store');
  const before = await run(path);
  const client = await device(before.port);
  await client.register({ endpoint: 'orderly', links: '</3/0>' });
  before.running.child.kill('SIGTERM');
  await once(before.running.child, 'close');
  const after = await run(path, before.port);
  expect(after.restored).toBe(1);
  expect(await client.update()).toBe('2.04');
});
