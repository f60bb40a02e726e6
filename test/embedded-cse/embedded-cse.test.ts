import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { RequestPrimitive } from '../../cse-client/index.ts';
import { EmbeddedCse } from '../../embedded-cse/index.ts';
import { Caller, type Subject } from '../contract/caller.ts';
import { Listener } from '../contract/listener.ts';
import { FakeClock } from './fake-clock.ts';
import { DELETE, InProcess, RETRIEVE, UPDATE } from './requests.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function running(options = {}): Promise<{ cse: EmbeddedCse; admin: Caller; url: string }> {
  const cse = new EmbeddedCse(options);
  const { url } = await cse.start();
  stops.push(() => cse.stop());
  const subject: Subject = {
    name: 'embedded',
    url,
    base: cse.cseBase,
    cseId: cse.cseId,
    admin: 'CAdmin',
    stop: async () => {},
  };
  return { cse, admin: new Caller(subject, 'CAdmin'), url };
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
    const clock = new FakeClock();
    const at = new InProcess({ clock, expirationInterval: 1_000 });
    await at.cse.start();
    stops.push(() => at.cse.stop());
    const path = await at.register('dev', { et: '20300101T001000' });
    await at.create(path, 'Cdev', 3, { 'm2m:cnt': { rn: 'c', et: '20300101T000500' } });
    clock.advance(299_000);
    expect((await at.ask(RETRIEVE, `${path}/c`, 'Cdev')).rsc).toBe(2000);
    clock.advance(2_000);
    expect((await at.ask(RETRIEVE, `${path}/c`, 'Cdev')).rsc).toBe(4004);
    expect((await at.ask(RETRIEVE, path, 'Cdev')).rsc).toBe(2000);
    clock.advance(301_000);
    expect((await at.ask(RETRIEVE, path, 'CAdmin')).rsc).toBe(4004);
  });

  it('between expirationTime and the scan a resource is read, takes no instances, and is revived by a new time', async () => {
    const clock = new FakeClock();
    const at = new InProcess({ clock, expirationInterval: 60_000 });
    await at.cse.start();
    stops.push(() => at.cse.stop());
    const path = await at.register('dev');
    await at.create(path, 'Cdev', 3, { 'm2m:cnt': { rn: 'c', et: '20300101T000010' } });
    clock.advance(20_000);
    expect((await at.ask(RETRIEVE, `${path}/c`, 'Cdev')).rsc).toBe(2000);
    expect((await at.create(`${path}/c`, 'Cdev', 4, { 'm2m:cin': { con: '1' } })).rsc).toBe(4000);
    const pc = { 'm2m:cnt': { et: '20300101T010000' } };
    expect((await at.ask(UPDATE, `${path}/c`, 'Cdev', { pc })).rsc).toBe(2004);
    clock.advance(120_000);
    expect((await at.ask(RETRIEVE, `${path}/c`, 'Cdev')).rsc).toBe(2000);
  });

  it('as Mobius4 nothing expires', async () => {
    const clock = new FakeClock();
    const at = new InProcess({ clock, dialect: 'mobius4' });
    await at.cse.start();
    stops.push(() => at.cse.stop());
    const path = await at.register('dev', { et: '20300101T000010' });
    clock.advance(3_600_000);
    expect((await at.ask(RETRIEVE, path, 'Cdev')).rsc).toBe(2000);
  });

  it('as ACME an AE whose node went first ends all expiry, as the standard it does not', async () => {
    for (const [dialect, rsc] of [
      ['acme', 2000],
      ['standard', 4004],
    ] as const) {
      const clock = new FakeClock();
      const at = new InProcess({ clock, dialect });
      await at.cse.start();
      stops.push(() => at.cse.stop());
      await at.create('cse-in', 'CAdmin', 14, { 'm2m:nod': { rn: 'n', ni: 'x' } });
      await at.register('broken', { nl: '/id-in/cse-in/n', et: '20300101T000010' });
      const path = await at.register('other', { et: '20300101T000020' });
      await at.ask(DELETE, 'cse-in/n', 'CAdmin');
      clock.advance(60_000);
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

describe('faults', () => {
  it('refuse answers a matching request with the code, n times, without touching the tree', async () => {
    const { cse, admin } = await running();
    const fault = cse.faults.refuse(4103, { op: 1, ty: 14 }, { times: 2 });
    const create = () => admin.create('cse-in', 14, { rn: 'n', ni: 'x' });
    const [first, second] = [await create(), await create()];
    expect([first.status, first.rsc, second.rsc, fault.hits]).toEqual([403, 4103, 4103, 2]);
    expect((await admin.retrieve('cse-in/n')).rsc).toBe(4004);
    expect((await create()).rsc).toBe(2001);
  });

  it('match by operation, type, originator and address', async () => {
    const { cse, admin } = await running();
    const { caller, path } = await admin.application();
    cse.faults.refuse(5000, { op: RETRIEVE, originator: 'CAdmin', to: /app/ });
    expect((await caller.retrieve(path)).rsc).toBe(2000);
    expect((await admin.retrieve('cse-in')).rsc).toBe(2000);
    expect((await admin.retrieve(path)).rsc).toBe(5000);
    cse.faults.clear();
    expect((await admin.retrieve(path)).rsc).toBe(2000);
  });

  it('delay makes answers late by the CSE’s clock', async () => {
    const clock = new FakeClock();
    const { cse, admin } = await running({ clock });
    cse.faults.delay(5_000, {}, { times: 1 });
    let answered = false;
    const asked = admin.retrieve('cse-in').then((answer) => {
      answered = true;
      return answer.rsc;
    });
    await expect.poll(() => cse.counters.requests).toBe(1);
    clock.advance(4_999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    clock.advance(1);
    expect(await asked).toBe(2000);
  });

  it('drop breaks the connection, before or after the request was carried out', async () => {
    const { cse, admin } = await running();
    cse.faults.drop({ op: 1 }, { times: 1 });
    await expect(admin.create('cse-in', 14, { rn: 'before', ni: 'x' })).rejects.toThrow();
    cse.faults.drop({ op: 1 }, { times: 1, after: true });
    await expect(admin.create('cse-in', 14, { rn: 'after', ni: 'x' })).rejects.toThrow();
    expect([(await admin.retrieve('cse-in/before')).rsc, (await admin.retrieve('cse-in/after')).rsc]).toEqual([
      4004, 2000,
    ]);
  });

  it('forget empties the CSE, as a restart does', async () => {
    const { cse, admin } = await running();
    const { path } = await admin.application();
    cse.faults.forget();
    expect((await admin.retrieve(path)).rsc).toBe(4004);
    expect((await admin.retrieve('cse-in')).rsc).toBe(2000);
  });

  it('may be taken back one by one', async () => {
    const { cse, admin } = await running();
    const fault = cse.faults.refuse(5000);
    fault.cancel();
    expect([(await admin.retrieve('cse-in')).rsc, fault.hits]).toEqual([2000, 0]);
  });
});

describe('whatever comes', () => {
  it('any primitive is answered with a response status code, and only success changes the tree', async () => {
    const word = fc.constantFrom(
      'cse-in',
      'dev',
      'c',
      'la',
      'fopt',
      '-',
      '',
      '..',
      '__proto__',
      'constructor',
      '/',
      'é',
    );
    const to = fc.array(word, { maxLength: 5 }).map((names) => names.join('/'));
    const name = fc.constantFrom(
      'm2m:ae',
      'm2m:cnt',
      'm2m:cin',
      'm2m:acp',
      'm2m:sub',
      'm2m:grp',
      'm2m:nod',
      '__proto__',
    );
    const attribute = fc.constantFrom(
      'rn',
      'lbl',
      'et',
      'con',
      'pv',
      'pvs',
      'enc',
      'mid',
      'nu',
      'acpi',
      'nl',
      'mni',
      'api',
      'cr',
      '__proto__',
    );
    const attributes = fc.dictionary(attribute, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 });
    const pc = fc.oneof(
      fc.jsonValue(),
      fc.tuple(name, attributes).map(([key, value]) => ({ [key]: value })),
    );
    const primitive = fc.record(
      {
        op: fc.constantFrom(1, 2, 3, 4, 5),
        to,
        fr: fc.constantFrom('Cdev', 'CAdmin', '', 'x', '/id-in/Cdev'),
        rqi: fc.constantFrom('r', ''),
        rvi: fc.constantFrom('3', '9'),
        ty: fc.integer({ min: -1, max: 30 }),
        pc,
        rcn: fc.integer({ min: -1, max: 12 }),
        fc: fc.record(
          {
            fu: fc.constantFrom(1, 2),
            lbl: fc.array(fc.string()),
            rn: fc.string(),
            lim: fc.integer(),
            lvl: fc.integer(),
            ofst: fc.integer(),
          },
          { requiredKeys: [] },
        ),
        rqet: fc.string(),
      },
      { requiredKeys: ['op', 'to', 'rqi'] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(primitive, { maxLength: 12 }), async (requests) => {
        const at = new InProcess({ notificationTimeout: 200 });
        const path = await at.register('dev');
        await at.create(path, 'Cdev', 3, { 'm2m:cnt': { rn: 'c' } });
        for (const request of requests) {
          const before = at.cse.dump().length;
          const answer = await at.cse.handle(request as unknown as RequestPrimitive);
          expect(answer.rsc).toBeGreaterThanOrEqual(2000);
          expect(answer.rsc === 5000 ? answer : undefined).toBeUndefined();
          if (answer.rsc >= 4000) expect(at.cse.dump().length).toBe(before);
          JSON.stringify(answer);
        }
        await at.cse.stop();
      }),
      { numRuns: 150 },
    );
  });

  it('any bytes over HTTP get an answer or an end, and the CSE goes on', async () => {
    const { admin } = await running();
    for (const path of [
      '/%',
      '/%ff%fe',
      '/~',
      '/_',
      '/~/',
      '/_/x',
      '//',
      '/cse-in?rcn=x',
      '/cse-in?ty=%00',
      `/${'a/'.repeat(2_000)}b`,
    ]) {
      const answer = await admin.send('GET', path);
      expect(answer.rsc).toBeGreaterThanOrEqual(4000);
    }
    expect((await admin.send('PATCH', '/cse-in')).rsc).toBe(4005);
    expect((await admin.retrieve('cse-in')).rsc).toBe(2000);
  });

  it('discovery by the label index finds what looking at everything finds, in the same order', async () => {
    const label = fc.constantFrom('a', 'b', 'c', 'd');
    const container = fc.record({ under: fc.nat(), lbl: fc.array(label, { minLength: 1, maxLength: 3 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(container, { maxLength: 25 }),
        fc.array(label, { minLength: 1, maxLength: 2 }),
        fc.option(fc.integer({ min: 1, max: 4 })),
        async (containers, wanted, lvl) => {
          const at = new InProcess();
          const paths = [await at.register('dev')];
          for (const [index, { under, lbl }] of containers.entries()) {
            const parent = paths[under % paths.length] ?? '';
            await at.create(parent, 'Cdev', 3, { 'm2m:cnt': { rn: `n${index}`, lbl } });
            paths.push(`${parent}/n${index}`);
          }
          const level = lvl === null ? {} : { lvl };
          const indexed = await at.ask(RETRIEVE, 'cse-in/dev', 'Cdev', { fc: { fu: 1, lbl: wanted, ...level } });
          // fo=2 with a single criterion means the same, and looks at everything.
          const walked = await at.ask(RETRIEVE, 'cse-in/dev', 'Cdev', { fc: { fu: 1, fo: 2, lbl: wanted, ...level } });
          expect(indexed.pc).toEqual(walked.pc);
        },
      ),
      { numRuns: 60 },
    );
  });
});
