import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { generate, type OptionName, type ParsedPacket, parse } from 'coap-packet';
import { afterEach, describe, expect, test } from 'vitest';
import { type Answer, Lwm2mServer, type Lwm2mServerOptions, type RegistrationHandler } from '../../lwm2m/index.ts';
import { ACCEPT } from '../support/registration.ts';

const LINKS = '</1/0>, </3/0>;ver=1.1, </3303/0>';
const open: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Sent {
  readonly code: string;
  readonly path: string;
  readonly query?: readonly string[];
  readonly format?: number;
  readonly payload?: string;
  readonly messageId?: number;
}

/** A device with a socket of its own that writes and reads bare CoAP messages. */
class Device {
  private static messageId = 1;
  private readonly socket: Socket;
  private readonly port: number;

  private constructor(socket: Socket, port: number) {
    this.socket = socket;
    this.port = port;
  }

  static async at(server: { port: number }, family: 'udp4' | 'udp6' = 'udp4'): Promise<Device> {
    const socket = createSocket(family);
    socket.bind(0, family === 'udp4' ? '127.0.0.1' : '::1');
    await once(socket, 'listening');
    socket.connect(server.port, family === 'udp4' ? '127.0.0.1' : '::1');
    await once(socket, 'connect');
    open.push(() => socket.close());
    return new Device(socket, socket.address().port);
  }

  get localPort(): number {
    return this.port;
  }

  send({ code, path, query = [], format, payload = '', messageId = Device.messageId++ }: Sent): void {
    const options: { name: OptionName; value: Buffer }[] = [];
    for (const segment of path.split('/').slice(1)) options.push({ name: 'Uri-Path', value: Buffer.from(segment) });
    if (format !== undefined) options.push({ name: 'Content-Format', value: Buffer.from([format]) });
    for (const option of query) options.push({ name: 'Uri-Query', value: Buffer.from(option) });
    const token = Buffer.from([1, 2, 3, 4]);
    this.socket.send(generate({ code, confirmable: true, messageId, token, options, payload: Buffer.from(payload) }));
  }

  async received(): Promise<ParsedPacket> {
    const [datagram] = await once(this.socket, 'message');
    return parse(datagram as Buffer);
  }

  async ask(request: Sent): Promise<{ code: string; location: string; format: number | undefined; text: string }> {
    const answer = this.received();
    this.send(request);
    return readable(await answer);
  }

  async register(name: string, query: readonly string[] = []): Promise<string> {
    const { code, location } = await this.ask({
      code: 'POST',
      path: '/rd',
      query: [`ep=${name}`, ...query],
      format: 40,
      payload: LINKS,
    });
    expect(code).toBe('2.01');
    return location;
  }
}

function readable({ code, options, payload }: ParsedPacket) {
  const path = options?.filter(({ name }) => name === 'Location-Path').map(({ value }) => `/${String(value)}`);
  const format = options?.find(({ name }) => name === 'Content-Format')?.value as Buffer | undefined;
  return { code, location: (path ?? []).join(''), format: format?.[0], text: payload.toString() };
}

async function serve(handler: Partial<RegistrationHandler> = {}, options: Partial<Lwm2mServerOptions> = {}) {
  const server = new Lwm2mServer(
    { coap: { host: '127.0.0.1', port: 0 }, lifetime: { min: 1, max: 100_000, default: 86_400 }, ...options },
    { ...ACCEPT, ...handler },
  );
  const { address, port } = await server.start();
  open.push(() => server.stop(0));
  return { server, address, port };
}

