import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { CoapEndpoint, type CoapEndpointOptions } from '../../../lwm2m/coap/endpoint.ts';
import { type CoapMessage, decodeMessage } from '../../../lwm2m/coap/message.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import type { CoapHandler, CoapRequest } from '../../../lwm2m/coap/types.ts';
import { encodeMessage } from '../../support/coap-message.ts';
import { message, option } from './layer-harness.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === 'IPv6'));

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A listening endpoint that is closed after the test. */
async function endpoint(handler: CoapHandler, options: Partial<CoapEndpointOptions> = {}) {
  const made = new CoapEndpoint({ host: '127.0.0.1', port: 0, ...options }, handler);
  closers.push(() => made.close(0));
  return { endpoint: made, ...(await made.listen()) };
}

/** A bare socket that plays a device, connected to a port. */
async function device(port: number, address = '127.0.0.1') {
  const socket: Socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  closers.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  socket.connect(port, address);
  await once(socket, 'connect');
  const receive = async (): Promise<CoapMessage> => decodeMessage((await once(socket, 'message'))[0] as Buffer);
  const exchange = (parts: Partial<CoapMessage>): Promise<CoapMessage> => {
    const answer = receive();
    socket.send(encodeMessage(message(parts)));
    return answer;
  };
  return { socket, receive, exchange, port: socket.address().port };
}

const OK: CoapHandler = () => ({ code: '2.05', payload: 'ok' });

