import { afterEach, describe, expect, it } from 'vitest';
import { EmbeddedCse, type EmbeddedCseOptions } from '../../embedded-cse/index.ts';
import { Listener } from '../contract/listener.ts';
import { HeldClock } from '../support/held-clock.ts';
import { DELETE, InProcess, RETRIEVE, UPDATE } from './requests.ts';
import { type Running, startEmbeddedCse } from './running.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function running(options: EmbeddedCseOptions = {}): Promise<Running> {
  const started = await startEmbeddedCse(options);
  stops.push(() => started.cse.stop());
  return started;
}

describe('life of the embedded CSE', () => {
  it('listens on a free port and tells its address', async () => {
    const cse = new EmbeddedCse({ cseId: 'mine', cseBase: 'base', adminOriginator: 'CBoss' });
    const { address, port, url } = await cse.start();
    stops.push(() => cse.stop());
    expect([address, url]).toEqual(['127.0.0.1', `http://127.0.0.1:${port}`]);
    const headers = { 'X-M2M-Origin': 'CBoss', 'X-M2M-RI': '1', 'X-M2M-RVI': '3' };
    const answer = (await (await fetch(`${url}/base`, { headers })).json()) as Record<string, Record<string, unknown>>;
    expect(answer['m2m:cb']).toMatchObject({ csi: '/mine', rn: 'base', poa: [url] });
  });

  it('says in one line that its port is in use', async () => {
    const { url } = await running();
    const second = new EmbeddedCse({ port: Number(new URL(url).port) });
    await expect(second.start()).rejects.toMatchObject({
      code: 'cse/listen',
      message: expect.stringMatching(/in use$/),
    });
    await second.stop();
  });

  it('stops with connections open and requests that hang, and may be stopped twice', async () => {
    const { cse, admin } = await running();
    cse.faults.hang();
    const asked = admin.retrieve('cse-in').catch((error: Error) => error.name);
    await expect.poll(() => cse.counters.requests).toBe(1);
    await cse.stop();
    expect(await asked).toMatch(/Error/);
    await cse.stop();
  });

  it('after a stop it listens on the same port again, with what it held, and notifies', async () => {
    const { cse, admin, url } = await running();
    const listener = await Listener.start();
    stops.push(() => listener.stop());
    const { caller, path } = await admin.application();
    await caller.create(path, 23, { nu: [listener.url], enc: { net: [3] } });
    await cse.stop();
    await expect(admin.retrieve('cse-in')).rejects.toThrow();
    expect((await cse.start()).url).toBe(url);
    expect((await caller.create(path, 3, { rn: 'c' })).rsc).toBe(2001);
    await listener.until(() => listener.notifications.length === 1);
  });

  it('counts requests and answers', async () => {
    const { cse, admin } = await running();
    await admin.retrieve('cse-in');
    await admin.retrieve('cse-in/nothing');
    expect([cse.counters.requests, [...cse.counters.answers]]).toEqual([
      2,
      [
        [2000, 1],
        [4004, 1],
      ],
    ]);
  });

  it('draws its tree for a person', async () => {
    const at = new InProcess();
    const path = await at.register('dev', { apn: 'urn:dev', lbl: ['a', 'b'] });
    await at.create(path, 'Cdev', 3, { 'm2m:cnt': { rn: '3_0', lbl: ['LWM2MURI:/3/0'] } });
    await at.create(`${path}/3_0`, 'Cdev', 4, { 'm2m:cin': { con: '21.5' } });
    await at.create(path, 'Cdev', 23, { 'm2m:sub': { rn: 's', nu: ['Cdev'] } });
    expect(at.cse.dump()).toEqual([
      'cse-in <cb> csi=/id-in',
      '├─ acpCreateRootResources <acp>',
      '├─ acpRetrieveCSEBase <acp>',
      '├─ CAdmin <ae> aei=CAdmin',
      '└─ dev <ae> aei=Cdev apn=urn:dev [a, b]',
      '   ├─ 3_0 <cnt> [LWM2MURI:/3/0] = 21.5 (1)',
      '   └─ s <sub> net=1 nu=Cdev',
    ]);
  });

  it('reset forgets everything but itself', async () => {
    const at = new InProcess();
    const before = at.cse.dump();
    const path = await at.register('dev');
    await at.create('cse-in', 'Cleak', 2, { 'm2m:ae': { rn: 'dev', api: 'Nx', rr: false, srv: ['3'] } });
    at.cse.reset();
    expect(at.cse.dump()).toEqual(before);
    expect((await at.ask(RETRIEVE, path, 'CAdmin')).rsc).toBe(4004);
    await at.register('leak');
  });
});

