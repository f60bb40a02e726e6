import { afterEach, describe, expect, it } from 'vitest';
import type { DtlsServerOptions } from '../../lwm2m/index.ts';
import { type DeviceEvent, type DeviceSettings, Fleet, SimulatedDevice } from '../../simulator/index.ts';
import { RecordingServer } from './recording-server.ts';

const KEY = Buffer.from('6b0b1c8de1b6a2f94c33d17ee0a7f815', 'hex');
const key = { identity: 'lamp-identity', key: KEY };
const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of clean.splice(0).reverse()) await close();
});

async function serve(credential: DtlsServerOptions['credential'] = () => KEY): Promise<RecordingServer> {
  const coaps = { host: '127.0.0.1', port: 0, credential };
  const server = await RecordingServer.start({ coap: undefined, coaps });
  clean.push(() => server.stop());
  return server;
}

function device({ server }: RecordingServer, more: Partial<DeviceSettings> = {}): SimulatedDevice {
  const made = new SimulatedDevice({ server: { ...server, secure: true }, endpoint: 'lamp', key, ...more });
  clean.push(() => made.stop({ deregister: false }));
  return made;
}

describe('a simulated device by coaps', () => {
  it('registers as its identity, and is asked through the same session', async () => {
    const server = await serve();
    await device(server).start();
    const { registration } = await server.next();
    expect(registration.peer).toMatchObject({ key: 'psk#lamp-identity', identity: { kind: 'psk' } });
    const path = { objectId: 3303, instanceId: 0, resourceId: 5701 };
    expect(await server.lwm2m.perform('lamp', { type: 'read', path })).toMatchObject({ kind: 'success' });
  });

  it('whose session the server ended begins another with its next message, and is asked there', async () => {
    const server = await serve();
    const made = device(server);
    await made.register();
    const port = made.localPort;
    server.lwm2m.closeSession({ kind: 'psk', identity: key.identity });
    await expect.poll(() => made.localPort).not.toBe(port);
    expect((await made.update()).code).toBe('2.04');
    expect(server.lwm2m.counters.dtls?.handshakesCompleted).toBe(2);
    const path = { objectId: 3303, instanceId: 0, resourceId: 5701 };
    expect(await server.lwm2m.perform('lamp', { type: 'read', path })).toMatchObject({ kind: 'success' });
  });

  it('with a wrong key tells that it got no session, and tries again', { timeout: 30_000 }, async () => {
    const server = await serve(() => Buffer.alloc(16, 1));
    const events: DeviceEvent[] = [];
    const made = device(server, { onEvent: (event) => events.push(event) });
    await expect(made.register()).rejects.toMatchObject({ code: 'simulator/handshake' });
    expect(events).toMatchObject([{ type: 'failed', operation: 'register', code: 'simulator/handshake' }]);
  });

  it('without a key says so', async () => {
    const server = await serve();
    await expect(device(server, { key: undefined }).register()).rejects.toThrow('needs the key of the device');
  });

  it('is one of many, each with an identity and a socket of its own', async () => {
    const server = await serve();
    const keyOf = (endpoint: string) => ({ identity: `id-${endpoint}`, key: KEY });
    const fleet = new Fleet({ server: { ...server.server, secure: true }, endpoints: 5, rate: 1_000, keyOf });
    await fleet.start();
    const keys = [...server.lwm2m.registrations.values()].map(({ peer }) => peer.key).sort();
    expect(keys).toEqual([1, 2, 3, 4, 5].map((number) => `psk#id-sim-00000${number}`));
    expect((await fleet.stop()).deregisters).toBe(5);
  });
});
