import { afterEach, describe, expect, it } from 'vitest';
import type { Peer } from '../../../lwm2m/coap/types.ts';
import type { DtlsServerOptions } from '../../../lwm2m/dtls/options.ts';
import { DtlsNetwork, KEY } from './dtls-network.ts';

let network: DtlsNetwork;
const open = async (options: Partial<DtlsServerOptions> = {}) => {
  network = await DtlsNetwork.open(options);
};
afterEach(() => network.close());

describe('A device with a pre-shared key', () => {
  it('shakes hands with TLS_PSK_WITH_AES_128_CCM_8 and is heard and answered (RFC 7925 4.2)', async () => {
    await open();
    const device = await network.connect();
    device.say('hello');
    expect(device.heard).toEqual(['HELLO']);
    expect(network.heard[0]?.from).toMatchObject({
      address: '192.0.2.9',
      key: 'psk#device',
      identity: { kind: 'psk', identity: 'device' },
    });
    expect(network.established[0]?.session).toMatchObject({
      cipherSuite: 'TLS_PSK_WITH_AES_128_CCM_8',
      resumed: false,
    });
    expect(network.server.held).toEqual({ handshakes: 0, sessions: 1, addresses: 1 });
  });

  it.each([
    ['PSK-AES128-GCM-SHA256', 'TLS_PSK_WITH_AES_128_GCM_SHA256'],
    ['PSK-AES128-CCM', 'TLS_PSK_WITH_AES_128_CCM'],
    ['PSK-AES128-CCM8:PSK-AES128-GCM-SHA256', 'TLS_PSK_WITH_AES_128_GCM_SHA256'],
  ])('may offer %s and gets %s', async (ciphers, suite) => {
    await open();
    const device = await network.connect({ ciphers });
    device.say('hello');
    expect(device.heard).toEqual(['HELLO']);
    expect(network.established[0]?.session.cipherSuite).toBe(suite);
  });

  it('gets CBC only where it is configured', async () => {
    await open();
    expect((await network.connect({ ciphers: 'PSK-AES128-CBC-SHA256' })).client.established).toBe(false);
    expect(network.server.counters.handshakesFailed).toBe(1);
    await network.close();
    await open({ ciphers: ['TLS_PSK_WITH_AES_128_CBC_SHA256'] });
    const device = await network.connect({ ciphers: 'PSK-AES128-CBC-SHA256' });
    device.say('hello');
    expect(device.heard).toEqual(['HELLO']);
  });

  it('may have an identity in any script and a key of 64 bytes', async () => {
    await open();
    const key = Buffer.alloc(64, 7);
    network.keys.set('urn:imei:42 Gerät №7', key);
    const device = await network.connect({ identity: 'urn:imei:42 Gerät №7', key });
    expect(device.client.established).toBe(true);
    expect(network.established[0]?.session.peer.key).toBe('psk#urn:imei:42 Gerät №7');
  });
});

describe('A datagram of the server', () => {
  it('may have 16 KiB; a longer one, or one for nobody, is lost and harms no session', async () => {
    await open();
    const device = await network.connect();
    const peer = network.established[0]?.session.peer as Peer;
    const send = (to: Peer, length: number) => network.server.send(to, Buffer.alloc(length, 'a'), 0, length);
    for (const length of [1, 1_200, 16_384, 16_385, 65_000, 2]) send(peer, length);
    send({ ...peer, key: 'psk#nobody' }, 10);
    network.run();
    expect(device.heard.map((text) => text.length)).toEqual([1, 1_200, 16_384, 2]);
    expect(network.server.counters.unsent).toBe(3);
  });
});

describe('An unknown identity', () => {
  /** What a device is sent, without what differs from handshake to handshake. */
  const shape = (datagrams: readonly Buffer[]) => datagrams.map((it) => [it[0], it.length]);

  it('is answered exactly as a wrong key is (RFC 4279 2)', async () => {
    await open();
    const stranger = await network.connect({ identity: 'nobody' });
    const liar = await network.connect({ identity: 'device', key: Buffer.alloc(16, 1) });
    expect(shape(stranger.received)).toEqual(shape(liar.received));
    expect([stranger.client.established, liar.client.established]).toEqual([false, false]);
    expect(network.established).toEqual([]);
    expect(network.server.held.handshakes).toBe(2);
  });

  it('is not made known by bytes that are no UTF-8', async () => {
    await open();
    network.keys.set('\ufffd', KEY);
    const device = await network.connect({ identity: '\ufffd' });
    expect(device.client.established).toBe(false);
  });
});
