import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { formatTimestamp, parseTimestamp, ResourceType } from '../../cse-client/index.ts';
import type { CseUnderTest } from '../support/cse-under-test.ts';
import { Device } from '../support/device.ts';
import { Application, eventually, type Overrides, type RunningIpe, startIpe } from '../support/ipe.ts';
import { stopAll } from '../support/stand.ts';
import { AnsweringDevice } from './answering-device.ts';

const { acp, ae, container, contentInstance, node } = ResourceType;
const IPE = { originator: 'Clwm2m-ipe' };
/** So that a test need not wait; nobody runs it like that. */
const OFTEN: Overrides = { cse: { reconcileInterval: '400ms' } };

/** What is found missing, wrong or left over on a CSE is put right, and nothing else touched. */
export function reconciliationSuite(title: string, start: () => Promise<CseUnderTest>): void {
  describe(`reconciliation on ${title}`, { timeout: 60_000 }, () => {
    let cse: CseUnderTest;
    let ipe: RunningIpe;
    let app: Application;
    let path: string;
    const open: { close(): void }[] = [];

    const begin = async (overrides: Overrides = OFTEN) => {
      ipe = await startIpe(cse, { store: { kind: 'lmdb', path }, ...overrides });
    };
    const register = async (endpoint: string, links = '</1/0>,</3/0>') => {
      const device = await Device.open(ipe.port);
      open.push(device);
      expect(await device.register({ endpoint, links, lifetime: 7_200 })).toMatchObject({ code: '2.01' });
      return device;
    };
    const hasNodes = () => cse.dialect === 'acme' || cse.dialect === 'standard';
    const admin = () => (cse.dialect === 'mobius4' ? IPE : { originator: cse.adminOriginator });
    const names = (endpoint: string) => app.find(`LWM2MEP:${endpoint}`);
    const whole = (endpoint: string, ...containers: string[]) =>
      eventually(
        () => names(endpoint),
        (found) =>
          found.join() === [...containers, endpoint, ...(hasNodes() ? [`node-${endpoint}`] : [])].sort().join(),
        15_000,
      );

    beforeAll(async () => {
      path = mkdtempSync(join(tmpdir(), 'reconciliation-'));
      cse = await start();
      app = await Application.start(cse);
      await begin();
    });
    afterEach(() => {
      for (const one of open.splice(0)) one.close();
    });
    afterAll(async () => {
      await stopAll(ipe, app, cse);
      rmSync(path, { recursive: true, force: true });
    });

    it('containers, AEs and nodes that somebody deleted come back, though their devices say nothing', async () => {
      await register('lost-container');
      await register('lost-all');
      await app.client.delete(`${cse.base}/lost-container/3_0`, IPE);
      await app.client.delete(`${cse.base}/lost-all`, admin());
      await whole('lost-container', '1_0', '3_0');
      await whole('lost-all', '1_0', '3_0');
    });

    it('a node that somebody deleted comes back, linked with its AE, which is updated and deleted as before', async () => {
      if (!hasNodes()) return;
      const device = await register('lost-node');
      await app.client.delete(`${cse.base}/node-lost-node`, admin());
      const seen = async () => ({ of: await app.see(ae, 'lost-node'), at: await app.see(node, 'node-lost-node') });
      await eventually(seen, ({ of, at }) => at !== undefined && of?.nl?.split('/').at(-1) === at.ri);
      await whole('lost-node', '1_0', '3_0');
      expect((await device.update(['lt=9000'])).code).toBe('2.04');
      expect((await device.deregister()).code).toBe('2.02');
      expect(await names('lost-node')).toEqual([]);
    });

    it('labels that somebody replaced, and an expirationTime that somebody shortened, are repaired', async () => {
      await register('relabelled');
      const dialect = cse.dialect;
      const soon = formatTimestamp(Date.now() + 300_000, { timestampFraction: dialect === 'acme' } as never);
      await app.client.update(container, `${cse.base}/relabelled/3_0`, { lbl: ['theirs'] }, IPE);
      await app.client.update(ae, `${cse.base}/relabelled`, { lbl: ['theirs'] }, IPE);
      await whole('relabelled', '1_0', '3_0');
      await register('shortened');
      await ipe.stop();
      await app.client.update(container, `${cse.base}/shortened/1_0`, { et: soon }, IPE);
      await begin({ cse: { reconcileInterval: '30m' } });
      const expires = async () => parseTimestamp((await app.see(container, 'shortened/1_0'))?.et ?? '');
      await eventually(expires, (time) => time > Date.now() + 3_600_000);
      await ipe.stop();
      await begin();
    });

    it('the policy that somebody deleted is made again, and named by everything', async () => {
      // Where a policy that is gone shuts everybody out, nobody can help.
      if (!hasNodes()) return;
      await register('locked');
      await app.client.delete(`${cse.base}/acp-lwm2m-ipe`, IPE);
      await expect(app.see(container, 'locked/3_0')).rejects.toMatchObject({ rsc: 4103 });
      await eventually(
        () => app.see(container, 'locked/3_0').catch(() => undefined),
        (found) => found !== undefined,
        15_000,
      );
      await whole('locked', '1_0', '3_0');
      const policy = await app.client.retrieve(acp, `${cse.base}/acp-lwm2m-ipe`, IPE);
      expect((await app.see(ae, 'locked'))?.acpi?.map((one) => one.split('/').at(-1))).toContain(policy.ri);
    });

    it('the AE of the IPE that somebody deleted is made again', async () => {
      await app.client.delete(`${cse.base}/lwm2m-ipe`, admin());
      await eventually(
        () => app.client.retrieve(ae, `${cse.base}/lwm2m-ipe`, admin()).catch(() => undefined),
        (seen) => seen?.poa?.length === 1,
      );
      await register('after-ae');
      await whole('after-ae', '1_0', '3_0');
    });

    it('a container of values that somebody deleted comes back with the value that the device has', async () => {
      const sensor = await AnsweringDevice.open(ipe.port);
      open.push(sensor);
      sensor.holds('/3303/0', [{ n: '5700', v: 21.5 }]);
      const payload = JSON.stringify([{ bn: '/3303/0/5700', v: 21.5 }]);
      sensor.objects.set('/3303/0/5700', { payload });
      expect(await sensor.register('valued', { links: '</3303/0>' })).toBe('2.01');
      const latest = () => app.latest('valued/3303_0/5700');
      await eventually(latest, (found) => Number(found) === 21.5);
      await app.client.delete(`${cse.base}/valued/3303_0/5700`, IPE);
      await eventually(latest, (found) => Number(found) === 21.5, 15_000);
    });

    it('what is ours and belongs to nobody is deleted; what is not ours is never touched', async () => {
      await register('neighbour');
      const stray = await register('stray');
      await ipe.stop();
      // The removal of a living registration that nobody knows of any more: as after a lost store record.
      await begin();
      const foreign = { api: 'Nlwm2m', rr: false, srv: ['3'] };
      const ours = ['LWM2MIPE:Clwm2m-ipe'];
      const { accessControlPolicy } = {
        accessControlPolicy: (await app.client.retrieve(acp, `${cse.base}/acp-lwm2m-ipe`, IPE)).ri,
      };
      const acpi = [accessControlPolicy];
      const make = (rn: string, originator: string, lbl: string[], api = 'Nlwm2m') =>
        app.client.create(ae, cse.base, { ...foreign, api, rn, lbl, acpi }, { originator });
      // Left over: everything fits.
      await make('orphan', 'Corphan', [...ours, 'LWM2MEP:orphan']);
      await app.client.create(
        container,
        `${cse.base}/orphan`,
        { rn: '3_0', lbl: [...ours, 'LWM2MEP:orphan'], acpi },
        IPE,
      );
      const far = formatTimestamp(Date.now() + 3_600_000, { timestampFraction: false } as never);
      // Not ours: another AE-ID, another name, another App-ID, no endpoint, another IPE.
      await make('otherid', 'Cforeign1', [...ours, 'LWM2MEP:otherid']);
      await make('othername', 'Cothername', [...ours, 'LWM2MEP:something']);
      await make('otherapp', 'Cotherapp', [...ours, 'LWM2MEP:otherapp'], 'Nother');
      await make('noendpoint', 'Cnoendpoint', ours);
      await make('otheripe', 'Cotheripe', ['LWM2MIPE:Cother', 'LWM2MEP:otheripe']);
      // Theirs inside an AE of ours.
      await app.client.create(container, `${cse.base}/neighbour`, { rn: '77', lbl: ['theirs'], acpi, et: far }, IPE);
      await app.client.create(container, `${cse.base}/neighbour`, { rn: 'data', lbl: ours, acpi, et: far }, IPE);
      await app.client.create(contentInstance, `${cse.base}/neighbour/3_0`, { rn: 'note', con: 'theirs' }, IPE);
      await app.client.create(contentInstance, `${cse.base}/neighbour/77`, { rn: 'note', con: 'theirs' }, IPE);
      await eventually(
        () => app.see(ae, 'orphan').catch(() => undefined),
        (found) => found === undefined,
        15_000,
      );
      // Twice more, so that what was suspicious the first time would be gone.
      await register('marker');
      for (let round = 0; round < 2; round += 1) {
        await app.client.delete(`${cse.base}/marker/3_0`, IPE);
        await whole('marker', '1_0', '3_0');
      }
      for (const name of ['otherid', 'othername', 'otherapp', 'noendpoint', 'otheripe']) {
        expect([name, (await app.client.retrieve(ae, `${cse.base}/${name}`, IPE)).rn]).toEqual([name, name]);
      }
      for (const name of ['77', 'data']) expect(await app.see(container, `neighbour/${name}`)).toBeDefined();
      for (const name of ['3_0/note', '77/note']) {
        expect((await app.see(contentInstance, `neighbour/${name}`))?.con).toBe('theirs');
      }
      if (hasNodes()) expect(await app.see(node, 'node-neighbour')).toBeDefined();
      expect(await names('stray')).toContain('stray');
      stray.close();
      open.splice(open.indexOf(stray), 1);
    });
  });
}
