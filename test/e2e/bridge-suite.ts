import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseTimestamp, ResourceType } from '../../cse-client/index.ts';
import type { CseUnderTest } from '../support/cse-under-test.ts';
import { Device } from '../support/device.ts';
import { type Application, eventually, type RunningIpe, startIpe } from '../support/ipe.ts';
import { startNotificationTarget } from '../support/notification-target.ts';
import { startStand, stopAll } from '../support/stand.ts';

const { ae, container, node, acp, subscription: subscriptionType } = ResourceType;
let serial = 0;

/** The bridge as an application sees it, on one CSE: each test with an endpoint of its own. */
export function bridgeSuite(title: string, start: () => Promise<CseUnderTest>): void {
  describe(`bridge on ${title}`, () => {
    let cse: CseUnderTest;
    let ipe: RunningIpe;
    let app: Application;
    let device: Device;
    let endpoint: string;
    let name: string;

    beforeAll(async () => {
      ({ cse, ipe, app } = await startStand(start()));
    });
    afterAll(async () => {
      await stopAll(app, ipe, cse);
    });
    beforeEach(async () => {
      serial += 1;
      endpoint = `urn:imei:${serial}`;
      name = `imei_3A${serial}`;
      device = await Device.open(ipe.port);
    });
    afterEach(() => device.close());

    /** Mobius4 and tinyIoT have no node and take no ontologyRef on a container. */
    const hasNodes = () => cse.dialect === 'acme' || cse.dialect === 'standard';
    const names = async () => (await app.find(`LWM2MEP:${endpoint}`)).filter((found) => found !== `node-${name}`);

    it('TS-0014 6.2.2.2: a Register creates AE, node and one container for each link, found by label', async () => {
      const links = '</>;rt="oma.lwm2m";ct="60 110",</1/0>,</3>;ver=1.2,</3/0>,</3303/0>,</5>';
      const reply = await device.register({ endpoint, links });
      expect(reply.code).toBe('2.01');
      expect(reply.location).toMatch(/^rd\/[A-Za-z0-9_-]{16,}$/);
      expect(await names()).toEqual(['1_0', '3303_0', '3_0', '5', name].sort());
      expect(await app.find(`LWM2MEP:${endpoint}`, { ty: [ae] })).toEqual([name]);
      const found = await app.see(ae, name);
      expect(found).toMatchObject({ aei: `C${name}`, apn: endpoint });
      expect(found?.lbl).toEqual(expect.arrayContaining(['LWM2M Client: 1.1', 'LWM2MVER:1.1', `LWM2MEP:${endpoint}`]));
      const device3 = await app.see(container, `${name}/3_0`);
      expect(device3?.lbl).toEqual(
        expect.arrayContaining([
          'LWM2MRT:urn:oma:lwm2m:oma:3',
          'LWM2MRT:urn:oma:lwm2m:oma:3:1.2',
          'LWM2MPTH:/',
          'LWM2MURI:/3/0',
          'LWM2MCT:application/cbor',
          'LWM2MCT:application/senml+json',
        ]),
      );
      expect(device3?.or).toBe(hasNodes() ? 'urn:oma:lwm2m:oma:3' : undefined);
      await device.deregister();
    });

    it('TS-0014 6.2.2.1: AE and node are linked both ways where the CSE has nodes', async () => {
      await device.register({ endpoint });
      const found = await app.see(ae, name);
      if (hasNodes()) {
        const itsNode = await app.see(node, `node-${name}`);
        expect(itsNode).toMatchObject({ ni: `imei:${serial}`, hael: [`C${name}`] });
        expect(found?.nl).toBe(itsNode?.ri);
        expect(itsNode?.lbl).toContain(`LWM2MEP:${endpoint}`);
      } else {
        expect(found?.nl).toBeUndefined();
      }
      await device.deregister();
    });

    it('TS-0014 tables 6.2.2.2-3 and 6.3.2.2-3: expirationTime is the lifetime plus the margin, on AE and containers', async () => {
      const before = Date.now();
      await device.register({ endpoint, lifetime: 300 });
      const expected = before + 360_000;
      for (const found of [await app.see(ae, name), await app.see(container, `${name}/3_0`)]) {
        const expiresAt = parseTimestamp(found?.et ?? '') ?? 0;
        expect(Math.abs(expiresAt - expected)).toBeLessThan(5000);
      }
      await device.deregister();
    });

    it('an Update moves the expirationTime of AE, node and containers and keeps everything else', async () => {
      await device.register({ endpoint, lifetime: 60 });
      const before = await app.see(container, `${name}/3_0`);
      expect(await device.update(['lt=3600'])).toMatchObject({ code: '2.04' });
      const after = await app.see(container, `${name}/3_0`);
      expect(after?.ri).toBe(before?.ri);
      const moved = (parseTimestamp(after?.et ?? '') ?? 0) - (parseTimestamp(before?.et ?? '') ?? 0);
      expect(moved).toBeGreaterThan(3_500_000);
      const aeExpires = parseTimestamp((await app.see(ae, name))?.et ?? '') ?? 0;
      expect(aeExpires - Date.now()).toBeGreaterThan(3_600_000);
      if (hasNodes()) {
        const nodeExpires = parseTimestamp((await app.see(node, `node-${name}`))?.et ?? '') ?? 0;
        expect(nodeExpires - Date.now()).toBeGreaterThan(3_600_000);
      }
      await device.deregister();
    });

    it('TS-0014 table 6.3.2.2-1: an Update with a changed list creates what came and deletes what went', async () => {
      await device.register({ endpoint, links: '</1/0>,</3/0>,</3303/0>' });
      const kept = await app.see(container, `${name}/3_0`);
      expect(await device.update([], '</1/0>,</3/0>,</3303/1>,</3311/0>')).toMatchObject({ code: '2.04' });
      expect(await names()).toEqual(['1_0', '3303_1', '3311_0', '3_0', name].sort());
      expect((await app.see(container, `${name}/3_0`))?.ri).toBe(kept?.ri);
      await device.deregister();
    });

    it('TS-0014 6.2.2.4: a Register over a registration keeps an unchanged tree, without a gap, and ends the old registration', async () => {
      await device.register({ endpoint });
      const old = device.location;
      const before = [await app.see(ae, name), await app.see(container, `${name}/3_0`)].map((seen) => seen?.ri);
      expect(await device.register({ endpoint })).toMatchObject({ code: '2.01' });
      expect(device.location).not.toBe(old);
      const after = [await app.see(ae, name), await app.see(container, `${name}/3_0`)].map((seen) => seen?.ri);
      expect(after).toEqual(before);
      expect(await device.request('POST', old)).toMatchObject({ code: '4.04' });
      expect(await device.update()).toMatchObject({ code: '2.04' });
      await device.deregister();
    });

    it('a Register over a registration brings what is new and takes what vanished', async () => {
      await device.register({ endpoint, version: '1.0', links: '</1/0>,</3/0>' });
      await device.register({ endpoint, version: '1.1', links: '</3/0>,</3303/0>' });
      expect(await names()).toEqual(['3303_0', '3_0', name].sort());
      expect((await app.see(ae, name))?.lbl).toContain('LWM2MVER:1.1');
      await device.deregister();
    });

    it('a De-register deletes AE, containers and node; afterwards the registration is unknown', async () => {
      await device.register({ endpoint });
      expect(await device.deregister()).toMatchObject({ code: '2.02' });
      expect(await app.find(`LWM2MEP:${endpoint}`)).toEqual([]);
      expect(await app.see(ae, name)).toBeUndefined();
      expect(await device.deregister()).toMatchObject({ code: '4.04' });
      expect(await device.update()).toMatchObject({ code: '4.04' });
    });

    it('TS-0014 table 6.2.2.2-2: when the lifetime ends everything of the endpoint is gone', async () => {
      await device.register({ endpoint });
      expect(await app.see(ae, name)).toBeDefined();
      expect(await device.update(['lt=1'])).toMatchObject({ code: '2.04' });
      await eventually(
        () => app.find(`LWM2MEP:${endpoint}`),
        (found) => found.length === 0,
      );
      expect(await device.update()).toMatchObject({ code: '4.04' });
    });

    it('what somebody deleted on the CSE is made again by the next Update, which the device does not notice', async () => {
      await device.register({ endpoint, links: '</1/0>,</3/0>' });
      const admin = { originator: cse.dialect === 'mobius4' ? 'Clwm2m-ipe' : cse.adminOriginator };
      await app.client.delete(`${cse.base}/${name}/3_0`, { originator: 'Clwm2m-ipe' });
      expect(await device.update()).toMatchObject({ code: '2.04' });
      expect(await names()).toEqual(['1_0', '3_0', name].sort());
      await app.client.delete(`${cse.base}/${name}`, admin);
      expect(await device.update()).toMatchObject({ code: '2.04' });
      expect(await names()).toEqual(['1_0', '3_0', name].sort());
      await device.deregister();
      expect(await names()).toEqual([]);
    });

    it('a resource of that name that is not ours is never touched: 4.03', async () => {
      await app.client.create(
        ae,
        cse.base,
        { rn: name, api: 'Nforeign', rr: false, srv: ['3'], lbl: ['theirs'] },
        { originator: `Cforeign${serial}` },
      );
      expect(await device.register({ endpoint })).toMatchObject({ code: '4.03' });
      const theirs = await app.client.retrieve(ae, `${cse.base}/${name}`, { originator: `Cforeign${serial}` });
      expect(theirs.lbl).toEqual(['theirs']);
      expect(await app.find(`LWM2MEP:${endpoint}`)).toEqual([]);
    });

    it('500 links in Block1 are one registration', async () => {
      const links = Array.from({ length: 500 }, (_, index) => `</${3300 + Math.floor(index / 10)}/${index % 10}>`);
      expect(await device.registerInBlocks(endpoint, links.join(','))).toMatchObject({ code: '2.01' });
      for (const last of ['3300_0', '3349_9']) expect(await app.see(container, `${name}/${last}`)).toBeDefined();
      expect(await device.deregister()).toMatchObject({ code: '2.02' });
      expect(await app.see(container, `${name}/3300_0`)).toBeUndefined();
    }, 60_000);

    it('endpoint names with any characters are searchable as they are, and their resources are named alike', async () => {
      const odd = `urn:dev:os:${serial}_a b/ü`;
      await device.register({ endpoint: odd });
      const label = `LWM2MEP:urn:dev:os:${serial}_a%20b/%C3%BC`;
      const found = await app.find(label, { ty: [ae] });
      expect(found).toHaveLength(1);
      expect(found[0]).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]*$/);
      expect((await app.see(ae, found[0] ?? ''))?.lbl).toContain(label);
      await device.deregister();
    });

    it("an alternate root path and the draft's own spelling of the content format become labels", async () => {
      await device.register({ endpoint, links: '</lwm2m>;rt="oma.lwm2m";ct=LWM2M+JSON, </lwm2m/1/0>,</other/1>' });
      const labels = (await app.see(container, `${name}/1_0`))?.lbl;
      expect(labels).toEqual(
        expect.arrayContaining([
          'LWM2MRT:urn:oma:lwm2m:oma:1',
          'LWM2MPTH:/lwm2m',
          'LWM2MURI:/1/0',
          'LWM2MCT:LWM2M+JSON',
        ]),
      );
      expect(await names()).toEqual(['1_0', name].sort());
      await device.deregister();
    });

    it('everyone may read what access.read names, nobody else may change it', async () => {
      await device.register({ endpoint });
      expect(await app.see(container, `${name}/3_0`)).toBeDefined();
      await expect(app.client.delete(`${cse.base}/${name}/3_0`)).rejects.toMatchObject({ code: 'cse/refused' });
      await expect(app.client.create(container, `${cse.base}/${name}`, { rn: 'x' })).rejects.toMatchObject({
        rsc: 4103,
      });
      await device.deregister();
    });

    it("an application's subscription survives a Register over the registration, where applications may subscribe", async () => {
      if (!hasNodes()) return;
      const target = await startNotificationTarget();
      await device.register({ endpoint });
      const subscription = await app.client.create(subscriptionType, `${cse.base}/${name}/3_0`, {
        rn: 'mine',
        nu: [target.url],
        enc: { net: [3] },
      });
      await device.register({ endpoint, links: '</3/0>,</3303/0>' });
      expect((await app.see(subscriptionType, `${name}/3_0/mine`))?.ri).toBe(subscription.ri);
      await device.deregister();
      await target.stop();
    });

    it('an IPE that starts again takes over what it left: same resources, unlisted ones gone', async () => {
      await device.register({ endpoint, lifetime: 600, links: '</1/0>,</3/0>' });
      const before = (await app.see(container, `${name}/3_0`))?.ri;
      await ipe.stop();
      ipe = await startIpe(cse);
      const again = await Device.open(ipe.port);
      expect(await again.register({ endpoint, links: '</3/0>,</3303/0>' })).toMatchObject({ code: '2.01' });
      expect((await app.see(container, `${name}/3_0`))?.ri).toBe(before);
      expect(await names()).toEqual(['3303_0', '3_0', name].sort());
      expect(await again.deregister()).toMatchObject({ code: '2.02' });
      expect(await names()).toEqual([]);
      again.close();
    });

    it('the IPE itself is an AE with a policy', async () => {
      const own = await app.client.retrieve(ae, `${cse.base}/lwm2m-ipe`, { originator: 'Clwm2m-ipe' });
      expect(own).toMatchObject({ aei: 'Clwm2m-ipe', rr: true });
      expect(own.poa?.[0]).toMatch(new RegExp(`^http://127.0.0.1:${ipe.ready.http.port}/[0-9a-f]{32}$`));
      const policy = await app.client.retrieve(acp, `${cse.base}/acp-lwm2m-ipe`, { originator: 'Clwm2m-ipe' });
      expect(policy.pv?.acr?.[0]).toMatchObject({ acor: ['Clwm2m-ipe'] });
    });
  });
}