describe('A CoAP endpoint on a socket', () => {
  it('answers a request and says which port it got', async () => {
    const { port, address, endpoint: made } = await endpoint(OK);
    expect([address, port > 0]).toEqual(['127.0.0.1', true]);
    const { exchange } = await device(port);
    const answer = await exchange({ messageId: 77, token: Buffer.from('t') });
    expect(answer).toMatchObject({ type: 2, code: 0x45, messageId: 77, payload: Buffer.from('ok') });
    expect(made.counters).toMatchObject({ received: 1, sent: 1, requests: 1 });
  });

  it.skipIf(!hasIpv6)('serves IPv4 and IPv6 on `::` with the same socket', async () => {
    const peers: CoapRequest['peer'][] = [];
    const { port } = await endpoint(
      ({ peer }) => {
        peers.push(peer);
        return { code: '2.04' };
      },
      { host: '::' },
    );
    const v4 = await device(port);
    const v6 = await device(port, '::1');
    expect((await v4.exchange({})).code).toBe(0x44);
    expect((await v6.exchange({})).code).toBe(0x44);
    expect(peers).toEqual([peerAt('::ffff:127.0.0.1', v4.port), peerAt('::1', v6.port)]);
  });

  it.skipIf(!hasIpv6)('serves IPv6 alone on an IPv6 address', async () => {
    const { port, address } = await endpoint(OK, { host: '::1' });
    expect(address).toBe('::1');
    const { exchange } = await device(port, '::1');
    expect((await exchange({})).code).toBe(0x45);
  });

  it('loses nothing of a burst of 2,000 requests', async () => {
    const { port, endpoint: made } = await endpoint(OK);
    const { socket } = await device(port);
    socket.setRecvBufferSize(4 << 20);
    const ids = new Set<number>();
    const all = new Promise<void>((resolve) => {
      socket.on('message', (data) => {
        ids.add(decodeMessage(data).messageId);
        if (ids.size === 2_000) resolve();
      });
    });
    for (let id = 0; id < 2_000; id++) socket.send(encodeMessage(message({ messageId: id })));
    await all;
    expect(made.counters.requests).toBe(2_000);
  });

  it('rejects with coap/port-in-use and one clear line when the port is taken', async () => {
    const { port } = await endpoint(OK);
    const second = new CoapEndpoint({ host: '127.0.0.1', port }, OK);
    await expect(second.listen()).rejects.toMatchObject({
      code: 'coap/port-in-use',
      message: `UDP port ${port} of 127.0.0.1 is already in use`,
    });
    await second.close(0);
  });

  it.each([
    ['192.0.2.1', 'coap/address', '192.0.2.1 is not an address of this machine'],
    ['localhost', 'coap/address', '`localhost` is not an IP address; `::` stands for all of this machine'],
  ])('rejects with %s as host: %s', async (host, code, text) => {
    const made = new CoapEndpoint({ host, port: 0 }, OK);
    const error = await made.listen().catch((reason: unknown) => reason as { code: string; message: string });
    expect(error).toMatchObject({ code });
    expect((error as { message: string }).message).toMatch(text);
  });

  it('asks devices from the port that they registered with, the only one open behind a NAT', async () => {
    const { port, endpoint: made } = await endpoint(OK);
    const client = await device(port);
    const asked = client.receive();
    const reply = made.request(peerAt('127.0.0.1', client.port), { method: 'GET', path: ['3', '0'] });
    const { messageId, token, options } = await asked;
    expect(options).toEqual([option(11, '3'), option(11, '0')]);
    client.socket.send(encodeMessage(message({ type: 2, code: 0x45, messageId, token, payload: Buffer.from('x') })));
    expect(await reply).toMatchObject({ code: '2.05', payload: Buffer.from('x') });
  });

  const otherFamily: [string, string][] = [['127.0.0.1', '::ffff:127.0.0.1']];
  if (hasIpv6) otherFamily.push(['::', '127.0.0.1']);
  it.each(otherFamily)('on %s asks a device that is known as %s', async (host, address) => {
    const { port, endpoint: made } = await endpoint(OK, { host });
    const client = await device(port);
    const asked = client.receive();
    const reply = made.request(peerAt(address, client.port), { method: 'GET', path: [] });
    const { messageId, token } = await asked;
    client.socket.send(encodeMessage(message({ type: 2, code: 0x45, messageId, token })));
    expect((await reply).code).toBe('2.05');
  });

  it('sends again by its own timer, and takes an answer to the second try', async () => {
    const { port, endpoint: made } = await endpoint(OK, { parameters: { ackTimeout: 20 } });
    const client = await device(port);
    const reply = made.request(peerAt('127.0.0.1', client.port), { method: 'GET', path: [] });
    const first = await client.receive();
    const second = await client.receive();
    expect(second).toEqual(first);
    const { messageId, token } = second;
    client.socket.send(encodeMessage(message({ type: 2, code: 0x44, messageId, token })));
    expect((await reply).code).toBe('2.04');
    expect(made.counters.retransmissions).toBeGreaterThanOrEqual(1);
  });

  it('acknowledges by its own timer when the handler takes long', async () => {
    let answer: (() => void) | undefined;
    const { port } = await endpoint(
      () =>
        new Promise((resolve) => {
          answer = () => resolve({ code: '2.04' });
        }),
      { parameters: { ackTimeout: 40 } },
    );
    const client = await device(port);
    expect(await client.exchange({ messageId: 5 })).toMatchObject({ type: 2, code: 0, messageId: 5 });
    const separate = client.receive();
    answer?.();
    const { messageId, code, type } = await separate;
    expect([type, code]).toEqual([0, 0x44]);
    client.socket.send(encodeMessage(message({ type: 2, code: 0, messageId })));
  });

  it('survives a peer that nobody listens at, and one that no datagram can go to', async () => {
    const { endpoint: made, port } = await endpoint(OK, { parameters: { ackTimeout: 5, maxRetransmit: 1 } });
    // Longer than most paths carry: the system says at once what it cannot send.
    const request = { method: 'GET', path: ['1'], query: Array.from({ length: 40 }, () => 'q'.repeat(250)) } as const;
    for (const peer of [peerAt('127.0.0.1', 1), peerAt('240.0.0.1', 5683), peerAt('no address', 5683)]) {
      await expect(made.request(peer, request)).rejects.toMatchObject({ code: 'coap/timeout' });
    }
    expect(made.counters.socketErrors).toBeGreaterThan(0);
    const client = await device(port);
    expect((await client.exchange({})).code).toBe(0x45);
  });

  it('lets answers in progress finish when it closes, and is silent afterwards', async () => {
    let answer: (() => void) | undefined;
    const { port, endpoint: made } = await endpoint(
      () =>
        new Promise((resolve) => {
          answer = () => resolve({ code: '2.04' });
        }),
    );
    const client = await device(port);
    const received = client.exchange({ messageId: 9 });
    while (answer === undefined) await new Promise((resolve) => setImmediate(resolve));
    const closed = made.close(10_000);
    answer();
    expect((await received).code).toBe(0x44);
    await closed;
    await expect(made.request(peerAt('127.0.0.1', client.port), { method: 'GET', path: [] })).rejects.toMatchObject({
      code: 'coap/closed',
    });
  });

  it('closes after the grace although an answer never comes, and more than once', async () => {
    const { port, endpoint: made } = await endpoint(() => new Promise(() => {}));
    const client = await device(port);
    client.socket.send(encodeMessage(message({})));
    while (made.counters.requests === 0) await new Promise((resolve) => setImmediate(resolve));
    await made.close(20);
    await made.close(20);
  });
});
