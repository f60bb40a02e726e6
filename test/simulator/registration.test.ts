import { afterEach, describe, expect, it } from 'vitest';
import { type DeviceSettings, SimulatedDevice } from '../../simulator/index.ts';
import { ACCEPTING, ScriptedServer } from './scripted-server.ts';
import { SteppedClock } from './stepped-clock.ts';

const open: { close?(): void; stop?(how: object): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    await one.stop?.({ deregister: false });
    one.close?.();
  }
});

async function serve(...parameters: Parameters<typeof ScriptedServer.start>): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(...parameters);
  open.push(server);
  return server;
}

function device(server: ScriptedServer, settings: Partial<DeviceSettings> = {}): SimulatedDevice {
  const made = new SimulatedDevice({ server: server.server, endpoint: 'dev', random: () => 0, ...settings });
  open.push(made);
  return made;
}

describe('Register', () => {
  it('of LwM2M 1.1 carries its parameters, Q as a flag, and the links in format 40 (1.1 6.2.1)', async () => {
    const server = await serve();
    const made = device(server, {
      queueMode: true,
      lifetime: 60,
      smsNumber: '4912345',
      objects: { 1: [0], 3303: [1, 0], 5: [] },
    });
    expect((await made.register()).code).toBe('2.01');
    const request = await server.next();
    expect(request).toMatchObject({ method: 'POST', path: 'rd', contentFormat: 'application/link-format' });
    expect(request.query).toEqual(['lwm2m=1.1', 'ep=dev', 'lt=60', 'b=U', 'Q', 'sms=4912345']);
    expect(request.payload).toBe(
      '</>;rt="oma.lwm2m";ct="60 110 112 11542 11543",</1>;ver=1.1,</1/0>,</5>;ver=1.1,</3303/0>,</3303/1>',
    );
    expect(made.location).toBe('rd/1');
  });

  it('of LwM2M 1.0 has Q as a letter of the binding and lists no versions of its core objects', async () => {
    const server = await serve();
    await device(server, { version: '1.0', queueMode: true, objects: { 3: [0], 5: [] } }).register();
    const request = await server.next();
    expect(request.query).toEqual(['lwm2m=1.0', 'ep=dev', 'lt=300', 'b=UQ']);
    expect(request.payload).toBe('</>;rt="oma.lwm2m";ct=11543,</3/0>,</5>');
  });

  it('of LwM2M 1.2 leaves out a binding that says no more than UDP', async () => {
    const server = await serve();
    await device(server, { version: '1.2' }).register();
    expect((await server.next()).query).toEqual(['lwm2m=1.2', 'ep=dev', 'lt=300']);
  });

  it('lists everything below an alternate root path', async () => {
    const server = await serve();
    await device(server, { version: '1.0', rootPath: 'lwm2m', objects: { 3: [0] } }).register();
    expect((await server.next()).payload).toBe('</lwm2m>;rt="oma.lwm2m";ct=11543,</lwm2m/3/0>');
  });

  it('keeps an endpoint name whole that has the signs of a path and a query in it', async () => {
    const server = await serve(() => ({ code: '4.00' }));
    await device(server, { endpoint: 'a/b&c=d?' }).register();
    expect(Buffer.from(server.datagrams[0]?.bytes ?? '', 'hex').includes('ep=a/b&c=d?')).toBe(true);
  });

  it('sends 500 links in blocks (RFC 7959) and they arrive as one list', async () => {
    const server = await serve();
    await device(server, { extraObjects: 500 }).register();
    const { payload } = await server.next();
    expect(payload.split(',').length).toBeGreaterThan(500);
    expect(payload.endsWith('</26740/0>')).toBe(true);
    expect(server.datagrams.length).toBe(Math.ceil(payload.length / 1024));
  });

  it('speaks IPv6', async () => {
    const server = await serve(ACCEPTING, '::1');
    expect((await device(server).register()).code).toBe('2.01');
  });

  it('is rejected with simulator/timeout when nobody answers', async () => {
    const server = await serve(() => undefined);
    await expect(device(server, { responseTimeout: 30 }).register()).rejects.toMatchObject({
      code: 'simulator/timeout',
    });
  });
});

