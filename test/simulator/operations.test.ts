import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Node, Operation, Outcome, Path } from '../../lwm2m/index.ts';
import { parsePath } from '../../lwm2m/index.ts';
import { type DeviceSettings, SimulatedDevice } from '../../simulator/index.ts';
import { FORMAT_NAMES } from '../../simulator/operations/content-formats.ts';
import { paths, RecordingServer } from './recording-server.ts';

const open: { stop(how?: object): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop({ deregister: false });
});

/** A registered device and the server, which asks it by `perform`. */
async function registered(settings: Partial<DeviceSettings> = {}) {
  const server = await RecordingServer.start();
  const device = new SimulatedDevice({ server: server.server, endpoint: 'dev', ...settings });
  open.push(server, device);
  await device.start();
  await server.next();
  return {
    server,
    device,
    perform: (operation: Operation): Promise<Outcome> => server.lwm2m.perform('dev', operation, { deadline: 5_000 }),
  };
}

const at = (text: string): Path => parsePath(text);
const node = (path: string, value: Node['value']): Node => ({ path: at(path), value });
const success = (more: object) => expect.objectContaining({ kind: 'success', ...more });
const refused = (code: string) => expect.objectContaining({ kind: 'refused', code });

const SPEAKERS = [
  ...Object.entries(FORMAT_NAMES)
    .filter(([name]) => name !== 'lwm2m-cbor')
    .flatMap(([name, format]) => [{ name, format, version: '1.1' as const }]),
  { name: 'tlv', format: 11542, version: '1.0' as const },
  { name: 'lwm2m-json', format: 11543, version: '1.0' as const },
  { name: 'lwm2m-cbor', format: 11544, version: '1.2' as const },
];

describe.each(SPEAKERS)('a device of LwM2M $version that speaks $name only', ({ format, version }) => {
  const objects = { 1: [0], 3: [0], 19: [0], 3303: [0], 3311: [0] };

  it('is read: object, instance, resource (LwM2M 1.1 6.3.1)', async () => {
    const { device, perform } = await registered({ version, format, objects });
    for (const path of ['/3311', '/3311/0', '/3/0/11', '/3/0/0']) {
      const outcome = await perform({ type: 'read', path: at(path) });
      const expected = device.values(path).filter(({ path: { resourceId } }) => resourceId !== 5820);
      expect(outcome, path).toEqual(success({ code: '2.05' }));
      expect('nodes' in outcome && outcome.nodes, path).toEqual(expect.arrayContaining(expected));
    }
    expect(await perform({ type: 'read', path: at('/3311/0') })).toMatchObject({ content: { format } });
  });

  it('is written in part and wholly, and keeps what is not written in part (6.3.3)', async () => {
    const { device, perform } = await registered({ version, format, objects });
    const nodes = [node('/19/0/3', 'brief'), node('/19/0/0/2', Buffer.of(1, 2, 3))];
    expect(await perform({ type: 'write', path: at('/19/0'), mode: 'partial', nodes })).toEqual(
      success({ code: '2.04' }),
    );
    expect(device.values('/19/0')).toEqual(
      expect.arrayContaining([...nodes, node('/19/0/0/0', Buffer.alloc(0)), node('/19/0/5', 0)]),
    );
    const whole = [node('/19/0/0/7', Buffer.of(9)), node('/19/0/5', 17)];
    expect(await perform({ type: 'write', path: at('/19/0'), mode: 'replace', nodes: whole })).toEqual(
      success({ code: '2.04' }),
    );
    expect(device.values('/19/0/0')).toEqual([whole[0]]);
    expect(device.values('/19/0/3')).toEqual([node('/19/0/3', '')]);
  });

  it('has instances created, by number and of its own choice, and deleted (6.3.6, 6.3.7)', async () => {
    const { server, device, perform } = await registered({ version, format, objects });
    const nodes = [node('/3311/4/5850', true), node('/3311/4/5851', 33)];
    expect(await perform({ type: 'create', path: at('/3311/4'), nodes })).toEqual(success({ code: '2.01' }));
    expect(device.values('/3311/4/5851')).toEqual([node('/3311/4/5851', 33)]);
    expect(paths((await server.next()).registration)).toContain('3311/4');
    const chosen = await perform({ type: 'create', path: at('/3311'), nodes });
    expect(chosen).toEqual(success({ code: '2.01', path: at('/3311/1') }));
    await server.next();
    expect(await perform({ type: 'create', path: at('/3311/4'), nodes })).toEqual(refused('4.00'));
    expect(await perform({ type: 'delete', path: at('/3311/4') })).toEqual(success({ code: '2.02' }));
    expect(paths((await server.next()).registration)).not.toContain('3311/4');
    expect(await perform({ type: 'read', path: at('/3311/4') })).toEqual(refused('4.04'));
  });

  it('carries 64 KiB of bytes both ways, in blocks (RFC 7959)', async () => {
    const { device, perform } = await registered({ version, format, objects });
    const bytes = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 7919) >> 8));
    const write = { type: 'write', path: at('/19/0/0'), mode: 'replace', nodes: [node('/19/0/0/0', bytes)] } as const;
    expect(await perform(write)).toEqual(success({ code: '2.04' }));
    const outcome = await perform({ type: 'read', path: at('/19/0') });
    const read = 'nodes' in outcome ? outcome.nodes?.[0]?.value : undefined;
    for (const value of [device.values('/19/0/0')[0]?.value, read]) {
      expect(Buffer.isBuffer(value) && value.equals(bytes)).toBe(true);
    }
  });

  it('gives back what was written, whatever it is', async () => {
    const { perform } = await registered({ version, format, objects });
    const text = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((value) => Buffer.byteLength(value) <= 32);
    const bytes = fc.uint8Array({ maxLength: 40 }).map((value) => Buffer.from(value));
    const whole = fc.integer();
    const moment = fc.integer({ min: 0, max: 4_000_000_000 });
    await fc.assert(
      fc.asyncProperty(bytes, bytes, whole, moment, text, async (first, second, priority, created, description) => {
        const nodes = [
          node('/19/0/0/0', first),
          node('/19/0/0/65534', second),
          node('/19/0/1', priority),
          node('/19/0/2', created),
          node('/19/0/3', description),
        ];
        await perform({ type: 'write', path: at('/19/0'), mode: 'replace', nodes });
        const outcome = await perform({ type: 'read', path: at('/19/0') });
        expect('nodes' in outcome && outcome.nodes).toEqual(expect.arrayContaining(nodes));
      }),
      { numRuns: 15 },
    );
  });
});

