import { afterEach, describe, expect, it } from 'vitest';
import { DEMO_DEVICES, type DeviceSettings, Fleet, SimulatedDevice } from '../../simulator/index.ts';
import { paths, RecordingServer } from './recording-server.ts';

const open: { stop(how?: object): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop({ deregister: false });
});

async function serve(...options: Parameters<typeof RecordingServer.start>): Promise<RecordingServer> {
  const server = await RecordingServer.start(...options);
  open.push(server);
  return server;
}

function device(server: RecordingServer, settings: Partial<DeviceSettings> = {}): SimulatedDevice {
  const made = new SimulatedDevice({ server: server.server, endpoint: 'dev', ...settings });
  open.push(made);
  return made;
}

describe('simulated devices on another CoAP implementation and the LwM2M server understand each other:', () => {
  it('every device of the demonstration registers, updates and leaves', async () => {
    const server = await serve();
    for (const settings of DEMO_DEVICES) {
      const made = device(server, settings);
      await made.start();
      const { registration } = await server.next();
      expect(registration).toMatchObject({
        endpoint: settings.endpoint,
        version: settings.version,
        lifetime: settings.lifetime,
        binding: 'U',
        queueMode: settings.queueMode ?? false,
        peer: { port: made.localPort },
      });
      expect(registration.objectLinks.rootPath).toBe(settings.rootPath ? `/${settings.rootPath}` : '/');
      expect((await made.update()).code).toBe('2.04');
      await made.stop();
      expect([(await server.next()).type, (await server.next()).type]).toEqual(['update', 'deregister']);
    }
    expect(server.lwm2m.registrations.size).toBe(0);
  });

  it('IPv6, changed objects and a changed lifetime', async () => {
    const server = await serve({ coap: { host: '::1', port: 0 } });
    const made = device(server, { objects: { 1: [0], 5: [] } });
    await made.register();
    expect(paths((await server.next()).registration)).toEqual(['1/0', '5']);
    await made.addInstance(3303, 4);
    expect(paths((await server.next()).registration)).toEqual(['1/0', '5', '3303/4']);
    await made.removeInstance(3303, 4);
    expect(paths((await server.next()).registration)).toEqual(['1/0', '5']);
    await made.update({ lifetime: 17 });
    expect((await server.next()).registration.lifetime).toBe(17);
  });

  it('500 links in blocks, of which each comes twice and out of order', async () => {
    const server = await serve();
    const made = device(server, { extraObjects: 500, misbehaviour: { duplicate: true, reorder: 3 } });
    expect((await made.register()).code).toBe('2.01');
    const { registration } = await server.next();
    expect(registration.objectLinks.links).toHaveLength(505);
    expect(server.events.all).toHaveLength(1);
  });

  it('repeated datagrams, late ones too, register, update and de-register once each', async () => {
    const server = await serve();
    const made = device(server, { misbehaviour: { duplicate: true, reorder: 20 } });
    await made.register();
    await made.update();
    await made.deregister();
    expect(server.events.all.map(({ type }) => type)).toEqual(['register', 'update', 'deregister']);
  });

  it('a slow answer comes separately (RFC 7252 5.2.2)', async () => {
    const server = await serve();
    let accept: () => void = () => {};
    server.answers.push(
      new Promise((resolve) => {
        accept = () => resolve(undefined);
      }),
    );
    const registering = device(server).register();
    await server.next();
    while (server.lwm2m.counters.coap.sent === 0) await new Promise((resolve) => setImmediate(resolve));
    accept();
    expect((await registering).code).toBe('2.01');
    expect(server.lwm2m.counters.coap.separate).toBe(1);
  });

  it('5.03 brings its Max-Age to the device', async () => {
    const server = await serve();
    server.answers.push({ code: '5.03', maxAge: 7, diagnostic: 'busy' });
    const reply = await device(server).register();
    expect(reply).toMatchObject({ code: '5.03', maxAge: 7 });
  });

  it('what is malformed is refused, what falls silent expires', async () => {
    const server = await serve();
    expect((await device(server, { misbehaviour: { badPayload: true } }).register()).code).toBe('4.00');
    expect((await device(server, { misbehaviour: { rawBinding: 'XYZ' } }).register()).code).toBe('4.00');
    const silent = device(server, { lifetime: 1, misbehaviour: { neverUpdate: true } });
    await silent.start();
    expect([(await server.next()).type, (await server.next()).type]).toEqual(['register', 'expire']);
  });

  it('200 devices of one fleet', async () => {
    const server = await serve();
    const fleet = new Fleet({ server: server.server, endpoints: 200, rate: 2_000, maxSockets: 150 });
    await fleet.start();
    expect(server.lwm2m.registrations.size).toBe(200);
    expect(await fleet.stop()).toMatchObject({ registers: 200, deregisters: 200, failed: {}, sockets: 150 });
    expect(server.lwm2m.registrations.size).toBe(0);
  });
});
