import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Operation, ResourceType } from '../../cse-client/index.ts';
import type { EmbeddedCse } from '../../embedded-cse/index.ts';
import { Listener } from '../contract/listener.ts';
import { temporaryDirectory } from '../ipe/store/temporary-store.ts';
import { collectingLogger } from '../support/collecting-logger.ts';
import { type CseUnderTest, startEmbedded } from '../support/cse-under-test.ts';
import { Application, eventually, type Overrides, type RunningIpe, startIpe } from '../support/ipe.ts';
import { AnsweringDevice } from './answering-device.ts';

const { ae, contentInstance, subscription } = ResourceType;
const VALUES = { op: Operation.create, ty: contentInstance } as const;
const CREATION = 3;
const DROPPED = 'values of a device that has left were dropped';

describe('what waits for the CSE when its device leaves', () => {
  let cse: CseUnderTest & { cse: EmbeddedCse };
  let ipe: RunningIpe;
  let app: Application;
  let listener: Listener;
  let device: AnsweringDevice;
  let log: ReturnType<typeof collectingLogger>;
  const open: { close(): void }[] = [];

  const start = async (overrides: Overrides = {}) => {
    ipe = await startIpe(cse, overrides, log.logger);
    device = await AnsweringDevice.open(ipe.port);
    open.push(device);
    device.holds('/3303/0', [{ n: '5700', v: 0 }]);
  };
  /** Registers, and has an application subscribe to what is created in the container of 5700. */
  const followed = async (lifetime = 60) => {
    expect(await device.register('leaver', { lifetime })).toBe('2.01');
    await eventually(
      () => app.see(contentInstance, 'leaver/3303_0/5700/la').catch(() => undefined),
      (found) => found?.con === 0,
    );
    const told = { rn: 'told', nu: [listener.url], enc: { net: [CREATION] }, nct: 1 };
    await app.client.create(subscription, `${cse.base}/leaver/3303_0/5700`, told);
  };
  const notify = async (...values: number[]) => {
    for (const value of values) expect(await device.notify('/3303/0', [{ n: '5700', v: value }])).toBe('ack');
  };
  /** Contents in the order in which the application heard of them. */
  const told = () =>
    listener.arrivals
      .map(({ body }) => body['m2m:sgn']?.nev?.rep?.['m2m:cin']?.con)
      .filter((content) => content !== undefined);
  const hears = async (...values: number[]) => {
    await eventually(
      async () => told().length,
      (count) => count >= values.length,
    );
    expect(told()).toEqual(values);
  };
  const series = async (name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${ipe.ready.http.port}/metrics`)).text();
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`lwm2m_ipe_${name} `))
        ?.split(' ')[1],
    );
  };
  const gone = () =>
    eventually(
      () => app.see(ae, 'leaver'),
      (found) => found === undefined,
    );

  beforeEach(async () => {
    log = collectingLogger();
    cse = await startEmbedded('standard');
    app = await Application.start(cse);
    listener = await Listener.start();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) one.close();
    cse.cse.faults.clear();
    await ipe?.stop();
    await app.stop();
    await listener.stop();
    await cse.stop();
  });

  it('reaches applications in its order before the tree of a device that De-registers is deleted', async () => {
    await start();
    await followed();
    cse.cse.faults.delay(40, VALUES);
    await notify(1, 2, 3, 4, 5);
    expect(await device.deregister()).toBe('2.02');
    await hears(1, 2, 3, 4, 5);
    expect(await app.see(ae, 'leaver')).toBeUndefined();
    expect(await series('values_total{result="device_left"}')).toBe(0);
  });

  it('reaches applications before the tree of a device whose lifetime ends is deleted', async () => {
    await start({ lwm2m: { lifetime: { min: 1 } } });
    await followed(2);
    cse.cse.faults.delay(600, VALUES);
    await notify(1, 2, 3, 4, 5);
    await gone();
    await hears(1, 2, 3, 4, 5);
  });

  it('reaches applications after a moment in which the CSE took nothing', async () => {
    await start();
    await followed();
    cse.cse.faults.refuse(5000, VALUES, { times: 1 });
    await notify(1, 2, 3);
    expect(await device.deregister()).toBe('2.02');
    await hears(1, 2, 3);
  });

  it('reaches applications where the lifetime ended while the bridge was not there', async () => {
    const store = { kind: 'lmdb', path: join(temporaryDirectory(), 'store') } as const;
    await start({ store, cse: { timeout: '500ms' }, lwm2m: { lifetime: { min: 1 } } });
    await followed(2);
    cse.cse.faults.hang(VALUES);
    await notify(1, 2, 3);
    await ipe.stop();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    cse.cse.faults.clear();
    await start({ store, lwm2m: { lifetime: { min: 1 } } });
    await gone();
    await hears(1, 2, 3);
    expect(await series('values_total{result="device_left"}')).toBe(0);
  });

  it('reaches applications before a bridge ends that keeps nothing on a disk', async () => {
    await start();
    await followed();
    cse.cse.faults.delay(40, VALUES);
    await notify(1, 2, 3, 4, 5);
    await ipe.stop();
    await hears(1, 2, 3, 4, 5);
  });

  it('reaches applications, and its tree goes, where the bridge is stopped in that moment', async () => {
    await start({ store: { kind: 'lmdb', path: join(temporaryDirectory(), 'store') } });
    await followed();
    cse.cse.faults.delay(60, VALUES);
    await notify(1, 2, 3, 4, 5);
    const left = device.deregister();
    await eventually(
      async () => device.update(),
      (code) => code === '4.04',
    );
    await ipe.stop();
    expect(await left).toBe('2.02');
    await hears(1, 2, 3, 4, 5);
    await gone();
  });

  it('is counted and told as dropped where the CSE is away, and nobody waits for that', async () => {
    await start();
    await followed();
    cse.cse.faults.drop({});
    await notify(1, 2, 3);
    expect(await device.deregister()).toBe('2.02');
    await eventually(
      () => series('values_total{result="device_left"}'),
      (dropped) => dropped === 3,
    );
    expect(log.said(DROPPED)).toMatchObject([[DROPPED, { endpoint: 'leaver', dropped: 3, reason: 'the CSE is away' }]]);
    expect(await series('values_waiting')).toBe(0);
    cse.cse.faults.clear();
    await gone();
    expect(told()).toEqual([]);
  });

  it('is counted and told as dropped where the tree was never made', async () => {
    await start();
    cse.cse.faults.drop({});
    expect(await device.register('leaver')).toBe('2.01');
    await eventually(
      async () => device.isObserved('/3303/0'),
      (observed) => observed,
    );
    await notify(1, 2);
    expect(await device.deregister()).toBe('2.02');
    await eventually(
      () => series('values_total{result="device_left"}'),
      (dropped) => dropped === 3,
    );
  });

  it('is counted and told as dropped where the lifetime ended while the bridge was not there, and the tree was never made', async () => {
    const store = { kind: 'lmdb', path: join(temporaryDirectory(), 'store') } as const;
    await start({ store, lwm2m: { lifetime: { min: 1 } } });
    cse.cse.faults.drop({});
    expect(await device.register('leaver', { lifetime: 2 })).toBe('2.01');
    await eventually(
      async () => device.isObserved('/3303/0'),
      (observed) => observed,
    );
    await notify(1, 2);
    await ipe.stop();
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    cse.cse.faults.clear();
    await start({ store, lwm2m: { lifetime: { min: 1 } } });
    await eventually(
      () => series('values_total{result="device_left"}'),
      (dropped) => dropped === 3,
    );
    expect(log.said(DROPPED)).toMatchObject([[DROPPED, { endpoint: 'leaver', dropped: 3 }]]);
    expect(log.said('endpoint lifetime expired')).toHaveLength(1);
  });

  it('is counted as dropped where the device lists its instance no more', async () => {
    await start();
    await followed();
    const stuck = cse.cse.faults.refuse(5000, VALUES);
    await notify(1, 2, 3);
    expect(await device.update('</1/0>')).toBe('2.04');
    stuck.cancel();
    expect(await series('values_total{result="device_left"}')).toBe(3);
    expect(await series('values_waiting')).toBe(0);
  });
});
