import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ResourceType } from '../../cse-client/index.ts';
import { acmeAvailable } from '../support/acme.ts';
import { type CseUnderTest, startAcme } from '../support/cse-under-test.ts';
import { type Application, eventually, type RunningIpe } from '../support/ipe.ts';
import { describeWithLeshan, LeshanClient } from '../support/leshan.ts';
import { startNotificationTarget } from '../support/notification-target.ts';
import { startStand, stopAll } from '../support/stand.ts';

const { container, subscription } = ResourceType;
const acme = await acmeAvailable();

await describeWithLeshan('values of a Leshan client on ACME, as an application sees them', () => {
  describe.skipIf(!acme.ok)('from Register to De-register', () => {
    const endpoint = 'urn:imei:990000862471854';
    const name = 'imei_3A990000862471854';
    let cse: CseUnderTest;
    let ipe: RunningIpe;
    let app: Application;
    let client: LeshanClient;

    beforeAll(async () => {
      ({ cse, ipe, app } = await startStand(startAcme()));
      client = await LeshanClient.start({ server: `coap://127.0.0.1:${ipe.port}`, endpoint, lifetime: 60 });
      await client.event(/^registered /);
    });
    afterAll(async () => {
      await client?.kill();
      await stopAll(app, ipe, cse);
    });

    const latest = (path: string) => app.latest(`${name}/${path}`);
    const holds = (path: string, value: unknown) =>
      eventually(
        () => latest(path),
        (found) => found === value,
      );

    it('first values, and ten changes in order', async () => {
      await holds('3_0/0', 'Interop');
      await holds('3311_0/5850', false);
      await eventually(
        () => latest('3303_0/5700'),
        (value) => typeof value === 'number',
      );
      const target = await startNotificationTarget();
      await app.client.create(subscription, `${cse.base}/${name}/3303_0/5700`, {
        rn: 'mine',
        nu: [target.url],
        enc: { net: [3] },
      });
      // A client sends the latest alone of what changes while a Notify is on its way (RFC 7641 4.5.2).
      for (let value = 1; value <= 10; value += 1) {
        client.send(`temperature ${value}.5`);
        await holds('3303_0/5700', value + 0.5);
      }
      expect(await app.contents(`${name}/3303_0/5700`)).toEqual([1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5]);
      await target.stop();
    });

    it('an instance that it cannot read keeps no other from being read, and goes as it came', async () => {
      client.send('add 3303/1');
      await client.event(/^updated/);
      expect(await app.see(container, `${name}/3303_1`)).toBeDefined();
      client.send('temperature 30');
      await holds('3303_0/5700', 30);
      client.send('remove 3303/1');
      await eventually(
        () => app.see(container, `${name}/3303_1`),
        (found) => found === undefined,
      );
    });

    it('nothing is left when it de-registers', async () => {
      client.send('deregister');
      await client.event(/^deregistered/);
      expect(await app.find(`LWM2MEP:${endpoint}`)).toEqual([]);
    });
  });
});
