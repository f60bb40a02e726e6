import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { paths, RecordingServer } from '../simulator/recording-server.ts';
import { describeWithLeshan, LeshanClient, type LeshanOptions } from '../support/leshan.ts';

const ROOT_FORMATS = [60, 110, 112, 11542, 11543];

await describeWithLeshan('a Leshan client and the LwM2M server', () => {
  let server: RecordingServer;
  const clients: LeshanClient[] = [];

  beforeEach(async () => {
    server = await RecordingServer.start();
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.kill();
    await server.stop();
  });

  /** Starts a client and takes its Register. */
  async function registered(options: Partial<LeshanOptions> = {}) {
    const client = await LeshanClient.start({ server: server.uri, endpoint: 'urn:imei:356938035643809', ...options });
    clients.push(client);
    const { registration } = await server.next();
    const line = await client.event(/^registered /);
    return { client, registration, location: line.split(' ')[1] };
  }

  it('Register: endpoint, version, lifetime, binding and objects arrive, and Leshan takes the location', async () => {
    const { registration, location } = await registered({ lifetime: 60 });
    expect(registration).toMatchObject({
      endpoint: 'urn:imei:356938035643809',
      version: '1.1',
      lifetime: 60,
      binding: 'U',
      queueMode: false,
    });
    expect(location).toBe(`/rd/${registration.id}`);
    expect(registration.objectLinks).toMatchObject({ rootPath: '/', contentFormats: ROOT_FORMATS });
    expect(paths(registration)).toEqual(['1/0', '3/0', '3303/0', '3311/0']);
  });

  it('Update: an empty one, a new lifetime, objects and instances that come and go', async () => {
    const { client, registration } = await registered();
    const updated = async (command: string) => {
      client.send(command);
      const event = await server.next();
      expect(event).toMatchObject({ type: 'update', registration: { id: registration.id } });
      await client.event(/^updated/);
      return event.registration;
    };
    expect((await updated('update')).objectLinks).toEqual(registration.objectLinks);
    expect((await updated('lifetime 45')).lifetime).toBe(45);
    expect(paths(await updated('add 3303/1'))).toEqual(['1/0', '3/0', '3303/0', '3303/1', '3311/0']);
    expect(paths(await updated('remove 3303/0'))).toEqual(['1/0', '3/0', '3303/1', '3311/0']);
    const { objectLinks } = await updated('remove 3311');
    expect(objectLinks.links.map(({ objectId }) => objectId)).toEqual([1, 3, 3303]);
  });

  it('Register over a registration, De-register, and Register after it', async () => {
    const { client, registration } = await registered();
    client.send('forget');
    client.send('register');
    const again = await server.next();
    expect(again.previous?.id).toBe(registration.id);
    await client.event(/^registered /);
    expect(server.lwm2m.registrations.size).toBe(1);
    client.send('deregister');
    expect(await server.next()).toMatchObject({ type: 'deregister', registration: { id: again.registration.id } });
    await client.event(/^deregistered/);
    client.send('register');
    expect((await server.next()).previous).toBeUndefined();
    await client.event(/^registered /);
    await client.stop();
    expect((await server.next()).type).toBe('deregister');
    expect(client.events.at(-1)).toBe('stopped');
  });

  it('the lifetime of a client that loses power ends, and not before', async () => {
    const { client, registration } = await registered({ lifetime: 2, updatePeriod: 60 });
    await client.kill();
    expect(await server.next()).toMatchObject({ type: 'expire', registration: { id: registration.id } });
    expect(Date.now() - registration.registeredAt).toBeGreaterThan(1_900);
    expect(server.lwm2m.registrations.size).toBe(0);
  });
});

await describeWithLeshan('a Leshan client and a LwM2M server with troubles', () => {
  let server: RecordingServer;

  beforeAll(async () => {
    server = await RecordingServer.start({ coap: { host: '::1', port: 0 } });
  });

  afterAll(async () => {
    await server.stop();
  });

  it('is refused with 5.03 and tries again, over IPv6, in queue mode, and after 4.04 to an Update registers anew', async () => {
    server.answers.push({ code: '5.03', maxAge: 1, diagnostic: 'the CSE is away' });
    const client = await LeshanClient.start({ server: server.uri, endpoint: 'sleeper', queue: true, retry: 200 });
    try {
      expect(await client.event(/^register-refused/)).toContain('503');
      expect(await client.event(/^registered /)).toMatch(/\/rd\//);
      await server.next();
      const { registration } = await server.next();
      expect(registration).toMatchObject({ endpoint: 'sleeper', queueMode: true });
      server.answers.push({ code: '4.04' });
      client.send('update');
      expect(await client.event(/^update-refused/)).toContain('404');
      expect((await server.next()).type).toBe('update');
      expect(await server.next()).toMatchObject({ type: 'register', previous: { id: registration.id } });
      await client.event(/^registered /);
    } finally {
      await client.kill();
    }
  });
});
