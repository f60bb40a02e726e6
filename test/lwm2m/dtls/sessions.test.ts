import { afterEach, describe, expect, it } from 'vitest';
import type { DtlsServerOptions } from '../../../lwm2m/dtls/options.ts';
import { HeldClock } from '../../support/held-clock.ts';
import { DtlsNetwork, KEY } from './dtls-network.ts';

const DEVICE = { kind: 'psk', identity: 'device' } as const;
let network: DtlsNetwork;
const open = async (options: Partial<DtlsServerOptions> = {}) => {
  network = await DtlsNetwork.open(options);
};
afterEach(() => network.close());

const reasons = () => network.closed.map(({ reason }) => reason);

describe('A session', () => {
  it('ends with close_notify of the device, which is answered (RFC 5246 7.2.1)', async () => {
    await open();
    const device = await network.connect();
    const before = device.received.length;
    device.client.close();
    network.run();
    expect(reasons()).toEqual(['peer']);
    expect(device.received.slice(before).map((it) => it[0])).toEqual([21]);
    expect(network.server.held).toEqual({ handshakes: 0, sessions: 0, addresses: 0 });
  });

  it('ends with close_notify of the server when it is told to, and cannot be resumed', async () => {
    await open();
    const device = await network.connect();
    const session = device.client.session();
    expect(network.server.closeSession(DEVICE)).toBe(true);
    expect(network.server.closeSession(DEVICE)).toBe(false);
    network.run();
    expect(device.client.ended).toBe(true);
    const again = await network.connect({ session });
    expect([again.client.established, again.client.resumed]).toEqual([true, false]);
    device.client.freeSession(session);
  });

  it('ends for all devices when the server closes', async () => {
    await open();
    const devices = [await network.connect()];
    network.keys.set('other', KEY);
    devices.push(await network.connect({ identity: 'other' }));
    await network.server.close();
    network.run();
    expect(devices.map(({ client }) => client.ended)).toEqual([true, true]);
    expect(reasons()).toEqual(['stopped', 'stopped']);
  });

  it('that is idle too long is closed, and one that was heard since is not', async () => {
    const clock = new HeldClock();
    await open({ clock, limits: { idleTime: 60_000 } });
    network.keys.set('other', KEY);
    const device = await network.connect();
    await network.connect({ identity: 'other' });
    clock.pass(40_000);
    device.say('alive');
    clock.pass(40_000);
    expect(network.closed.map(({ session, reason }) => [session.peer.key, reason])).toEqual([['psk#other', 'idle']]);
    clock.pass(40_000);
    expect(network.server.held.sessions).toBe(0);
    expect(clock.running).toBe(0);
  });

  it('gives way to a new one when there are too many: the one that was silent longest', async () => {
    const clock = new HeldClock();
    await open({ clock, limits: { sessions: 2 } });
    for (const identity of ['b', 'c']) network.keys.set(identity, KEY);
    const first = await network.connect();
    await network.connect({ identity: 'b' });
    clock.pass(2_000);
    first.say('alive');
    await network.connect({ identity: 'c' });
    expect(network.closed.map(({ session, reason }) => [session.peer.key, reason])).toEqual([['psk#b', 'displaced']]);
    expect(network.server.held).toEqual({ handshakes: 0, sessions: 2, addresses: 2 });
  });
});

