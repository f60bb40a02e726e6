import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ObservationChange, parsePath, type Report } from '../../lwm2m/index.ts';
import { type DeviceEvent, type DeviceSettings, SimulatedDevice } from '../../simulator/index.ts';
import { Mailbox } from './mailbox.ts';
import { RecordingServer } from './recording-server.ts';
import { ScriptedServer } from './scripted-server.ts';
import { SteppedClock } from './stepped-clock.ts';

const DIMMER = parsePath('/3311/0/5851');
const SENSOR = parsePath('/3303/0/5700');

let server: RecordingServer;
let reports: Mailbox<Report>;
let changes: Mailbox<ObservationChange>;
const devices: SimulatedDevice[] = [];

beforeEach(async () => {
  reports = new Mailbox();
  changes = new Mailbox();
  server = await RecordingServer.start({
    report: (report) => reports.put(report),
    observationChanged: (change) => changes.put(change),
  });
});

afterEach(async () => {
  for (const device of devices.splice(0)) await device.stop({ deregister: false });
  await server.stop();
});

/** A registered device whose time goes from timer to timer as the test says. */
async function registered(settings: Partial<DeviceSettings> = {}) {
  const clock = new SteppedClock();
  const events = new Mailbox<DeviceEvent>();
  const device = new SimulatedDevice({
    server: server.server,
    endpoint: 'dev',
    clock,
    objects: { 1: [0], 3: [0], 3303: [0], 3311: [0] },
    confirmEvery: 0,
    random: () => 0.5,
    onEvent: (event) => events.put(event),
    ...settings,
  });
  devices.push(device);
  await device.start();
  await server.next();
  return { device, clock, events };
}

const perform = (operation: Parameters<typeof server.lwm2m.perform>[1]) =>
  server.lwm2m.perform('dev', operation, { deadline: 5_000 });
const values = ({ nodes }: Report) => nodes.map(({ value }) => value);

