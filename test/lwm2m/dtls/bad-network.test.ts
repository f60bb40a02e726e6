import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { DtlsServerOptions } from '../../../lwm2m/dtls/options.ts';
import { epochOf } from '../../../lwm2m/dtls/records.ts';
import { type Device, DtlsNetwork } from './dtls-network.ts';

const QUICK = { retransmitTime: 40, longestRetransmitTime: 200 };
let network: DtlsNetwork;
const open = async (options: Partial<DtlsServerOptions> = {}) => {
  network = await DtlsNetwork.open({ limits: QUICK, ...options });
};
afterEach(() => network.close());

async function devices(count: number): Promise<Device[]> {
  const all: Device[] = [];
  for (let i = 0; i < count; i++) {
    network.keys.set(`device ${i}`, Buffer.alloc(16, i));
    all.push(await network.device({ identity: `device ${i}`, key: Buffer.alloc(16, i), ...QUICK }));
  }
  return all;
}

/** Numbers from 0 up to 1 that are the same in each run. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

describe('Handshakes come through', () => {
  it.each([
    ['loss of 10 %', 0.1, 0, 0],
    ['loss of 30 %', 0.3, 0, 0],
    ['each tenth datagram twice, and half of them out of order', 0, 0.1, 0.5],
    ['loss of 20 %, duplicates and disorder', 0.2, 0.1, 0.3],
  ])('%s (RFC 6347 4.2.4)', async (_name, lost, doubled, late) => {
    await open();
    const roll = dice(7);
    network.fate = () => {
      if (roll() < lost) return [];
      const place = roll() < late ? 1 + Math.floor(4 * roll()) : 0;
      return roll() < doubled ? [place, 0] : [place];
    };
    const all = await devices(20);
    for (const device of all) device.client.start();
    const done = () => network.server.held.sessions === all.length && all.every(({ client }) => client.established);
    expect(await network.runUntil(done, all)).toBe(true);
    network.fate = () => [0];
    for (const device of all) device.say('hello');
    expect(all.map(({ heard }) => heard)).toEqual(all.map(() => ['HELLO']));
    expect(network.server.held.handshakes).toBe(0);
  });

  it('a path of 256 bytes: the flights of both sides come in fragments (RFC 6347 4.2.3)', async () => {
    await open({ limits: { ...QUICK, mtu: 256 } });
    const device = await network.connect({ mtu: 256, identity: 'device' });
    expect(device.client.established).toBe(true);
    expect(Math.max(...device.received.map(({ length }) => length))).toBeLessThanOrEqual(256);
  });

  it('a ClientHello in fragments, of which only the first has the cookie', async () => {
    await open();
    const device = await network.device({ ciphers: 'ALL:PSK', mtu: 256 });
    device.client.start();
    network.run();
    expect(device.sent.slice(0, 2).every(({ length }) => length <= 256)).toBe(true);
    expect(device.sent.filter((it) => it[13] === 1).length).toBeGreaterThan(2);
    expect(device.client.established).toBe(true);
  });
});

describe('In a session', () => {
  it('a record that comes again is dropped (RFC 6347 4.1.2.6)', async () => {
    await open();
    const device = await network.connect();
    device.say('once');
    const record = device.sent.at(-1) as Buffer;
    for (let i = 0; i < 10; i++) network.toServer(record, device.peer);
    network.run();
    expect(network.heard.map(({ text }) => text)).toEqual(['once']);
  });

  it('records out of order are all taken, each once', async () => {
    await open();
    const device = await network.connect();
    network.fate = (_datagram, towards) => (towards === 'server' ? [3] : [0]);
    for (const text of 'abcdefgh') device.client.write(Buffer.from(text));
    network.run();
    const texts = network.heard.map(({ text }) => text);
    expect(texts).not.toEqual([...'abcdefgh']);
    expect(texts.sort()).toEqual([...'abcdefgh']);
  });

  it.each(['PSK-AES128-CCM8', 'PSK-AES128-GCM-SHA256', 'PSK-AES128-CBC-SHA256'])(
    'of %s forged, cut and changed records change nothing (RFC 6347 4.1.2.7)',
    async (suite) => {
      await open({
        ciphers: ['TLS_PSK_WITH_AES_128_CCM_8', 'TLS_PSK_WITH_AES_128_GCM_SHA256', 'TLS_PSK_WITH_AES_128_CBC_SHA256'],
      });
      const device = await network.connect({ ciphers: suite });
      device.say('one');
      const record = device.sent.at(-1) as Buffer;
      for (let i = 0; i < 1_000; i++) {
        const forged = Buffer.from(record);
        const at = i % forged.length;
        forged[at] = (forged[at] as number) ^ (1 + (i % 255));
        network.toServer(i % 3 === 0 ? forged.subarray(0, i % forged.length) : forged, device.peer);
      }
      for (let i = 0; i < 5 * 3 * 100; i++) {
        const length = Math.floor(i / 15);
        const header = [20 + (i % 5), 0xfe, 0xfd, 0, Math.floor(i / 5) % 3, 0, 0, 0, 9, i >> 8, i & 255, 0, length];
        // Among them fatal alerts in the clear, as anybody can send them.
        const content = length === 2 ? Buffer.from([2, 40]) : randomBytes(length);
        network.toServer(Buffer.concat([Buffer.from(header), content]), device.peer);
      }
      network.run();
      device.say('two');
      expect(network.heard.map(({ text }) => text)).toEqual(['one', 'two']);
      expect(device.heard).toEqual(['ONE', 'TWO']);
      expect(network.closed).toEqual([]);
    },
  );

  it('new keys are not negotiated: that is answered with an alert (RFC 5746, RFC 7925 17)', async () => {
    await open();
    const device = await network.connect();
    const before = device.received.length;
    device.client.renegotiate();
    network.run();
    expect(device.received.slice(before).map((it) => [it[0], epochOf(it)])).toEqual([[21, 1]]);
    expect(network.server.counters.handshakesStarted).toBe(1);
  });
});

describe('Garbage', () => {
  it('as the first word, of any kind, leaves nothing and is not answered', async () => {
    await open();
    const { peer } = await network.device({}, 4_711);
    for (let i = 0; i < 5_000; i++) {
      const bytes = randomBytes(i % 200);
      if (i % 2 === 0 && bytes.length > 13) Buffer.from([20 + (i % 5), 0xfe, 0xfd, 0, i % 3]).copy(bytes);
      network.toServer(bytes, peer);
    }
    network.run();
    expect(network.sent).toBe(0);
    expect(network.server.held).toEqual({ handshakes: 0, sessions: 0, addresses: 0 });
    const { malformed, unmatched } = network.server.counters;
    expect(malformed + unmatched).toBe(5_000);
  });

  it('in a handshake ends at most that handshake', async () => {
    await open();
    const roll = dice(3);
    for (let round = 0; round < 200; round++) {
      network.fate = (datagram, towards) => {
        if (towards === 'server' && round > 0 && roll() < 0.3) {
          const at = Math.floor(roll() * datagram.length);
          datagram[at] = (datagram[at] as number) ^ 0x55;
        }
        return [0];
      };
      const device = await network.connect({}, 100 + (round % 5));
      network.forget(device);
    }
    network.fate = () => [0];
    const device = await network.connect({}, 50);
    device.say('sound');
    expect(device.heard).toEqual(['SOUND']);
    expect(network.server.held.handshakes).toBeLessThanOrEqual(5);
  });
});
