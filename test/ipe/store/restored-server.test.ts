import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../../common/index.ts';
import { MemoryStore } from '../../../ipe/store/memory-store.ts';
import { observationRecorder } from '../../../ipe/store/observation-recorder.ts';
import { recorded } from '../../../ipe/store/recording.ts';
import { type RestartParts, restart } from '../../../ipe/store/restart.ts';
import type { Store } from '../../../ipe/store/store.ts';
import { Lwm2mServer, parsePath, type Registration, RegistrationService, type Report } from '../../../lwm2m/index.ts';
import { observable, senml, tokenOf, values } from '../../lwm2m/observation/observed-device.ts';
import { ScriptedDevice } from '../../lwm2m/operation/scripted-device.ts';
import { HeldClock } from '../../support/held-clock.ts';
import { ACCEPT } from '../../support/registration.ts';
import { registrationOf } from './samples.ts';
import { openTemporary, temporaryDirectory } from './temporary-store.ts';

const UNFOLLOWED = { release: () => undefined, drop: () => undefined };
const LIFETIME = { min: 1, max: 100_000, default: 86_400 };

/** A CSE that holds no trees and wants none. */
const nowhere: Omit<RestartParts, 'store' | 'server'> = {
  bridge: { restore: () => undefined, abandon: () => undefined, expect: () => undefined },
  backlog: { add: () => undefined },
  removals: { add: () => undefined },
  restored: () => undefined,
  cse: 'http://127.0.0.1/cse-in',
  clock: systemClock,
  logger: silentLogger,
};

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A server with the state of a store, on a port, and what devices report to it. */
async function serve(store: Store, port = 0) {
  const reports: Report[] = [];
  const server = new Lwm2mServer(
    {
      coap: { host: '127.0.0.1', port },
      lifetime: LIFETIME,
      report: (report) => void reports.push(report),
      observationKeeper: observationRecorder(store, silentLogger),
    },
    recorded(ACCEPT, { store, follower: UNFOLLOWED, logger: silentLogger, random: () => 0.5 }),
  );
  const { registrations, observations } = restart({ store, server, ...nowhere });
  const restored = { registrations, observations };
  const bound = await server.start();
  ends.push(() => server.stop(0));
  return { server, reports, restored, port: bound.port };
}

async function device(port: number, script = observable()): Promise<ScriptedDevice> {
  const opened = await ScriptedDevice.open(port, script);
  ends.push(() => opened.close());
  return opened;
}

describe('a server that is started again with what it recorded', () => {
  it('goes on as if nothing had been: Update, notification, Send and De-register', async () => {
    const path = temporaryDirectory();
    const store = openTemporary(path);
    const before = await serve(store);
    const client = await device(before.port);
    await client.register({ endpoint: 'dev', lifetime: 300 });
    const outcome = await before.server.perform('dev', { type: 'observe', path: parsePath('/3303/0') });
    expect(outcome).toMatchObject({ kind: 'success', observing: true });
    await before.server.stop(0);
    await store.close();

    const after = await serve(openTemporary(path), before.port);
    expect(after.restored).toEqual({ registrations: 1, observations: 1 });
    expect(after.server.observations('dev')).toEqual([{ paths: [parsePath('/3303/0')], composite: false }]);
    expect(await client.notify(tokenOf(client.requests[0]), { ...senml(21), observe: 2 })).toBe(true);
    expect(values(after.reports)).toEqual([21]);
    expect((await client.send(110, '[{"n":"/3303/0/5700","v":22}]')).code).toBe('2.04');
    expect(await client.update()).toBe('2.04');
    expect(await client.deregister()).toBe('2.02');
    await after.server.stop(0);
  });

  it('knows nothing of what has left, nor its observations', async () => {
    const store = new MemoryStore();
    const before = await serve(store);
    const client = await device(before.port);
    await client.register({ endpoint: 'dev' });
    await before.server.perform('dev', { type: 'observe', path: parsePath('/3303/0') });
    await client.deregister();
    await before.server.stop(0);
    const after = await serve(store, before.port);
    expect(after.restored).toEqual({ registrations: 0, observations: 0 });
    expect(await client.update()).toBe('4.04');
    expect([...store.entries('observation')]).toEqual([]);
  });

  it('drops records of observations whose registration is another by now', async () => {
    const store = new MemoryStore();
    store.put('registration', 'dev', registrationOf('dev'));
    const token = Buffer.from('0102030405060708', 'hex');
    const observation = {
      endpoint: 'dev',
      registrationId: 'other',
      token,
      paths: [parsePath('/3/0')],
      composite: false,
    };
    store.put('observation', token.toString('hex'), { ...observation, format: undefined });
    expect((await serve(store)).restored).toEqual({ registrations: 1, observations: 0 });
    expect([...store.entries('observation')]).toEqual([]);
  });
});

