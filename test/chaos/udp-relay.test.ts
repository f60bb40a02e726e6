import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { generate } from 'coap-packet';
import { afterEach, expect, it } from 'vitest';
import { DeviceWitness } from './device-witness.ts';
import { Moments } from './moments.ts';
import { UdpRelay } from './udp-relay.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function socket(): Promise<Socket> {
  const opened = createSocket('udp4').bind(0, '127.0.0.1');
  await once(opened, 'listening');
  ends.push(() => opened.close());
  return opened;
}

async function relayed(seed: number, life = () => 1) {
  const [device, bridge] = [await socket(), await socket()];
  const witness = new DeviceWitness('chaos-01', ['/3303/0/5700'], new Moments(), life);
  const relay = await UdpRelay.open(seed, () => bridge.address().port, witness);
  ends.push(() => relay.close());
  return { device, bridge, witness, relay };
}

/** Which of a hundred datagrams arrive, and how often. */
async function arrivals(seed: number): Promise<string[]> {
  const { device, bridge, relay } = await relayed(seed);
  const heard: string[] = [];
  const last = new Promise<void>((resolve) => {
    bridge.on('message', (bytes) => {
      if (bytes.toString() === 'last') resolve();
      else heard.push(bytes.toString());
    });
  });
  relay.weather = { loss: 0.3, duplicate: 0.3, delay: 0 };
  for (let number = 0; number < 100; number += 1) device.send(`${number}`, relay.port, '127.0.0.1');
  // Those that are sent in fair weather come through, and after the others.
  await new Promise((resolve) => device.send('', relay.port, '127.0.0.1', resolve));
  const tick = setInterval(() => {
    relay.weather = { loss: 0, duplicate: 0, delay: 0 };
    device.send('last', relay.port, '127.0.0.1');
  }, 100);
  await last;
  clearInterval(tick);
  return heard;
}

it('a bad network loses and doubles datagrams as the seed has it, the same each time', async () => {
  const first = await arrivals(5);
  expect(await arrivals(5)).toEqual(first);
  expect(await arrivals(6)).not.toEqual(first);
  const distinct = new Set(first);
  expect(distinct.size).toBeGreaterThan(50);
  expect(distinct.size).toBeLessThan(90);
  expect(first.length).toBeGreaterThan(distinct.size + 5);
});

it('a value counts as told once in each life of the bridge, and as acknowledged when the bridge has said so', async () => {
  let life = 1;
  const { device, bridge, witness, relay } = await relayed(1, () => life);
  const payload = Buffer.from(
    JSON.stringify([
      { bn: '/3303/0/', n: '5700', v: 7 },
      { n: '5701', vs: 'Cel' },
    ]),
  );
  const options = [
    { name: 'Observe' as const, value: Buffer.of(2) },
    { name: 'Content-Format' as const, value: Buffer.of(110) },
  ];
  const notification = generate({
    code: '2.05',
    confirmable: true,
    messageId: 77,
    token: Buffer.of(1),
    options,
    payload,
  });
  for (const _ of [1, 2]) {
    device.send(notification, relay.port, '127.0.0.1');
    await once(bridge, 'message');
  }
  expect(witness.told).toEqual([{ endpoint: 'chaos-01', path: '/3303/0/5700', value: 7, at: 1 }]);
  const from = once(bridge, 'message');
  device.send(notification, relay.port, '127.0.0.1');
  const [, { port }] = await from;
  bridge.send(generate({ code: '0.00', ack: true, messageId: 77 }), port, '127.0.0.1');
  await once(device, 'message');
  expect(witness.told[0]?.acknowledgedAt).toBe(2);
  life = 2;
  device.send(notification, relay.port, '127.0.0.1');
  await once(bridge, 'message');
  expect(witness.told.map(({ value, at }) => [value, at])).toEqual([
    [7, 1],
    [7, 3],
  ]);
});

it('a command counts as carried out once, however often its answer is sent', async () => {
  const { device, bridge, witness, relay } = await relayed(1);
  device.send('x', relay.port, '127.0.0.1');
  const [, { port }] = await once(bridge, 'message');
  const token = Buffer.of(9, 9);
  const request = generate({ code: '0.03', confirmable: true, messageId: 5, token, payload: Buffer.from('chaos-12.') });
  bridge.send(request, port, '127.0.0.1');
  await once(device, 'message');
  expect(witness.carried).toEqual([]);
  for (const _ of [1, 2]) {
    device.send(generate({ code: '2.04', ack: true, messageId: 5, token }), relay.port, '127.0.0.1');
    await once(bridge, 'message');
  }
  expect(witness.carried).toEqual([{ text: 'chaos-12.', endpoint: 'chaos-01' }]);
});
