import { parse } from 'coap-packet';
import { afterEach, describe, expect, test } from 'vitest';
import { FORMATS, instancePayload, notification } from '../../bench/values/device-datagrams.ts';
import { Fleet } from '../../bench/values/fleet.ts';
import { ValueStream } from '../../bench/values/value-stream.ts';
import { Lwm2mServer, type Report } from '../../lwm2m/index.ts';

const accept = () => undefined;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function observing(format: number, size: number, taken: (report: Report) => void) {
  const server = new Lwm2mServer(
    {
      coap: { host: '127.0.0.1', port: 0 },
      lifetime: { min: 1, max: 100_000, default: 86_400 },
      report: taken,
    },
    { register: accept, update: accept, deregister: accept, expire: accept },
  );
  const { port } = await server.start();
  closing.push(() => server.stop(100));
  const options = { host: '127.0.0.1', port, prefix: 'value-', instances: ['3/0', '3303/0'], format };
  const fleet = await Fleet.open(options, size);
  closing.push(() => fleet.close());
  await fleet.register();
  const path = { objectId: 3303, instanceId: 0 };
  const endpoints = fleet.devices.map((_, index) => `value-${index}`);
  const outcomes = await Promise.all(endpoints.map((name) => server.perform(name, { type: 'observe', path })));
  return { server, fleet, outcomes };
}

describe.each(Object.entries(FORMATS))('devices of the benchmark that speak %s', (_, format) => {
  test('a notification is what another CoAP codec reads as one (RFC 7641 4.2)', () => {
    const payload = instancePayload('3303/0', format, 12);
    const packet = parse(notification(0x1234, Buffer.from('abcdef'), 0x010203, format, payload));
    expect(packet).toMatchObject({ code: '2.05', confirmable: false, ack: false, messageId: 0x1234 });
    expect(packet.token.toString()).toBe('abcdef');
    const option = (name: string) => packet.options.find((one) => one.name === name)?.value;
    expect(option('Observe')).toEqual(Buffer.from([1, 2, 3]));
    expect(option('Content-Format')?.readUIntBE(0, option('Content-Format')?.length ?? 0)).toBe(format);
    expect(packet.payload).toEqual(payload);
  });

  test('register, are observed, and every value that they notify is reported once and in order', async () => {
    let stream: ValueStream | undefined;
    const { fleet, outcomes } = await observing(format, 5, ({ nodes }) => {
      for (const { value } of nodes) stream?.stored(value);
    });
    expect(outcomes).toEqual(outcomes.map(() => expect.objectContaining({ kind: 'success', observing: true })));
    await fleet.observed(1);
    stream = new ValueStream(fleet, '3303/0');
    for (const total of [200, 50]) {
      expect(await stream.closed(total, 8)).toMatchObject({ sent: total, lost: 0, disordered: 0 });
    }
    const paced = await stream.paced(500, 0.1);
    expect(paced).toMatchObject({ sent: 50, lost: 0 });
    expect(paced.p99).toBeGreaterThanOrEqual(paced.p50);
  });
});

test('a value that is seen again or too late is counted as out of order', async () => {
  let stream: ValueStream | undefined;
  const { fleet } = await observing(FORMATS.senml, 1, ({ nodes }) => {
    for (const { value } of nodes) {
      stream?.stored(value);
      stream?.stored(value);
    }
  });
  stream = new ValueStream(fleet, '3303/0');
  expect(await stream.closed(10, 1)).toMatchObject({ lost: 0, disordered: 10 });
});

test('devices answer what the server asks, and update and de-register', async () => {
  const { server, fleet } = await observing(FORMATS.senml, 2, () => undefined);
  const read = await server.perform('value-0', { type: 'read', path: { objectId: 3, instanceId: 0 } });
  expect(read).toMatchObject({ kind: 'success', nodes: [{ path: { objectId: 3, resourceId: 9 } }] });
  const missing = await server.perform('value-0', { type: 'read', path: { objectId: 4, instanceId: 0 } });
  expect(missing).toMatchObject({ kind: 'refused', code: '4.04' });
  const paths = ['3/0', '3303/0'].map((text) => text.split('/').map(Number));
  const composite = await server.perform('value-1', {
    type: 'read-composite',
    paths: paths.map(([objectId = 0, instanceId = 0]) => ({ objectId, instanceId })),
  });
  expect(composite.kind === 'success' && composite.nodes?.length).toBe(2);
  await fleet.update();
  await fleet.deregister();
  expect(server.registrations.size).toBe(0);
});
