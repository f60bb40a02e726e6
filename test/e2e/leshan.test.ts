import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTimestamp, ResourceType } from '../../cse-client/index.ts';
import { acmeAvailable } from '../support/acme.ts';
import { type CseUnderTest, startAcme } from '../support/cse-under-test.ts';
import { type Application, eventually, type RunningIpe } from '../support/ipe.ts';
import { describeWithLeshan, LeshanClient } from '../support/leshan.ts';
import { startStand, stopAll } from '../support/stand.ts';

const acme = await acmeAvailable();

await describeWithLeshan('a Leshan client, the IPE, ACME and an application that knows only ACME', () => {
  describe.skipIf(!acme.ok)('from Register to the end of the lifetime', () => {
    let cse: CseUnderTest;
    let ipe: RunningIpe;
    let app: Application;
    const clients: LeshanClient[] = [];
    const start = async (endpoint: string, lifetime: number) => {
      const client = await LeshanClient.start({ server: `coap://127.0.0.1:${ipe.port}`, endpoint, lifetime });
      clients.push(client);
      await client.event(/^registered /);
      return client;
    };

    beforeAll(async () => {
      ({ cse, ipe, app } = await startStand(startAcme()));
    });
    afterAll(async () => {
      await Promise.all(clients.map((client) => client.kill()));
      await stopAll(app, ipe, cse);
    });

    it('registers: the application finds device, node and objects by label', async () => {
      const endpoint = 'urn:imei:356938035643809';
      const client = await start(endpoint, 60);
      expect(await app.find('LWM2MRT:urn:oma:lwm2m:ext:3303', { ty: [ResourceType.container] })).toEqual(['3303_0']);
      const name = 'imei_3A356938035643809';
      const found = await app.find(`LWM2MEP:${endpoint}`);
      expect(found).toEqual(expect.arrayContaining([name, `node-${name}`, '1_0', '3_0', '3303_0', '3311_0']));
      expect(found.filter((resource) => /^(0|21)(_|$)/.test(resource))).toEqual([]);

      const expiry = async () => parseTimestamp((await app.see(ResourceType.ae, name))?.et ?? '') ?? 0;
      const before = await expiry();
      await client.send('update');
      await client.event(/^updated/);
      expect(await expiry()).toBeGreaterThan(before);

      await client.send('add 3303/1');
      await client.event(/^updated/);
      await eventually(
        () => app.find(`LWM2MEP:${endpoint}`),
        (names) => names.includes('3303_1'),
      );
      await client.send('remove 3311');
      await eventually(
        () => app.find(`LWM2MEP:${endpoint}`),
        (names) => !names.includes('3311_0'),
      );

      const node = (await app.see(ResourceType.container, `${name}/3_0`))?.ri;
      await client.send('forget');
      await client.send('register');
      await client.event(/^registered /);
      expect((await app.see(ResourceType.container, `${name}/3_0`))?.ri).toBe(node);

      await client.send('deregister');
      await client.event(/^deregistered/);
      expect(await app.find(`LWM2MEP:${endpoint}`)).toEqual([]);
    });

    it('falls silent: when its lifetime is over everything of it is gone', async () => {
      const client = await start('silent-one', 3);
      expect(await app.find('LWM2MEP:silent-one')).toContain('silent-one');
      await client.kill();
      await eventually(
        () => app.find('LWM2MEP:silent-one'),
        (names) => names.length === 0,
      );
    });
  });
});