describe('an observation (LwM2M 1.1 6.4.1, RFC 7641)', () => {
  it('brings every change, in order, until it is cancelled', async () => {
    const { device } = await registered();
    expect(await perform({ type: 'observe', path: DIMMER })).toMatchObject({ observing: true });
    for (const value of [1, 2, 3, 4, 5]) {
      device.set('/3311/0/5851', value);
      expect(values(await reports.next())).toEqual([value]);
    }
    expect(await perform({ type: 'cancel-observe', path: DIMMER })).toMatchObject({ kind: 'success' });
    expect(device.observations).toBe(0);
  });

  it('brings what a Write of the server changed, and of an instance all of it', async () => {
    await registered();
    await perform({ type: 'observe', path: parsePath('/3311/0') });
    await perform({ type: 'write', path: DIMMER, mode: 'replace', nodes: [{ path: DIMMER, value: 42 }] });
    const { nodes } = await reports.next();
    expect(nodes).toContainEqual({ path: DIMMER, value: 42 });
    expect(nodes.length).toBeGreaterThan(2);
  });

  it('brings what changes by itself, looked at in an interval', async () => {
    const { clock } = await registered({ sampleInterval: 20_000 });
    await perform({ type: 'observe', path: SENSOR });
    for (let step = 0; step < 3; step += 1) {
      expect(await clock.step()).toBe(20_000);
      expect(typeof values(await reports.next())[0]).toBe('number');
    }
  });

  it('keeps pmin between notifications, and then brings the last value', async () => {
    const { device, clock } = await registered();
    await perform({ type: 'write-attributes', path: DIMMER, attributes: { pmin: 7 } });
    await perform({ type: 'observe', path: DIMMER });
    device.set('/3311/0/5851', 1);
    device.set('/3311/0/5851', 2);
    expect(await clock.step()).toBe(7_000);
    expect(values(await reports.next())).toEqual([2]);
    expect(reports.all).toHaveLength(1);
  });

  it('brings the same value again after pmax', async () => {
    const { clock } = await registered();
    await perform({ type: 'write-attributes', path: parsePath('/3311/0'), attributes: { pmax: 3 } });
    await perform({ type: 'observe', path: DIMMER });
    expect(await clock.step()).toBe(3_000);
    expect(values(await reports.next())).toEqual([80]);
    expect(await clock.step()).toBe(3_000);
    expect(values(await reports.next())).toEqual([80]);
  });

  it('heeds attributes that are written while it runs', async () => {
    const { device, clock } = await registered();
    await perform({ type: 'observe', path: DIMMER });
    await perform({ type: 'write-attributes', path: DIMMER, attributes: { pmin: 2, pmax: 4 } });
    expect(await clock.step()).toBe(4_000);
    expect(values(await reports.next())).toEqual([80]);
    device.set('/3311/0/5851', 1);
    expect(await clock.step()).toBe(2_000);
    expect(values(await reports.next())).toEqual([1]);
  });

  it('ends with an error when its format cannot hold the value any more (RFC 7641 4.2)', async () => {
    const { device } = await registered({ objects: { 1: [0], 3: [0], 3311: [0] } });
    await perform({ type: 'observe', path: DIMMER, format: 0 });
    device.set('/3311/0/5851', new Map([[0, 1]]));
    expect(await changes.next()).toMatchObject({ kind: 'ended', code: '4.06' });
    expect(device.observations).toBe(0);
  });

  it.each([
    [{ gt: 50 }, [60, 40, 45], [60, 40]],
    [{ lt: 20 }, [30, 10, 25], [10, 25]],
    [{ st: 10 }, [75, 70, 65, 60], [70, 60]],
    [{ gt: 90, lt: 10, st: 20 }, [95, 94, 70, 5], [95, 70, 5]],
  ])('heeds %j: of %j it brings %j (5.1.2)', async (attributes, set, told) => {
    const { device } = await registered();
    device.set('/3311/0/5851', 'gt' in attributes && attributes.gt === 50 ? 40 : 80);
    await perform({ type: 'write-attributes', path: DIMMER, attributes });
    await perform({ type: 'observe', path: DIMMER });
    for (const value of set) device.set('/3311/0/5851', value);
    for (const value of told) expect(values(await reports.next())).toEqual([value]);
    expect(reports.all).toHaveLength(told.length);
  });

  it('is composite where the server wants several at once (6.4.4)', async () => {
    const { device } = await registered();
    const paths = [DIMMER, parsePath('/1/0/6')];
    expect(await perform({ type: 'observe-composite', paths })).toMatchObject({ observing: true });
    expect(device.observations).toBe(1);
    device.set('/3311/0/5851', 9);
    expect(values(await reports.next())).toEqual(expect.arrayContaining([9, true]));
    expect(await perform({ type: 'cancel-observe-composite', paths })).toMatchObject({ kind: 'success' });
    expect(device.observations).toBe(0);
  });

  it('ends with 4.04 when what is observed is deleted (RFC 7641 4.2)', async () => {
    await registered();
    await perform({ type: 'observe', path: DIMMER });
    await perform({ type: 'delete', path: parsePath('/3311/0') });
    expect(await changes.next()).toMatchObject({ kind: 'ended' });
  });

  it('ends with the registration; the server asks again after the next one', async () => {
    const { device } = await registered();
    await perform({ type: 'observe', path: DIMMER });
    device.forget();
    await server.next();
    expect(await changes.next()).toMatchObject({ kind: 'renewed' });
    expect(device.observations).toBe(1);
  });

  it('brings long values in blocks (RFC 7959 2.6)', async () => {
    const { device } = await registered({ objects: { 1: [0], 3: [0], 19: [0] } });
    await perform({ type: 'observe', path: parsePath('/19/0') });
    const bytes = Buffer.alloc(10_000, 7);
    device.set('/19/0/0', new Map([[0, bytes]]));
    const [first] = values(await reports.next());
    expect(Buffer.isBuffer(first) && first.equals(bytes)).toBe(true);
  });

  it('is confirmable now and then, and always where the server wants that (LwM2M 1.2 7.3.2)', async () => {
    const { device, events } = await registered({ version: '1.2', confirmEvery: 3 });
    await perform({ type: 'observe', path: DIMMER });
    for (const value of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      if (value === 7) await perform({ type: 'write-attributes', path: DIMMER, attributes: { con: 1 } });
      device.set('/3311/0/5851', value);
      expect(values(await reports.next())).toEqual([value]);
    }
    const confirmable = events.all.flatMap((event) => (event.type === 'notified' ? [event.confirmable] : []));
    expect(confirmable).toEqual([false, true, false, false, true, false, true, true, true]);
  });
});

describe('a notification that the server does not want', () => {
  it.each([true, false])(
    'ends the observation when it is reset, confirmable: %s (RFC 7641 3.6)',
    async (confirmable) => {
      const scripted = await ScriptedServer.start();
      const { device } = await registeredWith(scripted, { confirmEvery: confirmable ? 1 : 0 });
      await scripted.ask(device.localPort ?? 0, 'GET', '/3311/0/5851', { observe: true });
      expect(device.observations).toBe(1);
      device.set('/3311/0/5851', 1);
      // The scripted server knows no observation: it resets what it did not ask for.
      while (device.observations > 0) await new Promise((resolve) => setImmediate(resolve));
      scripted.close();
    },
  );
});

async function registeredWith(scripted: ScriptedServer, settings: Partial<DeviceSettings>) {
  const device = new SimulatedDevice({
    server: scripted.server,
    endpoint: 'dev',
    clock: new SteppedClock(),
    ...settings,
  });
  devices.push(device);
  await device.start();
  await scripted.next();
  return { device };
}