describe('a simulated device', () => {
  it.each([0, 60, 110, 112, 11542, 11543] as const)(
    'gives one value in format %i when that is asked for',
    async (format) => {
      const { perform } = await registered({ objects: { 1: [0], 3: [0], 3311: [0] } });
      for (const value of [true, false]) {
        const path = at('/3311/0/5850');
        await perform({ type: 'write', path, mode: 'replace', nodes: [{ path, value }], format });
        const outcome = await perform({ type: 'read', path, format });
        expect(outcome).toMatchObject({ nodes: [{ path, value }], content: { format } });
      }
    },
  );

  it('reads and writes resource instances from 1.1 on (LwM2M 1.1 6.3.1)', async () => {
    const { perform } = await registered({ objects: { 1: [0], 3: [0], 19: [0] } });
    const path = at('/19/0/0/0');
    const nodes = [{ path, value: Buffer.from('one') }];
    expect(await perform({ type: 'write', path, mode: 'replace', nodes })).toEqual(success({ code: '2.04' }));
    expect(await perform({ type: 'read', path })).toMatchObject({ nodes });
    const absent = at('/19/0/0/3');
    expect(await perform({ type: 'read', path: absent })).toEqual(refused('4.04'));
    const none = [{ path: absent, value: Buffer.of(1) }];
    expect(await perform({ type: 'write', path: absent, mode: 'replace', nodes: none })).toEqual(refused('4.04'));
  });

  it('refuses a Write wholly where one resource is not writable or a value not allowed (6.3.3)', async () => {
    const { device, perform } = await registered({ objects: { 1: [0], 3: [0], 3311: [0] } });
    const before = device.values('/3311/0/5851');
    const write = (nodes: Node[]) => perform({ type: 'write', path: at('/3311/0'), mode: 'partial', nodes });
    expect(await write([node('/3311/0/5851', 5), node('/3311/0/5820', 0.5)])).toEqual(refused('4.05'));
    expect(await write([node('/3311/0/5851', 101)])).toEqual(refused('4.00'));
    expect(device.values('/3311/0/5851')).toEqual(before);
  });

  it('lists attributes and dimensions in Discover, of a resource with those that it inherits (6.3.2)', async () => {
    const { perform } = await registered({ objects: { 1: [0], 3: [0], 3303: [0] } });
    const write = (path: string, attributes: object) =>
      perform({ type: 'write-attributes', path: at(path), attributes });
    expect(await write('/3303', { pmin: 5 })).toEqual(success({ code: '2.04' }));
    expect(await write('/3303/0', { pmax: 60 })).toEqual(success({ code: '2.04' }));
    expect(await write('/3303/0/5700', { gt: 30.5, lt: -10 })).toEqual(success({ code: '2.04' }));
    const below = await perform({ type: 'discover', path: at('/3303') });
    const links = 'links' in below ? (below.links ?? []) : [];
    const own = Object.fromEntries(
      links.map(({ path, attributes }) => [path.resourceId ?? path.instanceId ?? '', attributes]),
    );
    expect([own[''], own[0], own[5700], own[5701]]).toEqual([{ pmin: 5 }, { pmax: 60 }, { gt: 30.5, lt: -10 }, {}]);
    expect(await perform({ type: 'discover', path: at('/3303/0/5700') })).toMatchObject({
      links: [{ attributes: { pmin: 5, pmax: 60, gt: 30.5, lt: -10 } }],
    });
    expect(await perform({ type: 'discover', path: at('/3/0/11') })).toMatchObject({ links: [{ dimension: 1 }, {}] });
    await write('/3303/0/5700', { gt: null });
    expect(await perform({ type: 'discover', path: at('/3303/0/5700') })).toMatchObject({
      links: [{ attributes: { lt: -10 } }],
    });
  });

  it('refuses attributes that contradict those it has (5.1.2)', async () => {
    const { perform } = await registered();
    const write = (attributes: object) => perform({ type: 'write-attributes', path: at('/3303/0/5700'), attributes });
    await write({ gt: 30 });
    expect(await write({ lt: 30 })).toEqual(refused('4.00'));
    expect(await write({ lt: 28, st: 1 })).toEqual(refused('4.00'));
    expect(await write({ lt: 28, st: 0.5 })).toEqual(success({ code: '2.04' }));
  });

  it('executes with arguments, and only what can be executed (6.3.5)', async () => {
    const { device, perform } = await registered();
    device.set('/3303/0/5601', -100);
    const path = at('/3303/0/5605');
    expect(await perform({ type: 'execute', path, arguments: "0='all',7" })).toEqual(success({ code: '2.04' }));
    const [least] = device.values('/3303/0/5601');
    expect(least?.value).toBeGreaterThan(0);
    expect(await perform({ type: 'execute', path: at('/3303/0/5700') })).toEqual(refused('4.05'));
    expect(await perform({ type: 'execute', path: at('/3303/0/1') })).toEqual(refused('4.04'));
  });

  it('registers anew after a reboot, and as it was at first after a factory reset', async () => {
    const { server, device, perform } = await registered({ objects: { 1: [0], 3: [0], 3311: [0] } });
    await perform({ type: 'write', path: at('/3311/0/5851'), mode: 'replace', nodes: [node('/3311/0/5851', 11)] });
    await perform({ type: 'create', path: at('/3311/1'), nodes: [] });
    expect((await server.next()).type).toBe('update');
    await perform({ type: 'execute', path: at('/3/0/4') });
    expect((await server.next()).type).toBe('register');
    expect(device.values('/3311/0/5851')).toEqual([node('/3311/0/5851', 11)]);
    await perform({ type: 'execute', path: at('/3/0/5') });
    const { type, registration } = await server.next();
    expect([type, paths(registration)]).toEqual(['register', ['1/0', '3/0', '3311/0']]);
    expect(device.values('/3311/0/5851')).toEqual([node('/3311/0/5851', 80)]);
  });

  it('answers composite operations, wholly or not at all (6.3.8, 6.3.9)', async () => {
    const { device, perform } = await registered({ objects: { 1: [0], 3: [0], 3303: [0], 3311: [0] } });
    const asked = [at('/3303/0/5701'), at('/3311/0/5851'), at('/3/0/0'), at('/4711/0')];
    expect(await perform({ type: 'read-composite', paths: asked })).toMatchObject({
      code: '2.05',
      nodes: [node('/3303/0/5701', 'Cel'), node('/3311/0/5851', 80), node('/3/0/0', 'lwm2m-ipe simulator')],
    });
    const good = [node('/3311/0/5851', 12), node('/1/0/2', 3)];
    expect(await perform({ type: 'write-composite', nodes: good })).toEqual(success({ code: '2.04' }));
    const bad = [node('/3311/0/5851', 90), node('/3/0/0', 'me')];
    expect(await perform({ type: 'write-composite', nodes: bad })).toEqual(refused('4.05'));
    expect(device.values('/3311/0/5851')).toEqual([node('/3311/0/5851', 12)]);
    expect(device.values('/1/0/2')).toEqual([node('/1/0/2', 3)]);
  });

  it('does all of that below an alternate root path, too', async () => {
    const { device, perform } = await registered({ rootPath: 'lwm2m', objects: { 1: [0], 3: [0], 3311: [0] } });
    const nodes = [node('/3311/1/5851', 44)];
    expect(await perform({ type: 'create', path: at('/3311'), nodes })).toEqual(success({ path: at('/3311/1') }));
    expect(await perform({ type: 'read-composite', paths: [at('/3311/1/5851')] })).toMatchObject({ nodes });
    expect(await perform({ type: 'write-composite', nodes: [node('/3311/1/5851', 45)] })).toEqual(success({}));
    expect(device.values('/3311/1/5851')).toEqual([node('/3311/1/5851', 45)]);
    expect(await perform({ type: 'discover', path: at('/3311/1') })).toEqual(success({ code: '2.05' }));
  });

  it('has an object that no registry knows, of which a server reads what the format tells', async () => {
    const { perform } = await registered({ objects: { 1: [0], 3: [0], 32769: [0] } });
    const outcome = await perform({ type: 'read', path: at('/32769/0') });
    expect(outcome).toMatchObject({
      nodes: expect.arrayContaining([
        node('/32769/0/0', 'hello'),
        node('/32769/0/1', -7),
        node('/32769/0/3', true),
        node('/32769/0/4', Buffer.from('deadbeef', 'hex')),
        node('/32769/0/7/5', 50),
      ]),
    });
  });

  it('takes smaller blocks than the server would like to send', async () => {
    const { device, perform } = await registered({ blockSize: 64, objects: { 1: [0], 3: [0], 19: [0] } });
    const nodes = [node('/19/0/0/0', Buffer.alloc(3_000, 5))];
    expect(await perform({ type: 'write', path: at('/19/0/0'), mode: 'replace', nodes })).toEqual(
      success({ code: '2.04' }),
    );
    expect(device.values('/19/0/0')).toEqual(nodes);
    expect(await perform({ type: 'read', path: at('/19/0/0') })).toMatchObject({ nodes });
  });
});

