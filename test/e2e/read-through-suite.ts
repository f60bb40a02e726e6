import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ResourceType } from '../../cse-client/index.ts';
import type { CseUnderTest } from '../support/cse-under-test.ts';
import { type Application, eventually, type RunningIpe } from '../support/ipe.ts';
import { startStand, stopAll } from '../support/stand.ts';
import { AnsweringDevice } from './answering-device.ts';

const { contentInstance } = ResourceType;
let serial = 0;

/** Old values that are asked for when they are retrieved, on a CSE that can wait; each test with an endpoint of its own. */
export function readThroughSuite(title: string, start: () => Promise<CseUnderTest>): void {
  describe(`read-through on ${title}`, () => {
    let cse: CseUnderTest;
    let ipe: RunningIpe;
    let app: Application;
    let endpoint: string;

    beforeAll(async () => {
      ({ cse, ipe, app } = await startStand(start(), {
        values: {
          observe: 'never',
          readThrough: '1s',
          readThroughWait: '700ms',
          rules: [{ object: 3304, readThrough: 'off' }],
        },
      }));
    });
    afterAll(async () => {
      await stopAll(app, ipe, cse);
    });
    beforeEach(() => {
      serial += 1;
      endpoint = `through-${serial}`;
    });

    const registered = async () => {
      const device = await AnsweringDevice.open(ipe.port);
      for (const object of [3303, 3304]) holds(device, 20, object);
      await device.register(endpoint, { links: '</3303/0>,</3304/0>' });
      await latestOf(3304, (con) => con === 20);
      await eventually(
        async () =>
          app.client.retrieve(ResourceType.subscription, `${cse.base}/${endpoint}/3303_0/5700/lwm2m-ipe-read`, ours),
        (found) => found.ri !== '',
      );
      return device;
    };
    const ours = { originator: 'Clwm2m-ipe' };
    const holds = (device: AnsweringDevice, v: number, object = 3303) => {
      device.holds(`/${object}/0`, [{ n: '5700', v }]);
      device.objects.set(`/${object}/0/5700`, { payload: JSON.stringify([{ n: `/${object}/0/5700`, v }]) });
    };
    const latest = (object = 3303) => app.latest(`${endpoint}/${object}_0/5700`);
    const latestOf = (object: number, is: (con: unknown) => boolean) => eventually(() => latest(object), is);
    const old = () => new Promise((resolve) => setTimeout(resolve, 2_100));
    const reads = (device: AnsweringDevice) => device.requests.filter((line) => line.startsWith('GET /3303/0/5700'));

    it('TS-0014 6.4: a RETRIEVE of an old value gives what the device says now, of a young one what is there', async () => {
      const device = await registered();
      await old();
      holds(device, 21.5);
      expect(await latest()).toBe(21.5);
      holds(device, 99);
      expect(await latest()).toBe(21.5);
      expect(reads(device)).toHaveLength(1);
      holds(device, 77, 3304);
      expect(await latest(3304)).toBe(20);
      device.close();
    });

    it('those who retrieve at the same time share one Read', async () => {
      const device = await registered();
      await old();
      holds(device, 21.5);
      expect(await Promise.all([latest(), latest(), latest()])).toEqual([21.5, 21.5, 21.5]);
      expect(reads(device)).toHaveLength(1);
      device.close();
    });

    it('a silent device costs no more than the set wait, and its old value is given', async () => {
      const device = await registered();
      await old();
      device.silent = true;
      const before = performance.now();
      expect(await latest()).toBe(20);
      const took = performance.now() - before;
      expect(took).toBeGreaterThan(600);
      expect(took).toBeLessThan(4_000);
      device.close();
    });

    it('what the bridge and applications retrieve by name asks no device', async () => {
      const device = await registered();
      await old();
      const address = `${cse.base}/${endpoint}/3303_0/5700`;
      for (const child of await app.client.children(address, { ty: [contentInstance] })) {
        await app.see(contentInstance, `${endpoint}/3303_0/5700/${child.name}`);
      }
      expect(reads(device)).toHaveLength(0);
      device.close();
    });
  });
}
