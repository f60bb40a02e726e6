import { once } from 'node:events';
import { expect, it, vi } from 'vitest';
import { CoapEndpoint } from '../../../lwm2m/coap/endpoint.ts';
import { encodeMessage } from '../../support/coap-message.ts';
import { message } from './layer-harness.ts';

const queue = vi.hoisted(() => ({ bytes: 0 }));

vi.mock('node:dgram', async (original) => {
  const dgram = await original<typeof import('node:dgram')>();
  /** A socket that says of its queue what the test wants. */
  const createSocket = (options: never) =>
    Object.assign(dgram.createSocket(options), { getSendQueueSize: () => queue.bytes });
  return { ...dgram, createSocket };
});

it('A socket that cannot keep up loses datagrams instead of piling them up, until it can again', async () => {
  const { createSocket } = await import('node:dgram');
  const endpoint = new CoapEndpoint({ host: '127.0.0.1', port: 0, limits: { sendQueueBytes: 1_000 } }, () => ({
    code: '2.04',
  }));
  const { port } = await endpoint.listen();
  const client = createSocket('udp4');
  const ask = (messageId: number) => client.send(encodeMessage(message({ messageId })), port, '127.0.0.1');
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const served = async (count: number): Promise<void> => {
    while (endpoint.counters.received < count) await turn();
    // What a turn answers leaves at its end.
    await turn();
  };
  queue.bytes = 1_001;
  for (let id = 0; id < 100; id++) ask(id);
  await served(100);
  expect(endpoint.counters.droppedBusy).toBeGreaterThanOrEqual(100 - 32);
  queue.bytes = 0;
  const dropped = endpoint.counters.droppedBusy;
  for (let id = 100; id < 140; id++) ask(id);
  await once(client, 'message');
  await served(140);
  expect(endpoint.counters.droppedBusy).toBe(dropped);
  client.close();
  await endpoint.close(0);
});
