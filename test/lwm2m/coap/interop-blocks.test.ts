import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import coap from 'coap';
import { afterEach, describe, expect, it } from 'vitest';
import { CoapEndpoint, type CoapEndpointOptions } from '../../../lwm2m/coap/endpoint.ts';
import type { CoapNotification } from '../../../lwm2m/coap/notification.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import { block, text } from './layer-harness.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Handler = (request: coap.IncomingMessage, response: coap.OutgoingMessage | coap.ObserveWriteStream) => void;

/** A foreign server that plays a device, and an endpoint of ours that asks it. */
async function play(handler: Handler, options: Partial<CoapEndpointOptions> = {}) {
  const device = coap.createServer({ type: 'udp4' });
  closers.push(() => new Promise<void>((resolve) => device.close(() => resolve())));
  device.on('request', handler);
  await new Promise<void>((resolve) => device.listen(0, '127.0.0.1', () => resolve()));
  const { port } = (device as unknown as { _sock: { address(): AddressInfo } })._sock.address();
  const endpoint = new CoapEndpoint({ host: '127.0.0.1', port: 0, ...options }, () => ({ code: '4.04' }));
  closers.push(() => endpoint.close(0));
  await endpoint.listen();
  return { endpoint, peer: peerAt('127.0.0.1', port) };
}

/** Notifications, to be waited for one after the other. */
function inbox(taken: () => boolean = () => true) {
  const arrived: CoapNotification[] = [];
  let wake = (): void => {};
  const next = async (): Promise<CoapNotification> => {
    while (arrived.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return arrived.shift() as CoapNotification;
  };
  const notification = (one: CoapNotification): boolean => {
    arrived.push(one);
    wake();
    return taken();
  };
  return { next, notification };
}

describe('With the npm CoAP library as a foreign device', () => {
  it.each([1024, 512, 64])('a long representation is read in blocks of at most %i bytes', async (blockSize) => {
    const asked: string[] = [];
    const { endpoint, peer } = await play(
      (request, response) => {
        asked.push(request.url);
        response.end(text(5_000));
      },
      { parameters: { blockSize } },
    );
    const reply = await endpoint.request(peer, { method: 'GET', path: ['3', '0'] });
    expect([reply.code, reply.payload.equals(text(5_000))]).toEqual(['2.05', true]);
    expect(asked).toEqual(['/3/0']);
    expect(endpoint.counters.sent).toBe(1 + Math.ceil((5_000 - 1_024) / blockSize));
  });

  it.each([1024, 512])(
    'a long payload is written in blocks of %i bytes, and arrives once and whole',
    async (blockSize) => {
      const written: Buffer[] = [];
      const { endpoint, peer } = await play(
        (request, response) => {
          written.push(request.payload);
          response.statusCode = '2.04';
          response.end();
        },
        { parameters: { blockSize } },
      );
      const reply = await endpoint.request(peer, { method: 'PUT', path: ['5', '0', '0'], payload: text(20_000) });
      expect(reply).toMatchObject({ code: '2.04', payload: Buffer.alloc(0) });
      expect([written.length, written[0]?.equals(text(20_000))]).toEqual([1, true]);
    },
  );

  it('a long request has a long reply', async () => {
    let calls = 0;
    const { endpoint, peer } = await play((request, response) => {
      calls++;
      response.statusCode = '2.04';
      response.end(Buffer.from(request.payload).reverse());
    });
    const reply = await endpoint.request(peer, { method: 'POST', path: ['5'], payload: text(4_000) });
    // This library answers 2.05 to what only fetches the rest.
    expect(reply.code).toBe('2.04');
    expect(reply.payload.equals(text(4_000).reverse())).toBe(true);
    expect(calls).toBe(1);
  });

  it('a representation too long for us is an error, and the next request goes on', async () => {
    const { endpoint, peer } = await play((_, response) => response.end(text(5_000)), {
      limits: { replyBytes: 4_999 },
    });
    const request = { method: 'GET', path: ['3'] } as const;
    await expect(endpoint.request(peer, request)).rejects.toMatchObject({ code: 'coap/reply-too-large' });
    await expect(endpoint.request(peer, request)).rejects.toMatchObject({ code: 'coap/reply-too-large' });
    expect(endpoint.held).toMatchObject({ requests: 0, replyBytes: 0 });
  });

  it('notifications follow the reply to an observation', async () => {
    const { next, notification } = inbox();
    let stream: coap.ObserveWriteStream | undefined;
    const { endpoint, peer } = await play(
      (_, response) => {
        stream = response as coap.ObserveWriteStream;
        stream.write('one');
      },
      { notification },
    );
    const token = Buffer.from('0123456789abcdef', 'hex');
    const reply = await endpoint.request(peer, { method: 'GET', path: ['3303', '0'], observe: 0 }, { token });
    expect([reply.payload.toString(), reply.observe]).toEqual(['one', 1]);
    for (const value of ['two', 'three']) {
      stream?.write(value);
      const one = await next();
      expect([one.payload.toString(), one.confirmable, one.token]).toEqual([value, true, token]);
    }
    expect(endpoint.counters).toMatchObject({ notifications: 2, unmatched: 0 });
  });

  it('long notifications are fetched whole', async () => {
    const { next, notification } = inbox();
    let stream: coap.ObserveWriteStream | undefined;
    let state = text(3_000);
    const writeFirstBlock = (): void => {
      stream?.setOption('Block2', Buffer.from([block(0, 1, 1024)]));
      stream?.write(state.subarray(0, 1024));
    };
    const { endpoint, peer } = await play(
      (request, response) => {
        if (request.headers.Observe !== 0) {
          response.end(state);
          return;
        }
        stream = response as coap.ObserveWriteStream;
        writeFirstBlock();
      },
      { notification },
    );
    const reply = await endpoint.request(peer, { method: 'GET', path: ['3'], observe: 0 });
    expect([reply.observe, reply.payload.equals(state)]).toEqual([1, true]);
    for (const fill of ['x', 'y']) {
      state = Buffer.alloc(2_500, fill);
      writeFirstBlock();
      const one = await next();
      expect(one.payload.equals(state)).toBe(true);
    }
    expect(endpoint.held).toMatchObject({ heldNotifications: 0, requests: 0, replyBytes: 0 });
  });

  it('a notification that nobody takes ends the observation at the device', async () => {
    const { notification } = inbox(() => false);
    let stream: coap.ObserveWriteStream | undefined;
    const { endpoint, peer } = await play(
      (_, response) => {
        stream = response as coap.ObserveWriteStream;
        stream.write('one');
      },
      { notification },
    );
    await endpoint.request(peer, { method: 'GET', path: ['3303', '0'], observe: 0 });
    const ended = once(stream as coap.ObserveWriteStream, 'finish');
    stream?.write('two');
    await ended;
    expect(endpoint.counters.unmatched).toBe(1);
  });
});