describe('Send (LwM2M 1.1 6.4.6)', () => {
  it('brings values that nobody asked for, and values with their time', async () => {
    const { device } = await registered();
    expect((await device.send(['/3303/0/5701', '/3311/0/5851'])).code).toBe('2.04');
    expect(await reports.next()).toMatchObject({ source: 'send', nodes: [{ value: 'Cel' }, { value: 80 }] });
    const nodes = [1_700_000_000_000, 1_700_000_060_000].map((time, value) => ({ path: SENSOR, value, time }));
    await device.send(nodes);
    expect((await reports.next()).nodes).toEqual(nodes);
  });

  it('happens in an interval where that is set, with what the sensors measure', async () => {
    const { clock } = await registered({ sendInterval: 20_000, version: '1.1' });
    expect(await clock.step()).toBe(20_000);
    const { nodes } = await reports.next();
    expect(nodes).toMatchObject([{ path: SENSOR, time: clock.wall() }]);
  });

  it('is not to be had in 1.0, nor where the server mutes it', async () => {
    const old = await registered({ version: '1.0' });
    await expect(old.device.send(['/3303/0/5700'])).rejects.toMatchObject({ code: 'simulator/no-send' });
    await old.device.stop();
    const { device } = await registered();
    const path = parsePath('/1/0/23');
    await perform({ type: 'write', path, mode: 'replace', nodes: [{ path, value: true }] });
    await expect(device.send(['/3303/0/5700'])).rejects.toMatchObject({ code: 'simulator/no-send' });
  });
});

describe('on demand a device', () => {
  it('loses notifications', async () => {
    const { device, events } = await registered({ misbehaviour: { loseNotifications: 1 } });
    await perform({ type: 'observe', path: DIMMER });
    device.set('/3311/0/5851', 1);
    expect(events.all.filter(({ type }) => type === 'notified')).toHaveLength(1);
    expect(await perform({ type: 'read', path: DIMMER })).toMatchObject({ nodes: [{ value: 1 }] });
    expect(reports.all).toHaveLength(0);
  });

  it.each([0, 1])(
    'sends notifications several times (confirmable every: %i), of which one counts',
    async (confirmEvery) => {
      const { device, clock } = await registered({ confirmEvery, misbehaviour: { retransmit: 2 } });
      await perform({ type: 'observe', path: DIMMER });
      device.set('/3311/0/5851', 1);
      await reports.next();
      const before = server.lwm2m.counters.coap.received;
      await clock.step();
      await clock.step();
      while (server.lwm2m.counters.coap.received < before + 2) await new Promise((resolve) => setImmediate(resolve));
      expect(reports.all).toHaveLength(1);
    },
  );

  it('tells of an instance only what changed', async () => {
    const { device } = await registered({ misbehaviour: { partialNotifications: true } });
    await perform({ type: 'observe', path: parsePath('/3311/0') });
    device.set('/3311/0/5851', 1);
    expect((await reports.next()).nodes).toEqual([{ path: DIMMER, value: 1 }]);
  });
});

describe.each(['1.0', '1.1'] as const)('a device of LwM2M %s in queue mode', (version) => {
  const asleep = async (settings: Partial<DeviceSettings> = {}) => {
    const made = await registered({
      version,
      queueMode: true,
      awakeWindow: 10_000,
      updateInterval: 60_000,
      jitter: 0,
      ...settings,
    });
    expect(await made.clock.step()).toBe(10_000);
    expect(made.device.asleep).toBe(true);
    return made;
  };

  it('says so, sleeps after its window, and answers nothing then', async () => {
    const { device } = await asleep();
    expect(server.events.all[0]?.registration.queueMode).toBe(true);
    const outcome = server.lwm2m.perform('dev', { type: 'read', path: DIMMER }, { deadline: 100 });
    expect(['timeout', 'expired', 'asleep']).toContain((await outcome).kind);
    expect(device.asleep).toBe(true);
  });

  it('wakes by an Update, is asked then, and stays awake for its window after that', async () => {
    const { device, clock, events } = await asleep();
    expect(await clock.step()).toBe(50_000);
    expect((await server.next()).type).toBe('update');
    expect(device.asleep).toBe(false);
    expect(await perform({ type: 'read', path: DIMMER })).toMatchObject({ nodes: [{ value: 80 }] });
    while ((await events.next()).type !== 'asked');
    expect(await clock.step()).toBe(10_000);
    expect(device.asleep).toBe(true);
  });

  it('tells on waking what changed in its sleep, once', async () => {
    const { device, clock } = await registered({
      version,
      queueMode: true,
      awakeWindow: 10_000,
      updateInterval: 60_000,
      sampleInterval: 100_000,
      jitter: 0,
    });
    await perform({ type: 'observe', path: DIMMER });
    while (!device.asleep) await clock.step();
    device.set('/3311/0/5851', 1);
    device.set('/3311/0/5851', 2);
    expect(reports.all).toHaveLength(0);
    await clock.step();
    expect(values(await reports.next())).toEqual([2]);
    expect(reports.all).toHaveLength(1);
  });
});