describe('on demand a device', () => {
  it('refuses what changes it, with any code, and is read all the same', async () => {
    const { perform } = await registered({ misbehaviour: { refuseWrites: '4.01' } });
    const path = at('/3311/0/5851');
    expect(await perform({ type: 'write', path, mode: 'replace', nodes: [{ path, value: 1 }] })).toEqual(
      refused('4.01'),
    );
    expect(await perform({ type: 'delete', path: at('/3311/0') })).toEqual(refused('4.01'));
    expect(await perform({ type: 'read', path })).toEqual(success({ code: '2.05' }));
    expect(await perform({ type: 'execute', path: at('/1/0/8') })).toEqual(success({ code: '2.04' }));
  });

  it('answers slowly: separately, after an acknowledgement (RFC 7252 5.2.2)', async () => {
    const { perform } = await registered({ misbehaviour: { answerDelay: 1_050 } });
    const from = performance.now();
    expect(await perform({ type: 'read', path: at('/3303/0/5701') })).toEqual(success({ code: '2.05' }));
    expect(performance.now() - from).toBeGreaterThan(1_000);
  });

  it.each(['silent', 'acknowledge'] as const)('never answers: %s', async (neverAnswer) => {
    const { server } = await registered({ misbehaviour: { neverAnswer } });
    const outcome = server.lwm2m.perform('dev', { type: 'read', path: at('/3/0') }, { deadline: 60 });
    expect(await outcome).toMatchObject({ kind: 'timeout' });
  });

  it('answers in its usual format, whatever was asked for', async () => {
    const { perform } = await registered({ misbehaviour: { ignoreAccept: true } });
    const outcome = await perform({ type: 'read', path: at('/3303/0'), format: 11542 });
    expect(outcome).toMatchObject({ kind: 'success', content: { format: 110 } });
  });
});
