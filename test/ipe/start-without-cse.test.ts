import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../common/index.ts';
import { type DialectName, Operation, ResourceType } from '../../cse-client/index.ts';
import { EmbeddedCse, type Faults } from '../../embedded-cse/index.ts';
import { LmdbStore } from '../../ipe/store/lmdb-store.ts';
import { RECORD_FORMATS } from '../../ipe/store/records.ts';
import { AnsweringDevice } from '../e2e/answering-device.ts';
import { collectingLogger } from '../support/collecting-logger.ts';
import { type CseUnderTest, startEmbedded } from '../support/cse-under-test.ts';
import { Device } from '../support/device.ts';
import { Application, eventually, health, type Overrides, type RunningIpe, startIpe } from '../support/ipe.ts';
import { temporaryDirectory } from './store/temporary-store.ts';

const { ae, container, contentInstance } = ResourceType;
const ADMINISTRATOR = { originator: 'CAdmin' };
/** Milliseconds. */
const LIMIT = 15_000;

let cse: CseUnderTest & { cse: EmbeddedCse };
let app: Application;
let ipe: RunningIpe | undefined;
let path: string;
let log: ReturnType<typeof collectingLogger>;
const ends: (() => unknown)[] = [];

beforeEach(async () => {
  cse = await startEmbedded('standard');
  app = await Application.start(cse);
  path = temporaryDirectory();
});

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await ipe?.stop();
  ipe = undefined;
  await app.stop();
  await cse.stop();
});

/** Starts with the state of the last run, on its port. */
async function start(overrides: Overrides = {}): Promise<RunningIpe> {
  log = collectingLogger();
  const coap = { host: '127.0.0.1', port: ipe?.port ?? 0 };
  ipe = await startIpe(
    cse,
    {
      access: { command: ['Capp'] },
      lwm2m: { coap },
      store: { kind: 'lmdb', path },
      ...overrides,
      cse: { timeout: '1s', ...overrides.cse },
    },
    log.logger,
  );
  return ipe;
}

/** Another CSE where the first one was, empty but for the application; silent for the IPE until its faults are cleared. */
async function replace(identity: Partial<{ cseId: string; dialect: DialectName }> = {}): Promise<Faults> {
  const { url, base: cseBase, adminOriginator } = cse;
  const other = new EmbeddedCse({
    ...{ host: '127.0.0.1', port: Number(new URL(url).port), dialect: 'standard', cseId: '/id-in' },
    ...{ cseBase, adminOriginator },
    ...identity,
  });
  await other.start();
  other.faults.drop({ originator: 'Clwm2m-ipe' });
  cse = { ...cse, cse: other, stop: () => other.stop() };
  await app.stop();
  app = await Application.start(cse);
  return other.faults;
}

async function device(): Promise<Device> {
  const opened = await Device.open(ipe?.port ?? 0);
  ends.push(() => opened.close());
  return opened;
}

/** A device of an earlier run, which ended when that container of its commands was there. */
async function leftBehind(commands: 'requests' | 'responses'): Promise<Device> {
  await start();
  const known = await device();
  await known.register({ endpoint: 'known' });
  await eventually(
    () => app.see(container, `known/${commands}`),
    (found) => found !== undefined,
  );
  await ipe?.stop();
  return known;
}

async function sensorOf(value: number): Promise<AnsweringDevice> {
  const opened = await AnsweringDevice.open(ipe?.port ?? 0);
  ends.push(() => opened.close());
  opened.holds('/3303/0', [{ n: '5700', v: value }]);
  return opened;
}

const asked = () => health(ipe as RunningIpe);

const isReady = () => eventually(asked, ({ status }) => status === 'ready', LIMIT);
const named = (endpoint: string) => app.find(`LWM2MEP:${endpoint}`);
const has = (endpoint: string, ...containers: string[]) =>
  eventually(
    () => named(endpoint).catch(() => [] as string[]),
    (found) => [...containers, endpoint, `node-${endpoint}`].every((name) => found.includes(name)),
    LIMIT,
  );
const said = (message: string) => log.said(message);

