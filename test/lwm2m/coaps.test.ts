import { parse } from 'coap-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { IpeError, silentLogger } from '../../common/index.ts';
import {
  type IdentityPolicy,
  Lwm2mServer,
  type Lwm2mServerOptions,
  type Registration,
  type Report,
} from '../../lwm2m/index.ts';
import { Device } from '../support/device.ts';
import { ACCEPT } from '../support/registration.ts';
import { SecureDevice } from '../support/secure-device.ts';

const KEYS: Readonly<Record<string, Buffer>> = {
  lamp: Buffer.from('6b0b1c8de1b6a2f94c33d17ee0a7f815', 'hex'),
  meter: Buffer.from('9f3c5a7712be40d8a1e6c4f0937d2b58', 'hex'),
};
/** An identity speaks for the endpoint of its name; `open` endpoints need none. */
const BY_NAME: IdentityPolicy = {
  refusal: ({ identity }, endpoint) => {
    if (identity === undefined) return endpoint.startsWith('open') ? undefined : 'not without security';
    return identity.kind === 'psk' && identity.identity === endpoint ? undefined : 'another name';
  },
  endpointOf: ({ identity }) => (identity?.kind === 'psk' ? identity.identity : undefined),
};

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of clean.splice(0).reverse()) await close();
});

async function serve(options: Partial<Lwm2mServerOptions> = {}, restored: readonly Registration[] = []) {
  const host = '127.0.0.1';
  const seen: Registration[] = [];
  const reports: Report[] = [];
  const accept = (registration: Registration) => void seen.push(registration);
  const server = new Lwm2mServer(
    {
      coap: { host, port: 0 },
      coaps: { host, port: 0, credential: (identity) => KEYS[identity] },
      identities: BY_NAME,
      lifetime: { min: 1, max: 86_400, default: 60 },
      report: (report) => void reports.push(report),
      logger: silentLogger,
      ...options,
    },
    { register: accept, update: accept, deregister: () => undefined, expire: () => undefined },
  );
  for (const registration of restored) server.restore(registration);
  const { coap, coaps } = await server.start();
  clean.push(() => server.stop(0));
  return { server, seen, reports, coap: coap?.port ?? 0, coaps: coaps?.port ?? 0 };
}

async function open(port: number, identity: string): Promise<SecureDevice> {
  const one = await SecureDevice.open(port, { identity, key: KEYS[identity] as Buffer });
  clean.push(() => one.close());
  return one;
}

async function openWithout(port: number): Promise<Device> {
  const device = await Device.open(port);
  clean.push(() => device.close());
  return device;
}

describe('one LwM2M server behind CoAP and CoAPS', () => {
  it('has one registry, and knows who came how', async () => {
    const { server, coap, coaps } = await serve();
    const { device } = await open(coaps, 'lamp');
    const other = await openWithout(coap);
    expect((await device.register({ endpoint: 'lamp' })).code).toBe('2.01');
    expect((await other.register({ endpoint: 'open-1' })).code).toBe('2.01');
    expect(server.registrations.byEndpoint('lamp')?.peer).toMatchObject({
      key: 'psk#lamp',
      identity: { kind: 'psk', identity: 'lamp' },
    });
    expect(server.registrations.byEndpoint('open-1')?.peer.identity).toBeUndefined();
    expect((await device.update()).code).toBe('2.04');
    expect((await device.deregister()).code).toBe('2.02');
    expect(server.counters.dtls?.handshakesCompleted).toBe(1);
  });

  it('tells where it listens and what OpenSSL can', async () => {
    const { server } = await serve();
    expect(server.counters.coaps?.received).toBe(0);
    await server.stop(0);
    const only = new Lwm2mServer(
      { coaps: { host: '127.0.0.1', port: 0, credential: () => undefined }, lifetime: { min: 1, max: 9, default: 5 } },
      ACCEPT,
    );
    const listening = await only.start();
    clean.push(() => only.stop(0));
    expect(listening.coap).toBeUndefined();
    expect(listening.coaps).toMatchObject({ port: listening.port, version: expect.stringMatching(/^OpenSSL 3/) });
  });

  it('whose CoAPS port is taken says so, and gives the other up', async () => {
    const { coaps } = await serve();
    const second = new Lwm2mServer(
      {
        coap: { host: '127.0.0.1', port: 0 },
        coaps: { host: '127.0.0.1', port: coaps, credential: () => undefined },
        lifetime: { min: 1, max: 9, default: 5 },
      },
      ACCEPT,
    );
    const error = await second.start().catch((it: unknown) => it);
    expect(error).toBeInstanceOf(IpeError);
    expect(error).toMatchObject({ code: 'coaps/port-in-use' });
  });

  it('whose library is not there says so', async () => {
    const coaps = { host: '127.0.0.1', port: 0, credential: () => undefined, libssl: '/nowhere/libssl.so' };
    await expect(serve({ coaps })).rejects.toMatchObject({ code: 'dtls/unavailable' });
  });

  it('LwM2M 1.1 6.2.1: a Register without a name gets the one that its identity stands for', async () => {
    const { server, coaps } = await serve();
    const { device } = await open(coaps, 'lamp');
    expect((await device.request('POST', 'rd', ['lt=60', 'lwm2m=1.1'], '</3/0>')).code).toBe('2.01');
    expect(server.registrations.byEndpoint('lamp')).toBeDefined();
  });
});