describe('a started device', () => {
  it('updates before its lifetime ends, again and again', async () => {
    const server = await serve();
    const clock = new SteppedClock();
    const made = device(server, { clock, lifetime: 100, updateAfter: 0.5, jitter: 0.2, random: () => 0.5 });
    await made.start();
    expect(await clock.step()).toBe(45_000);
    await server.next();
    expect(await server.next()).toMatchObject({ method: 'POST', path: 'rd/1', query: [], payload: '' });
    expect(await clock.step()).toBe(45_000);
    expect(await server.next()).toMatchObject({ method: 'POST', path: 'rd/1' });
  });

  it('registers again when an Update is answered 4.04', async () => {
    const clock = new SteppedClock();
    const server = await serve((request) => (request.path === 'rd/1' ? { code: '4.04' } : ACCEPTING(request)));
    await device(server, { clock }).start();
    await clock.step();
    await server.next();
    expect((await server.next()).path).toBe('rd/1');
    expect((await server.next()).path).toBe('rd');
  });

  it('waits for Max-Age after 5.03, longer than its own patience (RFC 7252 5.9.3.4)', async () => {
    const clock = new SteppedClock();
    let calls = 0;
    const server = await serve((request) => {
      calls += 1;
      return calls === 1 ? { code: '5.03', maxAge: 30 } : ACCEPTING(request);
    });
    const started = device(server, { clock, retry: { initial: 1_000, max: 60_000 } }).start();
    expect(await clock.step()).toBe(30_000);
    await started;
    expect(calls).toBe(2);
  });

  it('tries again with growing pauses while it is refused or not answered', async () => {
    const clock = new SteppedClock();
    let calls = 0;
    const server = await serve((request) => {
      calls += 1;
      if (calls === 1) return undefined;
      return calls < 4 ? { code: '4.03' } : ACCEPTING(request);
    });
    const started = device(server, { clock, responseTimeout: 30, retry: { initial: 1_000, max: 3_000 } }).start();
    expect([await clock.step(), await clock.step(), await clock.step()]).toEqual([1_000, 2_000, 3_000]);
    await started;
  });

  it('tells of an instance that came and of one that went, with the whole list', async () => {
    const server = await serve();
    const made = device(server, { version: '1.0', objects: { 3: [0], 3303: [0] } });
    await made.start();
    await made.addInstance(3303, 1);
    await made.removeInstance(3303, 0);
    await made.removeInstance(3303, 1);
    await server.next();
    const lists = [await server.next(), await server.next(), await server.next()].map(({ payload }) => payload);
    expect(lists.map((list) => list.split(',').slice(1).join())).toEqual([
      '</3/0>,</3303/0>,</3303/1>',
      '</3/0>,</3303/1>',
      '</3/0>',
    ]);
  });

  it('de-registers when it stops, and leaves no timer behind', async () => {
    const server = await serve();
    const clock = new SteppedClock();
    const made = device(server, { clock });
    await made.start();
    await made.stop();
    await server.next();
    expect(await server.next()).toMatchObject({ method: 'DELETE', path: 'rd/1' });
    expect([made.location, clock.running]).toEqual([undefined, 0]);
  });

  it('stops in bounded time when nobody answers', async () => {
    const server = await serve((request) => (request.path === 'rd' ? ACCEPTING(request) : undefined));
    const made = device(server);
    await made.start();
    await made.stop({ limit: 30 });
    expect(made.localPort).toBeUndefined();
  });

  it('sends one request at a time, however many are asked for (NSTART, RFC 7252 4.7)', async () => {
    const server = await serve();
    const made = device(server);
    await Promise.all([made.register(), made.update(), made.update({ lifetime: 20 }), made.deregister()]);
    expect(server.requests.map(({ method, path, query }) => `${method} ${path} ${query.at(-1) ?? ''}`)).toEqual([
      'POST rd b=U',
      'POST rd/1 ',
      'POST rd/1 lt=20',
      'DELETE rd/1 ',
    ]);
  });
});

describe('on demand a device', () => {
  it('never de-registers', async () => {
    const server = await serve();
    const made = device(server, { misbehaviour: { neverDeregister: true } });
    await made.start();
    await made.stop();
    expect(server.requests.map(({ method }) => method)).toEqual(['POST']);
  });

  it('falls silent: no Update comes, its timer does not even run', async () => {
    const server = await serve();
    const clock = new SteppedClock();
    await device(server, { clock, misbehaviour: { neverUpdate: true } }).start();
    expect(clock.running).toBe(0);
  });

  it('sends each datagram twice, byte for byte', async () => {
    const server = await serve();
    const made = device(server, { misbehaviour: { duplicate: true } });
    await made.register();
    await made.update();
    const [first, second, third, fourth] = server.datagrams.map(({ bytes }) => bytes);
    expect([first === second, third === fourth, first === third]).toEqual([true, true, false]);
  });

  it('uploads 500 links although every block and every acknowledgement comes twice', async () => {
    const server = await serve();
    const made = device(server, { extraObjects: 500, misbehaviour: { duplicate: true, reorder: 5 } });
    expect((await made.register()).code).toBe('2.01');
  });

  it('sends a malformed list, another format, any binding and unknown parameters', async () => {
    const server = await serve();
    const misbehaviour = { badPayload: true, contentFormat: 0, rawBinding: 'XYZ', extraQuery: ['mac=00:11'] };
    await device(server, { misbehaviour }).register();
    const request = await server.next();
    expect(request).toMatchObject({ payload: '</1/0>,</3/0>,</3303/', contentFormat: 'text/plain' });
    expect(request.query).toEqual(['lwm2m=1.1', 'ep=dev', 'lt=300', 'b=XYZ', 'mac=00:11']);
    await device(server, { misbehaviour: { contentFormat: 'none' } }).register();
    expect((await server.next()).contentFormat).toBeUndefined();
  });
});
