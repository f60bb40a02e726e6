import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { DecodeError } from '../../../common/index.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import { readClientHello } from '../../../lwm2m/dtls/client-hello.ts';
import { Cookies } from '../../../lwm2m/dtls/cookies.ts';
import { DtlsNetwork } from './dtls-network.ts';

/** A first ClientHello as OpenSSL writes it. */
async function clientHello(network: DtlsNetwork): Promise<Buffer> {
  const device = await network.device({}, 9);
  device.client.start();
  network.run();
  return Buffer.from(device.sent[0] as Buffer);
}

describe('Before its cookie returns', () => {
  let network: DtlsNetwork;
  afterEach(() => network.close());

  it('nothing is kept for a sender: 10,000 first ClientHellos leave no trace (RFC 6347 4.2.1)', async () => {
    network = await DtlsNetwork.open();
    const hello = await clientHello(network);
    for (let i = 0; i < 10_000; i++) {
      randomBytes(8).copy(hello, 30);
      network.toServer(hello, peerAt(`198.51.${i >> 8}.${i & 255}`, 1_000 + i));
    }
    network.run();
    // The device that lent its ClientHello came back with its cookie.
    expect(network.server.held).toEqual({ handshakes: 0, sessions: 1, addresses: 1 });
    expect(network.server.counters).toMatchObject({ helloVerifyRequests: 10_001, handshakesStarted: 1 });
  });

  it('a sender is sent fewer bytes than it sent', async () => {
    network = await DtlsNetwork.open();
    const hello = await clientHello(network);
    const { sentBytes } = network;
    network.toServer(hello, peerAt('198.51.100.1', 5));
    network.run();
    expect(network.sentBytes - sentBytes).toBeLessThan(hello.length);
  });

  it('a session is not touched by a ClientHello from its address (RFC 6347 4.2.8)', async () => {
    network = await DtlsNetwork.open();
    const hello = await clientHello(network);
    const device = await network.connect();
    network.toServer(hello, device.peer);
    network.run();
    device.say('still here');
    expect(device.heard).toEqual(['STILL HERE']);
    expect(network.server.held).toMatchObject({ sessions: 1 });
  });

  it('a cookie of another address opens nothing', async () => {
    network = await DtlsNetwork.open();
    const device = await network.connect();
    const started = network.server.counters.handshakesStarted;
    network.toServer(device.sent[1] as Buffer, peerAt('198.51.100.1', device.peer.port));
    network.toServer(device.sent[1] as Buffer, peerAt(device.peer.address, 1));
    network.run();
    expect(network.server.counters.handshakesStarted).toBe(started);
  });

  it('the ClientHello that founded a session does not begin another one when it comes again', async () => {
    network = await DtlsNetwork.open();
    const device = await network.connect();
    network.toServer(device.sent[1] as Buffer, device.peer);
    network.run();
    expect(network.server.counters.handshakesStarted).toBe(1);
    expect(network.server.held).toEqual({ handshakes: 0, sessions: 1, addresses: 1 });
  });
});

describe('A cookie', () => {
  const hello = (cookie: Buffer, parameters = Buffer.alloc(35, 1)) => ({
    sequence: Buffer.alloc(6),
    messageSequence: 1,
    parameters,
    cookie,
  });
  const LIFETIME = 60_000;
  const cookieIn = (request: Buffer) => request.subarray(28);

  it('holds at least its lifetime and at most twice as long', () => {
    const holds = (issuedAt: number, returnedAt: number) => {
      const cookies = new Cookies(LIFETIME, 0, randomBytes);
      const cookie = cookieIn(cookies.request(hello(Buffer.alloc(0)), 'a', issuedAt));
      return cookies.verify(hello(cookie), 'a', returnedAt);
    };
    fc.assert(
      fc.property(fc.nat(10 * LIFETIME), fc.nat(4 * LIFETIME), (issuedAt, later) => {
        const held = holds(issuedAt, issuedAt + later);
        if (later < LIFETIME) expect(held).toBe(true);
        if (later >= 2 * LIFETIME) expect(held).toBe(false);
      }),
    );
  });

  it('holds for its sender and its parameters alone', () => {
    const cookies = new Cookies(LIFETIME, 0, randomBytes);
    const cookie = cookieIn(cookies.request(hello(Buffer.alloc(0)), 'a', 0));
    expect(cookies.verify(hello(cookie), 'a', 0)).toBe(true);
    expect(cookies.verify(hello(cookie), 'b', 0)).toBe(false);
    expect(cookies.verify(hello(cookie, Buffer.alloc(35, 2)), 'a', 0)).toBe(false);
    expect(new Cookies(LIFETIME, 0, randomBytes).verify(hello(cookie), 'a', 0)).toBe(false);
  });

  it('is no other bytes', () => {
    const cookies = new Cookies(LIFETIME, 0, randomBytes);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(cookies.verify(hello(Buffer.from(bytes)), 'a', 0)).toBe(false);
      }),
    );
  });
});

describe('The reader of a ClientHello', () => {
  const read = (bytes: Buffer) => {
    try {
      return readClientHello(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(DecodeError);
      expect(error).toMatchObject({ code: 'dtls/client-hello' });
      return undefined;
    }
  };

  it('gives a ClientHello or a DecodeError for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => void read(Buffer.from(bytes))));
  });

  it('gives a ClientHello or a DecodeError for anything like one', async () => {
    const network = await DtlsNetwork.open();
    const sound = await clientHello(network);
    await network.close();
    const places = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 4 });
    fc.assert(
      fc.property(places, fc.nat(sound.length), (changes, length) => {
        const bytes = Buffer.from(sound);
        for (const [place, value] of changes) bytes[place] = value;
        const hello = read(bytes.subarray(0, length));
        expect(hello === undefined || hello.parameters.length <= 67).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