describe('an endpoint name is bound to what its owner has proved:', () => {
  it('LwM2M 1.0 5.3.1: Register with the name of another is answered 4.00, by DTLS and without', async () => {
    const { server, seen, coap, coaps } = await serve();
    const { device } = await open(coaps, 'lamp');
    expect(await device.register({ endpoint: 'meter' })).toMatchObject({ code: '4.00', payload: 'another name' });
    const other = await openWithout(coap);
    expect(await other.register({ endpoint: 'meter' })).toMatchObject({
      code: '4.00',
      payload: 'not without security',
    });
    expect(await device.register({ endpoint: 'lamp', query: ['ep=meter'] })).toMatchObject({ code: '4.00' });
    expect(seen).toEqual([]);
    expect(server.counters.identities.refused).toBe(3);
  });

  it('Update and De-register of another are answered as if there were no such registration', async () => {
    const { server, coap, coaps } = await serve();
    const [lamp, meter] = [await open(coaps, 'lamp'), await open(coaps, 'meter')];
    await lamp.device.register({ endpoint: 'lamp' });
    const stranger = await openWithout(coap);
    for (const thief of [meter.device, stranger]) {
      thief.location = lamp.device.location;
      expect((await thief.update()).code).toBe('4.04');
      expect((await thief.deregister()).code).toBe('4.04');
    }
    expect(server.registrations.byEndpoint('lamp')?.peer.key).toBe('psk#lamp');
  });

  it('without any rule, too, nobody without proof takes the place of one that gave it', async () => {
    const { server, coap, coaps } = await serve({ identities: undefined });
    const lamp = await open(coaps, 'lamp');
    await lamp.device.register({ endpoint: 'anything' });
    const stranger = await openWithout(coap);
    expect((await stranger.register({ endpoint: 'anything' })).code).toBe('4.00');
    expect((await stranger.register({ endpoint: 'else' })).code).toBe('2.01');
    expect(server.registrations.byEndpoint('anything')?.peer.key).toBe('psk#lamp');
  });

  it('a Send is taken for the identity that sent it, and for no other', async () => {
    const { reports, coap, coaps } = await serve();
    const lamp = await open(coaps, 'lamp');
    await lamp.device.register({ endpoint: 'lamp' });
    const meter = await open(coaps, 'meter');
    const stranger = await openWithout(coap);
    for (const thief of [meter.device, stranger]) expect((await thief.request('POST', 'dp')).code).toBe('4.04');
    // 4.15: known, and asked for a content format.
    expect((await lamp.device.request('POST', 'dp')).code).toBe('4.15');
    expect(reports).toEqual([]);
  });

  it('who may not speak for its endpoint any more reports nothing, either', async () => {
    let holds = true;
    const identities: IdentityPolicy = { refusal: () => (holds ? undefined : 'the credential was removed') };
    const { server, coaps } = await serve({ identities });
    const { device } = await open(coaps, 'lamp');
    await device.register({ endpoint: 'lamp' });
    holds = false;
    expect((await device.request('POST', 'dp')).code).toBe('4.04');
    expect((await device.update()).code).toBe('4.04');
    expect(server.counters.identities.refused).toBe(2);
  });
});

describe('a device that comes back', () => {
  it('from another address after a new handshake is asked there, without a word of its own', async () => {
    const { server, coaps } = await serve();
    const before = await open(coaps, 'lamp');
    await before.device.register({ endpoint: 'lamp' });
    const after = await open(coaps, 'lamp');
    const asked = server.perform('lamp', { type: 'read', path: { objectId: 3, instanceId: 0 } });
    expect(parse(await after.heard)).toMatchObject({ code: '0.01' });
    expect(server.counters.dtls?.sessionsClosed.replaced).toBe(1);
    after.device.location = before.device.location;
    expect((await after.device.update()).code).toBe('2.04');
    await server.stop(0);
    expect((await asked).kind).toBe('cancelled');
  });

  it('after a restart is asked where it is now, and not where it was', async () => {
    const first = await serve();
    const before = await open(first.coaps, 'lamp');
    await before.device.register({ endpoint: 'lamp' });
    const registration = first.server.registrations.byEndpoint('lamp') as Registration;
    const second = await serve({}, [registration]);
    const after = await open(second.coaps, 'lamp');
    const asked = second.server.perform('lamp', { type: 'read', path: { objectId: 3, instanceId: 0 } });
    expect(parse(await after.heard)).toMatchObject({ code: '0.01' });
    after.device.location = before.device.location;
    expect((await after.device.update()).code).toBe('2.04');
    await second.server.stop(0);
    expect((await asked).kind).toBe('cancelled');
  });

  it('whose session was ended is not reached until it begins another', async () => {
    const { server, coaps } = await serve();
    const lamp = await open(coaps, 'lamp');
    await lamp.device.register({ endpoint: 'lamp' });
    expect(server.closeSession({ kind: 'psk', identity: 'lamp' })).toBe(true);
    await lamp.ended;
    expect(server.closeSession({ kind: 'psk', identity: 'lamp' })).toBe(false);
    expect(server.registrations.byEndpoint('lamp')).toBeDefined();
  });
});