describe('a device on the wire', () => {
  test('registers, updates and leaves', async () => {
    const { server, port } = await serve();
    const device = await Device.at({ port });
    const location = await device.register('urn:imei:1', ['lt=60', 'lwm2m=1.1', 'b=U']);
    expect(location).toMatch(/^\/rd\/[\w-]{22}$/);
    expect(server.registrations.byEndpoint('urn:imei:1')).toMatchObject({
      lifetime: 60,
      peer: { address: '127.0.0.1', port: device.localPort },
      objectLinks: { links: [{ objectId: 1 }, { objectId: 3, version: '1.1' }, { objectId: 3303 }] },
    });
    expect((await device.ask({ code: 'POST', path: location, query: ['lt=90'] })).code).toBe('2.04');
    expect(server.registrations.byEndpoint('urn:imei:1')?.lifetime).toBe(90);
    expect((await device.ask({ code: 'DELETE', path: location })).code).toBe('2.02');
    expect((await device.ask({ code: 'POST', path: location })).code).toBe('4.04');
    expect(server.registrations.size).toBe(0);
    expect(server.counters.registration).toMatchObject({
      registrations: 1,
      updates: 1,
      deregistrations: 1,
      refusals: { '4.04': 1 },
    });
    expect(server.counters.coap.received).toBe(4);
  });

  test('may update by PUT, as drafts of LwM2M 1.0 had it', async () => {
    const { port } = await serve();
    const device = await Device.at({ port });
    expect((await device.ask({ code: 'PUT', path: await device.register('a') })).code).toBe('2.04');
  });

  test('that changes its port is known by its new one after an Update', async () => {
    const { server, port } = await serve();
    const [before, after] = [await Device.at({ port }), await Device.at({ port })];
    const location = await before.register('a');
    expect((await after.ask({ code: 'POST', path: location })).code).toBe('2.04');
    expect(server.registrations.byEndpoint('a')?.peer.port).toBe(after.localPort);
  });

  test('is served on IPv6 and IPv4 by one server on ::', async () => {
    const { server, port, address } = await serve({}, { coap: { host: '::', port: 0 } });
    if (address !== '::') return;
    await (await Device.at({ port }, 'udp6')).register('six');
    await (await Device.at({ port }, 'udp4')).register('four');
    expect(server.registrations.byEndpoint('six')?.peer.address).toBe('::1');
    expect(server.registrations.byEndpoint('four')?.peer.address).toBe('::ffff:127.0.0.1');
  });

  test('that sends its Register again gets the same answer and is registered once', async () => {
    const { server, port } = await serve();
    const device = await Device.at({ port });
    const register: Sent = {
      code: 'POST',
      path: '/rd',
      query: ['ep=a'],
      format: 40,
      payload: LINKS,
      messageId: 0xbeef,
    };
    const first = await device.ask(register);
    expect(await device.ask(register)).toEqual(first);
    expect(server.counters.registration.registrations).toBe(1);
    expect(server.counters.coap.duplicates).toBe(1);
  });

  test('that sends its Register again while the first is being handled is registered once, and answered separately', async () => {
    let decide: (answer: undefined) => void = () => {};
    const decision = new Promise<undefined>((resolve) => {
      decide = resolve;
    });
    const { server, port } = await serve({ register: (): Answer => decision }, { transmission: { patience: 200 } });
    const device = await Device.at({ port });
    const register: Sent = {
      code: 'POST',
      path: '/rd',
      query: ['ep=a'],
      format: 40,
      payload: LINKS,
      messageId: 0xbeef,
    };
    device.send(register);
    device.send(register);
    expect(await device.received()).toMatchObject({ code: '0.00', ack: true });
    const answer = device.received();
    decide(undefined);
    expect(await answer).toMatchObject({ code: '2.01', confirmable: true });
    expect(server.counters.registration.registrations).toBe(1);
  });

  test('learns in one line what is wrong with its Register', async () => {
    const { port } = await serve();
    const device = await Device.at({ port });
    const refused = (query: string[], format = 40, payload = LINKS) =>
      device.ask({ code: 'POST', path: '/rd', query, format, payload });
    expect(await refused([])).toMatchObject({ code: '4.00', text: 'ep is missing' });
    expect(await refused(['ep=a', 'lwm2m=1.3'])).toMatchObject({ code: '4.12' });
    expect(await refused(['ep=a'], 50)).toMatchObject({ code: '4.15' });
    expect(await refused(['ep=a'], 40, '</1')).toMatchObject({
      code: '4.00',
      text: expect.stringContaining('unfinished target'),
    });
  });

  test('finds /rd in /.well-known/core, and can filter by rt', async () => {
    const { port } = await serve();
    const device = await Device.at({ port });
    const discover = (...query: string[]) => device.ask({ code: 'GET', path: '/.well-known/core', query });
    const whole = { code: '2.05', format: 40, text: '</rd>;rt="core.rd";ct=40' };
    expect(await discover()).toMatchObject(whole);
    expect(await discover('rt=core.rd')).toMatchObject(whole);
    expect(await discover('rt=other')).toMatchObject({ code: '2.05', text: '' });
  });

  test('is answered 4.05 for a method and 4.04 for a path that do not exist', async () => {
    const { port } = await serve();
    const device = await Device.at({ port });
    const code = async (method: string, path: string) => (await device.ask({ code: method, path })).code;
    const location = await device.register('a');
    for (const [method, path] of [
      ['GET', '/rd'],
      ['PUT', '/rd'],
      ['DELETE', '/rd'],
      ['GET', location],
      ['POST', '/.well-known/core'],
    ] as const) {
      expect([method, path, await code(method, path)]).toEqual([method, path, '4.05']);
    }
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/x'],
      ['POST', '/bs'],
      ['POST', '/dp'],
      ['POST', '/rd/unknown'],
      ['DELETE', '/rd/a/b'],
    ] as const) {
      expect([method, path, await code(method, path)]).toEqual([method, path, '4.04']);
    }
  });
});

describe('the server', () => {
  test('serves resources that are added to its own', async () => {
    const { port } = await serve(
      {},
      {
        routes: [
          {
            path: ['dp'],
            methods: { POST: ({ payload }) => ({ code: '2.04', payload }) },
            link: { target: '/dp', attributes: [{ name: 'ct', value: '110 112' }] },
          },
        ],
      },
    );
    const device = await Device.at({ port });
    expect(await device.ask({ code: 'POST', path: '/dp', payload: 'x' })).toMatchObject({ code: '2.04', text: 'x' });
    const list = '</rd>;rt="core.rd";ct=40,</dp>;ct="110 112"';
    // A query without `=` filters nothing; it makes the question long enough for the whole answer (RFC 7252 11.3).
    const query = ['x'.repeat(40)];
    expect((await device.ask({ code: 'GET', path: '/.well-known/core', query })).text).toBe(list);
    expect(list.startsWith((await device.ask({ code: 'GET', path: '/.well-known/core' })).text)).toBe(true);
  });

  test('lets an answer that is under way finish when it stops', async () => {
    let decide: (answer: undefined) => void = () => {};
    let asked: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { server, port } = await serve({
      register: (): Answer => {
        asked();
        return new Promise((resolve) => {
          decide = resolve;
        });
      },
    });
    const device = await Device.at({ port });
    const answer = device.received();
    device.send({ code: 'POST', path: '/rd', query: ['ep=a'], format: 40, payload: LINKS });
    await begun;
    const stopped = server.stop(5_000);
    decide(undefined);
    expect((await answer).code).toBe('2.01');
    await stopped;
  });

  test('says which port is in use', async () => {
    const { port } = await serve();
    await expect(serve({}, { coap: { host: '127.0.0.1', port } })).rejects.toMatchObject({ code: 'coap/port-in-use' });
  });
});