describe('a lifetime that ran on while nobody served', () => {
  const service = (updatedAgo: number, presumed?: number) => {
    const clock = new HeldClock();
    const expired: string[] = [];
    const handler = { ...ACCEPT, expire: ({ endpoint }: { endpoint: string }) => void expired.push(endpoint) };
    const registrations = new RegistrationService({ lifetime: LIFETIME, clock }, handler);
    const registration = { ...registrationOf('dev'), lifetime: 300, updatedAt: clock.wall() - updatedAgo };
    expect(registrations.restore(registration, presumed)).toBe(true);
    expect(registrations.restore(registration)).toBe(false);
    return { clock, expired, registrations };
  };

  it('ends when the rest of it is over', () => {
    const { clock, expired } = service(200_000);
    clock.pass(99_000);
    expect(expired).toEqual([]);
    clock.pass(1_500);
    expect(expired).toEqual(['dev']);
  });

  it('lasts as much longer as it may have been renewed after its record', () => {
    const { clock, expired } = service(290_000, 15_000);
    clock.pass(24_000);
    expect(expired).toEqual([]);
    clock.pass(1_500);
    expect(expired).toEqual(['dev']);
  });

  it('ends at once, through the handler, when it is over already', () => {
    const { clock, expired, registrations } = service(400_000);
    clock.pass(300);
    expect(expired).toEqual(['dev']);
    expect(registrations.registrations.size).toBe(0);
  });

  it('has ended before a request is served, where that is asked for', () => {
    const over = service(400_000);
    over.registrations.endOverdue();
    expect(over.expired).toEqual(['dev']);
    expect(over.registrations.registrations.size).toBe(0);
    over.clock.pass(300);
    expect(over.expired).toEqual(['dev']);
    const left = service(200_000);
    left.registrations.endOverdue();
    expect(left.expired).toEqual([]);
  });

  it('is over for its device from the first datagram on: nothing is taken of it', async () => {
    const store = new MemoryStore();
    const before = await serve(store);
    const client = await device(before.port);
    await client.register({ endpoint: 'dev', lifetime: 300 });
    await before.server.perform('dev', { type: 'observe', path: parsePath('/3303/0') });
    await before.server.stop(0);
    const [registration] = [...store.entries('registration')].map(({ record }) => record);
    store.put('registration', 'dev', { ...(registration as Registration), updatedAt: Date.now() - 316_000 });
    const after = await serve(store, before.port);
    expect(after.restored).toEqual({ registrations: 1, observations: 1 });
    const taken = client.notify(tokenOf(client.requests[0]), { ...senml(21), observe: 2 });
    expect((await client.send(110, '[{"n":"/3303/0/5700","v":22}]')).code).toBe('4.04');
    expect(await client.update()).toBe('4.04');
    expect(await taken).toBe(false);
    expect(after.reports).toEqual([]);
  });

  it('is no longer than a whole one when the clock was set back', () => {
    const { clock, expired } = service(-5_000_000);
    clock.pass(300_500);
    expect(expired).toEqual(['dev']);
  });
});