describe('a start while the CSE that an earlier run knew is silent', { timeout: 60_000 }, () => {
  it('serves its devices and takes new ones; when the CSE is there all is done that a start does', async () => {
    await start();
    const [sensor, leaves] = [await sensorOf(1), await device()];
    expect(await sensor.register('sensor', { links: '</1/0>,</3303/0>' })).toBe('2.01');
    await leaves.register({ endpoint: 'leaves' });
    const latest = () => app.see(contentInstance, 'sensor/3303_0/5700/la');
    await eventually(latest, (found) => found?.con === 1);
    await eventually(
      () => app.see(container, 'sensor/requests'),
      (found) => found !== undefined,
    );
    await ipe?.stop();
    // What happens meanwhile is found later.
    await app.client.delete(`${cse.base}/sensor/1_0`, ADMINISTRATOR);
    const con = { id: 'one', operation: 'write', path: '/3303/0/5750', value: 'hall' };
    await app.client.create(contentInstance, `${cse.base}/sensor/requests`, { con });
    const before = await app.client.retrieve(ae, `${cse.base}/lwm2m-ipe`, ADMINISTRATOR);
    const away = cse.cse.faults.drop({});
    const { ready } = await start();
    expect(ready.cse).toMatchObject({
      title: 'a oneM2M CSE /id-in',
      away: expect.stringContaining('closed the connection'),
    });
    expect(ready.store.restored).toBe(2);
    expect(said('the CSE is away; devices are served as in the last run')).toHaveLength(1);
    expect(await asked()).toMatchObject({
      status: 'degraded',
      reasons: [
        expect.stringMatching(/^CSE away since .*: CSE at http/),
        'what a start does on the CSE is still to be done: this run goes by what the last one knew',
      ],
    });
    const fresh = await device();
    expect(await sensor.update()).toBe('2.04');
    expect(await sensor.notify('/3303/0', [{ n: '5700', v: 2 }])).toBe('ack');
    expect(await leaves.deregister()).toMatchObject({ code: '2.02' });
    expect(await fresh.register({ endpoint: 'fresh' })).toMatchObject({ code: '2.01' });
    // That of the one which is new, and the longer life of the other.
    expect((await asked()).reasons).toContain('2 registrations wait for the CSE');
    expect(away.hits).toBeGreaterThan(0);
    cse.cse.faults.clear();
    await isReady();
    await has('sensor', '1_0', '3303_0');
    await has('fresh', '1_0', '3_0');
    await eventually(
      () => named('leaves'),
      (found) => found.length === 0,
    );
    await eventually(latest, (found) => found?.con === 2);
    await eventually(
      async () => sensor.requests,
      (requests) => requests.some((request) => request.includes('/3303/0/5750')),
    );
    const own = await app.client.retrieve(ae, `${cse.base}/lwm2m-ipe`, ADMINISTRATOR);
    // Notifications reach this run alone by the address that it has told.
    expect(own.poa).not.toEqual(before.poa);
    expect(said('registered at the CSE')).toHaveLength(1);
    expect(said('the CSE is not what it was')).toEqual([]);
  });

  it('waits for nothing where requests are never answered, but for one timeout', async () => {
    await start();
    const known = await device();
    await known.register({ endpoint: 'known' });
    await ipe?.stop();
    cse.cse.faults.hang({});
    const { ready } = await start({ cse: { timeout: '200ms', startTimeout: '10m' } });
    expect(ready.cse.away).toContain('200 ms');
    expect(await known.update()).toMatchObject({ code: '2.04' });
    cse.cse.faults.clear();
    await isReady();
    await has('known', '1_0', '3_0');
  });

  it.each(['its AE', 'its policies'])('goes on when it falls silent in the middle, at %s', async (moment) => {
    const known = await leftBehind('requests');
    cse.cse.faults.drop(moment === 'its policies' ? { to: /acp-.*-requests/ } : { op: Operation.create, ty: ae });
    const { ready } = await start();
    expect(ready.cse.away).toContain('closed the connection');
    expect(await known.update()).toMatchObject({ code: '2.04' });
    cse.cse.faults.clear();
    await isReady();
    await has('known', '1_0', '3_0');
  });

  it.each([
    ['its AE', { op: Operation.create, ty: ae }],
    ['its policies', { to: /acp-.*-responses/ }],
  ])('bears a refusal that may pass, at %s', async (_, match) => {
    const known = await leftBehind('responses');
    const refused = cse.cse.faults.refuse(5000, match, { times: 2 });
    const { ready } = await start({ cse: { startTimeout: '10s' } });
    expect(refused.hits).toBe(2);
    expect(ready.cse.away).toBeUndefined();
    expect(said('waiting for the CSE')).toHaveLength(1);
    expect(await known.update()).toMatchObject({ code: '2.04' });
    await isReady();
  });

  it.each(['acme', 'mobius4', 'tinyiot'] as const)('knows how to speak to it: %s', async (dialect) => {
    await app.stop();
    await cse.stop();
    cse = await startEmbedded(dialect);
    app = await Application.start(cse);
    await start();
    const known = await device();
    await known.register({ endpoint: 'known' });
    await ipe?.stop();
    cse.cse.faults.drop({ originator: 'Clwm2m-ipe' });
    const before = ipe?.ready.cse;
    const { ready } = await start();
    expect(ready.cse).toEqual({ ...before, away: expect.stringContaining('closed the connection') });
    const fresh = await device();
    await fresh.register({ endpoint: 'fresh' });
    cse.cse.faults.clear();
    await isReady();
    for (const endpoint of ['known', 'fresh']) {
      await eventually(
        () => named(endpoint),
        (found) => ['1_0', '3_0', endpoint].every((name) => found.includes(name)),
        LIMIT,
      );
    }
    expect(said('the CSE is not what it was')).toEqual([]);
  });

  it('an empty CSE that comes back gets everything, also of devices that say nothing', async () => {
    await start();
    const silent = await device();
    await silent.register({ endpoint: 'silent' });
    await ipe?.stop();
    await cse.stop();
    expect((await start()).ready.cse.away).toContain('refused');
    (await replace()).clear();
    await has('silent', '1_0', '3_0');
    await isReady();
  });

  it('another CSE that comes in its place is named, gets everything, and loses nothing that it had', async () => {
    await start();
    const silent = await device();
    await silent.register({ endpoint: 'silent' });
    await ipe?.stop();
    await cse.stop();
    const faults = await replace({ cseId: '/id-other' });
    faults.clear();
    // An IPE of the same name was there.
    const their = await startIpe(cse);
    const theirs = await Device.open(their.port);
    await theirs.register({ endpoint: 'theirs' });
    theirs.close();
    await their.stop();
    faults.drop({ originator: 'Clwm2m-ipe' });
    await start();
    faults.clear();
    await has('silent', '1_0', '3_0');
    await isReady();
    expect(said('the CSE is not what it was')[0]?.[1]).toMatchObject({
      changed: expect.arrayContaining(['CSE-ID: /id-in before, /id-other now']),
    });
    const compared = await eventually(
      async () => said('what is on the CSE has been compared'),
      (found) => found.length > 0,
      LIMIT,
    );
    expect(compared[0]?.[1]).toMatchObject({ damaged: 1, deleted: 0 });
    await has('theirs', '1_0', '3_0');
  });

  it('a CSE of another kind is served, and health asks for a start', async () => {
    await start();
    await ipe?.stop();
    await cse.stop();
    await start();
    (await replace({ cseId: '/Mobius4', dialect: 'mobius4' })).clear();
    const found = await eventually(asked, ({ reasons }) => reasons.some((reason) => reason.startsWith('started for')));
    expect(found.reasons).toContain('started for a oneM2M CSE, and the CSE is Mobius4 now: start lwm2m-ipe anew');
    expect(found.missing).toContain('AE-IDs are cut to 30 characters');
  });

  it('one that answers and refuses is told once in the log, and asked again', async () => {
    await start();
    const known = await device();
    await known.register({ endpoint: 'known' });
    await ipe?.stop();
    cse.cse.faults.drop({});
    await start();
    cse.cse.faults.clear();
    const refused = cse.cse.faults.refuse(4103, { originator: 'Clwm2m-ipe' });
    await eventually(
      async () => refused.hits,
      (hits) => hits > 4,
      LIMIT,
    );
    expect(said('the CSE answers, but lets the IPE not begin')).toHaveLength(1);
    expect(await known.update()).toMatchObject({ code: '2.04' });
    cse.cse.faults.clear();
    await isReady();
    await has('known', '1_0', '3_0');
  });
});

