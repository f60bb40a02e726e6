import { describe, expect, test } from 'vitest';
import { type Operation, parsePath, type Report } from '../../../lwm2m/index.ts';
import { connect, pair, serve } from './bench-of-devices.ts';
import { content, type ScriptedDevice, type ServerRequest } from './scripted-device.ts';

const SENML_JSON = 110;
const read: Operation = { type: 'read', path: parsePath('/3/0/9') };
const observe: Operation = { type: 'observe', path: parsePath('/3303/0/5700') };
const name = (text: string) => Buffer.from(text);

/** Registers in the very bytes of a client; gives the path of the registration. */
async function register(
  device: ScriptedDevice,
  query: readonly string[],
  links: string,
  parts: { readonly token?: Buffer; readonly messageId?: number; readonly format?: number | undefined } = {},
): Promise<string> {
  const { token = Buffer.from('abcd'), messageId = 1 } = parts;
  const format = 'format' in parts ? parts.format : 40;
  const answered = device.reply(token);
  device.raw({
    code: 'POST',
    confirmable: true,
    messageId,
    token,
    options: [
      { name: 'Uri-Path', value: name('rd') },
      ...(format === undefined ? [] : [{ name: 'Content-Format', value: Buffer.from([format]) } as const]),
      ...query.map((text) => ({ name: 'Uri-Query', value: name(text) }) as const),
    ],
    payload: name(links),
  });
  const { code, location } = await answered;
  expect(code).toBe('2.01');
  return location;
}

/** A server that keeps what is reported, and an observed device of LwM2M 1.1. */
async function observed() {
  const reports: Report[] = [];
  const script = ({ observe: wish }: ServerRequest) => content('20', 0, wish === 0 ? 1 : undefined);
  const bench = await pair(script, {}, { report: (report) => void reports.push(report) });
  await bench.perform(observe);
  const { token } = bench.device.requests[0] as ServerRequest;
  return { ...bench, token, values: () => reports.flatMap(({ nodes }) => nodes.map(({ value }) => value)) };
}

describe('a Register as a client sends it', () => {
  test('Wakaama: a token of 4 bytes, a private object, the version on a bare link', async () => {
    const { server, port } = await serve();
    const device = await connect(port);
    const links = '</>;rt="oma.lwm2m";ct=110,</1>;ver=1.1,</1/0>,</3/0>,</31024>;ver=1.0,</31024/10>';
    await register(device, ['lwm2m=1.1', 'ep=wakaama', 'b=U', 'lt=60'], links);
    expect(server.registrations.byEndpoint('wakaama')?.objectLinks.links).toHaveLength(3);
  });

  test('Anjay: as 1.2, a token of 8 bytes, neither b nor a root link', async () => {
    const { server, port } = await serve();
    const device = await connect(port);
    const links = '</1/1>,</2>,</3/0>,</4/0>,</5/0>,</11>';
    await register(device, ['lwm2m=1.2', 'ep=anjay', 'lt=60'], links, { token: Buffer.from('12345678') });
    expect(server.registrations.byEndpoint('anjay')).toMatchObject({ version: '1.2', binding: 'U', queueMode: false });
  });

  test.each([
    ['1.1', ['lwm2m=1.1', 'lt=60', 'Q'], '</1/1>,</3/0>'],
    ['1.0', ['lwm2m=1.0', 'lt=60', 'b=UQ'], '</1>;ver="1.1",</1/1>,</3>;ver="1.2",</3/0>'],
  ])('Anjay: queue mode as %s', async (version, query, links) => {
    const { server, port } = await serve();
    const device = await connect(port);
    await register(device, ['ep=anjay', ...query], links);
    expect(server.registrations.byEndpoint('anjay')).toMatchObject({ version, queueMode: true });
  });

  test('Anjay: of a version that is not spoken, 4.12; then of one that is', async () => {
    const { server, port } = await serve();
    const device = await connect(port);
    const asked = { query: ['lwm2m=1.3', 'ep=anjay', 'lt=60'], format: 40, payload: '</3/0>' };
    expect((await device.ask('POST', 'rd', asked)).code).toBe('4.12');
    expect((await device.ask('POST', 'rd', { ...asked, query: ['lwm2m=1.1', ...asked.query.slice(1)] })).code).toBe(
      '2.01',
    );
    expect(server.registrations.byEndpoint('anjay')?.version).toBe('1.1');
  });

  test('coap-node: an unknown parameter, a flag attribute of the root link', async () => {
    const { server, port } = await serve();
    const device = await connect(port);
    const query = ['ep=coap-node', 'lt=60', 'lwm2m=1.0', 'mac=aa:bb:cc:dd:ee:ff'];
    await register(device, query, '</>;ct=11543;hb,</3/0>');
    expect(server.registrations.byEndpoint('coap-node')?.objectLinks.contentFormats).toEqual([11543]);
  });

  test('lwm2m-node-lib: no Content-Format at all', async () => {
    const { server, port } = await serve();
    const device = await connect(port);
    await register(device, ['ep=node-lib', 'lt=60', 'lwm2m=1.0'], '</3/0>,</3303/1>', { format: undefined });
    expect(server.registrations.byEndpoint('node-lib')?.objectLinks.links).toHaveLength(2);
  });

  test('clients that start in the same second with the same message id and token are two clients', async () => {
    const { server, port } = await serve();
    const devices = await Promise.all([connect(port), connect(port)]);
    const paths = await Promise.all(
      devices.map((device, index) => register(device, [`ep=twin-${index}`, 'lt=60', 'lwm2m=1.1'], '</3/0>')),
    );
    expect(new Set(paths).size).toBe(2);
    expect(server.registrations.byEndpoint('twin-0')?.peer.port).not.toBe(
      server.registrations.byEndpoint('twin-1')?.peer.port,
    );
  });

  test('a client that is answered 4.04 to an Update registers again, on the same socket', async () => {
    const { server, port } = await serve();
    const device = await connect(port);
    device.location = 'rd/unknown';
    expect(await device.update()).toBe('4.04');
    await device.register({ endpoint: 'again' });
    expect(server.registrations.byEndpoint('again')).toBeDefined();
  });
});

