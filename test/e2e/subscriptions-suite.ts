import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ResourceType } from '../../cse-client/index.ts';
import { SimulatedDevice } from '../../simulator/index.ts';
import type { CseUnderTest } from '../support/cse-under-test.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../support/ipe.ts';
import { startNotificationTarget } from '../support/notification-target.ts';
import { stopAll } from '../support/stand.ts';

const { subscription } = ResourceType;
const DIMMER = '3311_0/5851';
let serial = 0;

/** Objects that are observed while applications subscribe to them, on one CSE; each test with an endpoint of its own. */
export function subscriptionsSuite(title: string, start: () => Promise<CseUnderTest>): void {
  describe(`subscriptions on ${title}`, () => {
    let cse: CseUnderTest;
    let ipe: RunningIpe;
    let app: Application;
    let target: Awaited<ReturnType<typeof startNotificationTarget>>;
    let device: SimulatedDevice;
    let endpoint: string;
    let path: string;

    /** As the one before, or anew at this port. */
    const run = (port = 0) =>
      startIpe(cse, {
        values: { observe: 'on-subscription', subscriptionPollInterval: '1d' },
        store: { kind: 'lmdb', path },
        lwm2m: { coap: { port } },
      });

    beforeAll(async () => {
      path = mkdtempSync(join(tmpdir(), 'subscriptions-'));
      cse = await start();
      ipe = await run();
      app = await Application.start(cse);
      target = await startNotificationTarget();
    });
    afterAll(async () => {
      await target?.stop();
      await stopAll(app, ipe, cse);
      rmSync(path, { recursive: true, force: true });
    });
    beforeEach(async () => {
      serial += 1;
      endpoint = `sub-${serial}`;
      device = new SimulatedDevice({
        server: { host: '127.0.0.1', port: ipe.port },
        endpoint,
        objects: { 1: [0], 3: [0], 3311: [0] },
        sampleInterval: 100,
      });
      await device.start();
      await latest(80);
    });
    afterEach(() => device.stop());

    const latest = (value: number) =>
      eventually(
        () => app.latest(`${endpoint}/${DIMMER}`),
        (con) => con === value,
      );
    const stored = () => app.contents(`${endpoint}/${DIMMER}`);
    const observed = (observations: number) =>
      eventually(
        async () => device.observations,
        (now) => now === observations,
      );
    const subscribe = async (name: string, ...wishes: string[]) => {
      const labels = wishes.length === 0 ? {} : { lbl: wishes.map((wish) => `LWM2MATTR:${wish}`) };
      const wanted = { rn: name, nu: [target.url], enc: { net: [3] }, ...labels };
      await app.client.create(subscription, `${cse.base}/${endpoint}/${DIMMER}`, wanted);
    };
    const unsubscribe = (name: string) => app.client.delete(`${cse.base}/${endpoint}/${DIMMER}/${name}`);

    it('TS-0014 6.5: a resource is observed while there is a subscription, and no longer', async () => {
      expect(device.observations).toBe(0);
      await subscribe('mine');
      await observed(1);
      device.set('/3311/0/5851', 50);
      await latest(50);
      await subscribe('other');
      await unsubscribe('mine');
      device.set('/3311/0/5851', 51);
      await latest(51);
      await unsubscribe('other');
      await observed(0);
    });

    it('LwM2M 1.1 5.1.2: the device notifies by the threshold that the subscription asks for, until another asks for all', async () => {
      await subscribe('bright', 'gt=90');
      await observed(1);
      await latest(80);
      device.set('/3311/0/5851', 85);
      device.set('/3311/0/5851', 95);
      await latest(95);
      expect(await stored()).not.toContain(85);
      await subscribe('all');
      await eventually(
        async () => {
          device.set('/3311/0/5851', Number(device.values('/3311/0/5851')[0]?.value) === 96 ? 97 : 96);
          return (await stored()).at(-1);
        },
        (con) => con === 96 || con === 97,
      );
    });

    it('a subscription outlives a Register over the registration and a restart of the bridge', async () => {
      await subscribe('mine');
      await observed(1);
      await device.register();
      device.set('/3311/0/5851', 40);
      await latest(40);
      await ipe.stop();
      ipe = await run();
      await device.stop({ deregister: false });
      device = new SimulatedDevice({
        server: { host: '127.0.0.1', port: ipe.port },
        endpoint,
        objects: { 1: [0], 3: [0], 3311: [0] },
        sampleInterval: 100,
      });
      await device.start();
      await observed(1);
      device.set('/3311/0/5851', 30);
      await latest(30);
    });

    it('a subscription that goes while the bridge is down ends the observation when it is back', async () => {
      await subscribe('kept');
      await observed(1);
      await subscribe('gone');
      for (const [name, value] of [
        ['gone', 20],
        ['kept', undefined],
      ] as const) {
        await ipe.stop();
        await unsubscribe(name);
        ipe = await run(ipe.port);
        if (value === undefined) await observed(0);
        else {
          device.set('/3311/0/5851', value);
          await latest(value);
        }
      }
    });
  });
}