describe('A new handshake of the same identity', () => {
  it('from a new address takes the place of its session, and the same peer is reached there', async () => {
    await open();
    await network.connect({}, 1_111);
    const moved = await network.connect({}, 2_222);
    expect(reasons()).toEqual(['replaced']);
    const { session, previous } = network.established[1] ?? {};
    expect([previous?.peer.port, session?.peer.port]).toEqual([1_111, 2_222]);
    expect(session?.peer.key).toBe(previous?.peer.key);
    network.server.send(previous?.peer as never, Buffer.from('for you'), 0, 7);
    network.run();
    expect(moved.heard).toEqual(['for you']);
    expect(network.server.held).toEqual({ handshakes: 0, sessions: 1, addresses: 1 });
  });

  it('from the same address leaves the old session alone until it has succeeded (RFC 6347 4.2.8)', async () => {
    await open();
    const device = await network.connect({}, 1_111);
    const liar = await network.connect({ key: Buffer.alloc(16) }, 1_111);
    expect(liar.client.established).toBe(false);
    expect(network.server.session(DEVICE)).toBe(network.established[0]?.session);
    expect(reasons()).toEqual([]);
    network.forget(liar);
    const again = await network.connect({}, 1_111);
    again.say('new keys');
    expect(again.heard).toEqual(['NEW KEYS']);
    expect(reasons()).toEqual(['replaced']);
    expect(device.heard).toEqual([]);
  });

  it('of another device at the address of the first ends the session of the first', async () => {
    await open();
    network.keys.set('other', Buffer.alloc(16, 5));
    await network.connect({}, 1_111);
    await network.connect({ identity: 'other', key: Buffer.alloc(16, 5) }, 1_111);
    expect(network.server.session(DEVICE)).toBeUndefined();
    expect(network.server.held).toEqual({ handshakes: 0, sessions: 1, addresses: 1 });
  });
});

describe('A session that is taken up again (RFC 5246 7.3, RFC 7925 17)', () => {
  async function resume(between: () => void = () => {}) {
    const device = await network.connect();
    const session = device.client.session();
    device.client.close();
    network.run();
    between();
    const again = await network.connect({ session });
    device.client.freeSession(session);
    return again;
  }

  it('needs neither key nor certificate and has its identity', async () => {
    await open();
    const device = await resume();
    expect([device.client.established, device.client.resumed]).toEqual([true, true]);
    device.say('again');
    expect(device.heard).toEqual(['AGAIN']);
    expect(network.established[1]?.session).toMatchObject({ resumed: true, peer: { key: 'psk#device' } });
    expect(network.server.counters.handshakesResumed).toBe(1);
  });

  it('also after the device vanished without a word', async () => {
    await open();
    const device = await network.connect();
    const session = device.client.session();
    const again = await network.connect({ session });
    expect(again.client.resumed).toBe(true);
    device.client.freeSession(session);
  });

  it('is refused when the credential was removed or changed since', async () => {
    await open();
    for (const between of [
      () => network.keys.delete('device'),
      () => network.keys.set('device', Buffer.alloc(16, 3)),
    ]) {
      network.keys.set('device', KEY);
      const device = await resume(between);
      device.say('me again');
      expect(network.heard).toEqual([]);
    }
    expect(network.server.counters).toMatchObject({ identitiesRefused: 2, handshakesResumed: 0 });
    expect(network.server.held).toEqual({ handshakes: 0, sessions: 0, addresses: 0 });
  });

  it('is a full handshake where nothing is remembered', async () => {
    await open({ limits: { resumableSessions: 0 } });
    const device = await resume();
    expect([device.client.established, device.client.resumed]).toEqual([true, false]);
  });
});

describe('Handshakes in progress', () => {
  it('are given up after their time', async () => {
    const clock = new HeldClock();
    await open({ clock, limits: { handshakeTime: 30_000 } });
    await network.connect({ key: Buffer.alloc(16) });
    clock.pass(29_000);
    expect(network.server.held.handshakes).toBe(1);
    clock.pass(1_000);
    expect(network.server.held).toEqual({ handshakes: 0, sessions: 0, addresses: 0 });
    expect(network.server.counters.handshakesTimedOut).toBe(1);
  });

  it('are bounded: beyond it none begins, unless the oldest has been silent for a while', async () => {
    const clock = new HeldClock();
    await open({ clock, limits: { handshakes: 2 } });
    for (let i = 0; i < 2; i++) await network.connect({ key: Buffer.alloc(16) });
    expect((await network.connect()).client.established).toBe(false);
    expect(network.server.counters.handshakesRefused).toBe(1);
    clock.pass(5_000);
    expect((await network.connect()).client.established).toBe(true);
    expect(network.server.counters.handshakesDisplaced).toBe(1);
  });

  it('may be refused by the source, which is asked with its proved address', async () => {
    const asked: string[] = [];
    await open({ admit: ({ key }) => asked.push(key) > 1 });
    expect((await network.connect({}, 7)).client.established).toBe(false);
    expect((await network.connect({}, 8)).client.established).toBe(true);
    expect(asked).toEqual(['192.0.2.9#7', '192.0.2.9#8']);
  });
});