describe('messages that are not of the type of the textbook', () => {
  test('a notification in an acknowledgement is taken, its copies are not, and nothing is sent back', async () => {
    const { device, token, values, perform } = await observed();
    for (const [number, text] of [
      [2, '21'],
      [2, '21'],
      [3, '22'],
    ] as const) {
      const options = [{ name: 'Observe', value: Buffer.from([number]) } as const];
      device.raw({ code: '2.05', ack: true, messageId: 0x7000 + number, token, options, payload: name(text) });
    }
    await perform(read);
    expect(values()).toEqual([21, 22]);
    expect(device.resets).toEqual([]);
  });

  test('a notification in an acknowledgement under a token that the device was not given is nothing', async () => {
    const { device, values, perform } = await observed();
    const options = [{ name: 'Observe', value: Buffer.from([9]) } as const];
    const token = Buffer.from('87654321');
    device.raw({ code: '2.05', ack: true, messageId: 0x7001, token, options, payload: name('21') });
    await perform(read);
    expect([values(), device.resets]).toEqual([[], []]);
  });

  test('a notification without Observe is taken as it comes', async () => {
    const { device, token, values } = await observed();
    expect(await device.notify(token, { payload: '21', format: 0 })).toBe(true);
    expect(values()).toEqual([21]);
  });

  test('an empty acknowledgement or a reset that answers nothing changes nothing', async () => {
    const { device, token, values, perform } = await observed();
    device.raw({ code: '0.00', ack: true, messageId: 0x7001 });
    device.raw({ code: '0.00', reset: true, messageId: 0x7002 });
    expect(await perform(read)).toMatchObject({ kind: 'success' });
    expect(await device.notify(token, { payload: '21', format: 0, observe: 2 })).toBe(true);
    expect(values()).toEqual([21]);
  });

  test('a ping of the device is answered by a reset (RFC 7252 4.3)', async () => {
    const { port } = await serve();
    const device = await connect(port);
    const pinged = device.nextReset();
    device.raw({ code: '0.00', confirmable: true, messageId: 0x7001 });
    expect(await pinged).toEqual([0x7001]);
  });

  test('an answer that comes twice is one answer', async () => {
    const { device, perform } = await pair((request, self) => {
      self.answer(request, { ...content('95', 0), how: 'separate' });
      self.answer(request, { ...content('96', 0), how: 'separate' });
      return undefined;
    });
    expect(await perform(read)).toMatchObject({ nodes: [{ value: 95 }] });
    expect(device.requests).toHaveLength(1);
  });
});

describe('notifications of an instance', () => {
  test.each([1, 2])(
    'whose numbers start at %i, by NON and by CON, each with the changed resource alone',
    async (first) => {
      const reports: Report[] = [];
      const whole = '[{"bn":"/3303/0/","n":"5700","v":20},{"n":"5701","vs":"Cel"}]';
      const { device, perform, server } = await pair(
        ({ observe: wish }) => content(whole, SENML_JSON, wish === 0 ? first : undefined),
        {},
        { report: (report) => void reports.push(report) },
      );
      expect(await perform({ type: 'observe', path: parsePath('/3303/0') })).toMatchObject({ observing: true });
      const { token } = device.requests[0] as ServerRequest;
      const changed = (value: number) => ({ format: SENML_JSON, payload: `[{"n":"/3303/0/5700","v":${value}}]` });
      await device.notify(token, { ...changed(21), observe: first + 1, confirmable: false });
      expect(await device.notify(token, { ...changed(22), observe: first + 2 })).toBe(true);
      expect(reports.map(({ nodes }) => nodes.map(({ value }) => value))).toEqual([[21], [22]]);
      expect(server.observations('device')).toHaveLength(1);
    },
  );
});

test('a bootstrap request is answered 4.04 while there is no Bootstrap-Server, so that the client asks elsewhere', async () => {
  const { port } = await serve();
  const device = await connect(port);
  expect((await device.ask('GET', 'bspack', { query: ['ep=a'] })).code).toBe('4.04');
  expect((await device.ask('POST', 'bs', { query: ['ep=a', 'pct=112'] })).code).toBe('4.04');
});
