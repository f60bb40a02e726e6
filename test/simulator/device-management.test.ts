import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DeviceSettings, SimulatedDevice } from '../../simulator/index.ts';
import { ScriptedServer } from './scripted-server.ts';
import { SteppedClock } from './stepped-clock.ts';

let server: ScriptedServer;
const devices: SimulatedDevice[] = [];

beforeEach(async () => {
  server = await ScriptedServer.start();
});

afterEach(async () => {
  for (const device of devices.splice(0)) await device.stop({ deregister: false });
  server.close();
});

/** A registered device, and the port that it registered from. */
async function registered(settings: Partial<DeviceSettings> = {}): Promise<{ device: SimulatedDevice; port: number }> {
  const clock = new SteppedClock();
  const device = new SimulatedDevice({ server: server.server, endpoint: 'dev', clock, ...settings });
  devices.push(device);
  await device.start();
  return { device, port: (await server.next()).port };
}

describe('the server asks a device at the port that it registered from', () => {
  it('Read of one resource is answered as text (LwM2M 1.0 6.4.1)', async () => {
    const { port } = await registered();
    const value = await server.ask(port, 'GET', '/3303/0/5700');
    expect(value).toMatchObject({ code: '2.05', format: 'text/plain' });
    expect(Number(value.payload)).toBeGreaterThan(5);
    expect(Number(value.payload)).toBeLessThan(40);
    expect(await server.ask(port, 'GET', '/3303/0/5701')).toMatchObject({ payload: 'Cel' });
  });

  it('Read of an instance is SenML JSON, or LwM2M JSON where that is asked for', async () => {
    const { port } = await registered();
    const senml = await server.ask(port, 'GET', '/3303/0');
    expect(senml.format).toBe('application/senml+json');
    const records = JSON.parse(senml.payload) as { bn?: string; n: string }[];
    expect(records[0]?.bn).toBe('/3303/0/');
    expect(records.map(({ n }) => n)).toEqual(['5601', '5602', '5603', '5604', '5700', '5701']);
    const old = await server.ask(port, 'GET', '/3303/0', { accept: 11543 });
    expect(JSON.parse(old.payload)).toMatchObject({
      bn: '/3303/0/',
      e: expect.arrayContaining([{ n: '5701', sv: 'Cel' }]),
    });
  });

  it('Read of an object names instances and resources, and of a multiple resource its instances', async () => {
    const { port } = await registered({ objects: { 3: [0], 3303: [0, 1] } });
    const records = JSON.parse((await server.ask(port, 'GET', '/3303')).payload) as { bn?: string; n: string }[];
    expect(records[0]?.bn).toBe('/3303/');
    expect(records.map(({ n }) => n)).toContain('1/5700');
    const multiple = await server.ask(port, 'GET', '/3/0/11');
    expect(JSON.parse(multiple.payload)).toEqual([{ bn: '/3/0/11/0', v: 0 }]);
  });

  it('Discover lists objects, instances and resources (LwM2M 1.0 5.4.2)', async () => {
    const { port } = await registered({ objects: { 3303: [0] } });
    const ask = async (path: string) => (await server.ask(port, 'GET', path, { accept: 40 })).payload;
    const resources = [5700, 5701, 5601, 5602, 5603, 5604, 5605].map((id) => `</3303/0/${id}>`).join();
    expect(await ask('/3303')).toBe(`</3303>,</3303/0>,${resources}`);
    expect(await ask('/3303/0')).toBe(`</3303/0>,${resources}`);
    expect(await ask('/3303/0/5700')).toBe('</3303/0/5700>');
  });

  it('answers below its alternate root path, and there only', async () => {
    const { port } = await registered({ rootPath: 'lwm2m', objects: { 3303: [0] } });
    expect((await server.ask(port, 'GET', '/lwm2m/3303/0/5701')).payload).toBe('Cel');
    expect((await server.ask(port, 'GET', '/lwm2m/3303/0/5701', { accept: 40 })).payload).toBe('</lwm2m/3303/0/5701>');
    expect((await server.ask(port, 'GET', '/3303/0/5701')).code).toBe('4.04');
  });

  it('refuses what it does not have, cannot do or does not speak', async () => {
    const { port } = await registered();
    const codes = await Promise.all([
      server.ask(port, 'GET', '/3304/0/5700'),
      server.ask(port, 'GET', '/3303/9/5700'),
      server.ask(port, 'GET', '/3303/0/1'),
      server.ask(port, 'GET', '/rd'),
      server.ask(port, 'GET', '/3/0/4'),
      server.ask(port, 'PUT', '/3303/0/5700', { payload: '1' }),
      server.ask(port, 'POST', '/3303/0/5700'),
      server.ask(port, 'DELETE', '/3/0'),
      server.ask(port, 'GET', '/3303/0', { accept: 11544 }),
      server.ask(port, 'PUT', '/3311/0/5850', { payload: '{}', format: 50 }),
      server.ask(port, 'PUT', '/3311/0/5850', { payload: 'maybe' }),
    ]);
    expect(codes.map(({ code }) => code).join(' ')).toBe('4.04 4.04 4.04 4.04 4.05 4.05 4.05 4.05 4.06 4.15 4.00');
  });

  it('Write changes a value', async () => {
    const { port } = await registered();
    expect((await server.ask(port, 'PUT', '/3311/0/5851', { payload: '35', format: 0 })).code).toBe('2.04');
    expect((await server.ask(port, 'GET', '/3311/0/5851')).payload).toBe('35');
  });

  it('installs firmware that was written, and nothing else', async () => {
    const { port } = await registered();
    expect((await server.ask(port, 'POST', '/5/0/2')).code).toBe('4.05');
    await server.ask(port, 'PUT', '/5/0/0', { payload: 'image', format: 42 });
    expect((await server.ask(port, 'GET', '/5/0/3')).payload).toBe('2');
    expect((await server.ask(port, 'POST', '/5/0/2')).code).toBe('2.04');
    expect((await server.ask(port, 'GET', '/5/0/5')).payload).toBe('1');
  });

  it('Execute of the update trigger brings an Update, a written lifetime an Update with lt', async () => {
    const { port, device } = await registered();
    await server.ask(port, 'POST', '/1/0/8');
    expect(await server.next()).toMatchObject({ path: 'rd/1', query: [] });
    await server.ask(port, 'PUT', '/1/0/1', { payload: '77' });
    expect(await server.next()).toMatchObject({ path: 'rd/1', query: ['lt=77'] });
    expect(device.lifetime).toBe(77);
  });

  it('Reboot makes it go away for a moment and register anew', async () => {
    const clock = new SteppedClock();
    const { port } = await registered({ clock, rebootTime: 1_000 });
    await server.ask(port, 'POST', '/3/0/4');
    void server.exchange(port, Buffer.from('40001236', 'hex'));
    expect(await clock.step()).toBe(1_000);
    expect(await server.next()).toMatchObject({ method: 'POST', path: 'rd' });
    expect(server.datagrams.some(({ bytes }) => bytes === '70001236')).toBe(false);
  });

  it('answers a ping with Reset (RFC 7252 4.3)', async () => {
    const { port } = await registered();
    const answer = await server.exchange(port, Buffer.from('40001234', 'hex'));
    expect(answer.toString('hex')).toBe('70001234');
  });

  it('lets datagrams that are no CoAP pass by', async () => {
    const { port } = await registered();
    const answer = server.exchange(port, Buffer.from('ff', 'hex'));
    void server.exchange(port, Buffer.from('4f0112', 'hex'));
    void server.exchange(port, Buffer.from('40001235', 'hex'));
    expect((await answer).toString('hex')).toBe('70001235');
  });
});