describe('expiry on the clock that it is given', () => {
  it('deletes within one interval of expirationTime, and not before', async () => {
    const clock = new HeldClock(0, Date.UTC(2030, 0, 1));
    const at = new InProcess({ clock, expirationInterval: 1_000 });
    await at.cse.start();
    stops.push(() => at.cse.stop());
    const path = await at.register('dev', { et: '20300101T001000' });
    await at.create(path, 'Cdev', 3, { 'm2m:cnt': { rn: 'c', et: '20300101T000500' } });
    clock.pass(299_000);
    expect((await at.ask(RETRIEVE, `${path}/c`, 'Cdev')).rsc).toBe(2000);
    clock.pass(2_000);
    expect((await at.ask(RETRIEVE, `${path}/c`, 'Cdev')).rsc).toBe(4004);
    expect((await at.ask(RETRIEVE, path, 'Cdev')).rsc).toBe(2000);
    clock.pass(301_000);
    expect((await at.ask(RETRIEVE, path, 'CAdmin')).rsc).toBe(4004);
  });

  it('between expirationTime and the scan a resource is read, takes no instances, and is revived by a new time', async () => {
    const clock = new HeldClock(0, Date.UTC(2030, 0, 1));
    const at = new InProcess({ clock, expirationInterval: 60_000 });
    await at.cse.start();
    stops.push(() => at.cse.stop());
    const path = await at.register('dev');
    await at.create(path, 'Cdev', 3, { 'm2m:cnt': { rn: 'c', et: '20300101T000010' } });
    clock.pass(20_000);
    expect((await at.ask(RETRIEVE, `${path}/c`, 'Cdev')).rsc).toBe(2000);
    expect((await at.create(`${path}/c`, 'Cdev', 4, { 'm2m:cin': { con: '1' } })).rsc).toBe(4000);
    const pc = { 'm2m:cnt': { et: '20300101T010000' } };
    expect((await at.ask(UPDATE, `${path}/c`, 'Cdev', { pc })).rsc).toBe(2004);
    clock.pass(120_000);
    expect((await at.ask(RETRIEVE, `${path}/c`, 'Cdev')).rsc).toBe(2000);
  });

  it('as Mobius4 nothing expires', async () => {
    const clock = new HeldClock(0, Date.UTC(2030, 0, 1));
    const at = new InProcess({ clock, dialect: 'mobius4' });
    await at.cse.start();
    stops.push(() => at.cse.stop());
    const path = await at.register('dev', { et: '20300101T000010' });
    clock.pass(3_600_000);
    expect((await at.ask(RETRIEVE, path, 'Cdev')).rsc).toBe(2000);
  });

  it('as ACME an AE whose node went first ends all expiry, as the standard it does not', async () => {
    for (const [dialect, rsc] of [
      ['acme', 2000],
      ['standard', 4004],
    ] as const) {
      const clock = new HeldClock(0, Date.UTC(2030, 0, 1));
      const at = new InProcess({ clock, dialect });
      await at.cse.start();
      stops.push(() => at.cse.stop());
      await at.create('cse-in', 'CAdmin', 14, { 'm2m:nod': { rn: 'n', ni: 'x' } });
      await at.register('broken', { nl: '/id-in/cse-in/n', et: '20300101T000010' });
      const path = await at.register('other', { et: '20300101T000020' });
      await at.ask(DELETE, 'cse-in/n', 'CAdmin');
      clock.pass(60_000);
      expect((await at.ask(RETRIEVE, path, 'CAdmin')).rsc).toBe(rsc);
    }
  });
});

describe('bounds', () => {
  it('beyond maxResources a CREATE is 5000 and nothing is changed', async () => {
    const at = new InProcess({ maxResources: 6 });
    const path = await at.register('dev');
    expect((await at.create(path, 'Cdev', 3, { 'm2m:cnt': { rn: 'a' } })).rsc).toBe(2001);
    expect((await at.create(path, 'Cdev', 3, { 'm2m:cnt': { rn: 'b' } })).rsc).toBe(5000);
    expect(at.cse.counters.resources).toBe(6);
    await at.ask(DELETE, `${path}/a`, 'Cdev');
    expect((await at.create(path, 'Cdev', 3, { 'm2m:cnt': { rn: 'b' } })).rsc).toBe(2001);
  });

  it('a body above the limit is 4000 and the connection goes on', async () => {
    const { admin } = await running();
    const answer = await admin.create('cse-in', 3, { rn: 'big', or: 'x'.repeat(1_100_000) });
    expect(answer.rsc).toBe(4000);
    expect((await admin.retrieve('cse-in')).rsc).toBe(2000);
  });

  it('content nested too deeply is 4000', async () => {
    const at = new InProcess();
    const path = await at.register('dev');
    await at.create(path, 'Cdev', 3, { 'm2m:cnt': { rn: 'c' } });
    let con: unknown = 1;
    for (let i = 0; i < 200; i++) con = [con];
    expect((await at.create(`${path}/c`, 'Cdev', 4, { 'm2m:cin': { con } })).rsc).toBe(4000);
  });

  it('notifications beyond the queue are dropped and counted', async () => {
    const at = new InProcess({ maxQueuedNotifications: 2, notificationTimeout: 2_000 });
    const listener = await Listener.start();
    stops.push(() => listener.stop());
    const path = await at.register('dev');
    await at.create(path, 'Cdev', 3, { 'm2m:cnt': { rn: 'c' } });
    await at.create(`${path}/c`, 'Cdev', 23, { 'm2m:sub': { nu: [listener.url], enc: { net: [3] } } });
    listener.reply = () => ({ silent: true });
    for (let i = 0; i < 50; i++) await at.create(`${path}/c`, 'Cdev', 4, { 'm2m:cin': { con: '1' } });
    expect(at.cse.counters.notifications.dropped).toBe(50 - 32 - 2);
    await at.cse.stop();
  });

  it('a target that never answers fails after its time', async () => {
    const at = new InProcess({ notificationTimeout: 100 });
    const listener = await Listener.start();
    stops.push(() => listener.stop());
    listener.reply = () => ({ silent: true });
    const path = await at.register('dev');
    expect((await at.create(path, 'Cdev', 23, { 'm2m:sub': { nu: [listener.url] } })).rsc).toBe(5204);
    await at.cse.stop();
  });
});