describe('a start is refused, though an earlier run knew the CSE,', () => {
  beforeEach(async () => {
    await start();
    await ipe?.stop();
  });

  it('where the CSE refuses', async () => {
    cse.cse.faults.refuse(4103, { op: Operation.create });
    await expect(start()).rejects.toMatchObject({ code: 'cse/refused' });
  });

  it('where devices are to be refused while the CSE is away', async () => {
    cse.cse.faults.drop({});
    await expect(start({ cse: { whenAway: 'refuse' } })).rejects.toMatchObject({ code: 'cse/unreachable' });
  });

  it.each([
    { cse: { originator: 'Cother' } },
    { names: { ipe: 'other' } },
    { cse: { releaseVersion: '4' } },
  ] satisfies Overrides[])('where it was known otherwise: %o', async (overrides) => {
    cse.cse.faults.drop({});
    await expect(start(overrides)).rejects.toMatchObject({ code: 'cse/unreachable' });
  });

  it('where what is remembered cannot be read', async () => {
    const newer = { ...RECORD_FORMATS.cse, version: 2, migrations: { 1: (json: unknown) => json } };
    const store = LmdbStore.open({ path, logger: silentLogger, formats: { ...RECORD_FORMATS, cse: newer } });
    // What an older version wrote is written anew.
    expect([...store.entries('cse')]).toHaveLength(1);
    await store.close();
    cse.cse.faults.drop({});
    await expect(start()).rejects.toMatchObject({ code: 'cse/unreachable' });
    expect(said('a damaged record was put aside')).toHaveLength(1);
  });

  it('where another CSE answers in its place and then falls silent', async () => {
    await cse.stop();
    const faults = await replace({ cseId: '/id-other' });
    faults.clear();
    faults.drop({ op: Operation.create });
    await expect(start()).rejects.toMatchObject({ code: 'cse/unreachable' });
  });
});

it('a start without anything remembered is refused while the CSE is silent', async () => {
  cse.cse.faults.drop({});
  await expect(start()).rejects.toMatchObject({ code: 'cse/unreachable' });
  cse.cse.faults.clear();
});

it('another CSE that answers at a start is named, and gets everything anew', async () => {
  await start();
  const known = await device();
  await known.register({ endpoint: 'known' });
  await ipe?.stop();
  await cse.stop();
  (await replace({ cseId: '/id-other' })).clear();
  await start();
  expect(said('the CSE is not what it was')).toHaveLength(1);
  expect(said('not the CSE of the last run: everything is made anew')).toHaveLength(1);
  await has('known', '1_0', '3_0');
});
