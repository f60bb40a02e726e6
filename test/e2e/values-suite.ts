import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseTimestamp, ResourceType } from '../../cse-client/index.ts';
import type { CseUnderTest } from '../support/cse-under-test.ts';
import { type Application, eventually, type RunningIpe, startIpe } from '../support/ipe.ts';
import { startStand, stopAll } from '../support/stand.ts';
import { AnsweringDevice } from './answering-device.ts';

const { ae, container, contentInstance } = ResourceType;
const YEAR = 365 * 24 * 3600 * 1000;
let serial = 0;

/** Values as an application sees them, on one CSE: each test with an endpoint of its own. */
export function valuesSuite(title: string, start: () => Promise<CseUnderTest>): void {
  describe(`values on ${title}`, () => {
    let cse: CseUnderTest;
    let ipe: RunningIpe;
    let app: Application;
    let device: AnsweringDevice;
    let endpoint: string;

    beforeAll(async () => {
      ({ cse, ipe, app } = await startStand(start(), {
        cse: { expiryMargin: 1 },
        values: {
          maxInstances: 5,
          rules: [
            { endpoint: 'both-*', mode: 'both' },
            { endpoint: 'transparent-*', mode: 'transparent' },
            { endpoint: 'none-*', mode: 'none' },
            { object: 3304, observe: 'never' },
          ],
        },
      }));
    });
    afterAll(async () => {
      await stopAll(app, ipe, cse);
    });
    beforeEach(async () => {
      serial += 1;
      endpoint = `dev-${serial}`;
      device = await AnsweringDevice.open(ipe.port);
      device.holds('/3303/0', [
        { n: '5700', v: 20.5 },
        { n: '5701', vs: 'Cel' },
      ]);
    });
    afterEach(() => device.close());

    /** tinyIoT takes texts only. */
    const typed = (value: unknown) => (cse.dialect === 'tinyiot' ? String(value) : value);
    const latest = (path: string) => app.see(contentInstance, `${endpoint}/${path}/la`);
    const content = (path: string) => app.latest(`${endpoint}/${path}`);
    const holds = (path: string, value: unknown) =>
      eventually(
        () => content(path),
        (found) => found === typed(value),
      );
    /** Contents of a container, the oldest first. */
    const contents = async (path: string) => {
      const children = await app.client.children(`${cse.base}/${endpoint}/${path}`, { ty: [contentInstance] });
      const found = await Promise.all(
        children.map(({ name }) => app.see(contentInstance, `${endpoint}/${path}/${name}`)),
      );
      const order = (rn = '') => Number.parseInt(rn.split('-')[1] ?? '', 36);
      return found.sort((a, b) => order(a?.rn) - order(b?.rn));
    };

    it('TS-0014 8.2.1: resources are containers below their instance, each with its value, typed, found by label', async () => {
      device.holds('/3311/0', [{ n: '5850', vb: true }]);
      expect(await device.register(endpoint)).toBe('2.01');
      await holds('3303_0/5700', 20.5);
      await holds('3303_0/5701', 'Cel');
      await holds('3311_0/5850', true);
      const temperature = await app.see(container, `${endpoint}/3303_0/5700`);
      expect(temperature).toMatchObject({ rn: '5700', mni: 5 });
      expect(temperature?.lbl).toEqual(
        expect.arrayContaining([
          'LWM2MURI:/3303/0/5700',
          'LWM2MNAME:Sensor%20Value',
          'LWM2MTYPE:float',
          'LWM2MOP:R',
          `LWM2MEP:${endpoint}`,
          'Iwked-Entity-ID:/3303/0/5700',
        ]),
      );
      expect(await app.find('LWM2MURI:/3311/0/5850')).toEqual(['5850']);
      await device.deregister();
    });

    it('an instance is asked once: its Observe is its first Read', async () => {
      device.holds('/3304/0', [{ n: '5700', v: 40 }]);
      device.holds('/1/0', [{ n: '0', v: 1 }]);
      await device.register(endpoint);
      await holds('3304_0/5700', 40);
      await holds('1_0/0', 1);
      await holds('3303_0/5700', 20.5);
      expect(device.requests.filter((request) => request !== 'FETCH /').sort()).toEqual([
        'GET /1/0',
        'GET /3303/0 observe',
        'GET /3304/0',
      ]);
      await device.deregister();
    });

    it('TS-0014 6.4.2: ten changes reach the CSE in order, each once, and no more are kept than configured', async () => {
      await device.register(endpoint);
      await holds('3303_0/5700', 20.5);
      for (let value = 1; value <= 10; value += 1) {
        expect(await device.notify('/3303/0', [{ n: '5700', v: value }])).toBe('ack');
      }
      await holds('3303_0/5700', 10);
      const kept = (await contents('3303_0/5700')).map((found) => found?.con);
      expect(kept.slice(-5)).toEqual([6, 7, 8, 9, 10].map(typed));
      expect(kept.length).toBeLessThanOrEqual(6);
      expect(await content('3303_0/5701')).toBe('Cel');
      await device.deregister();
    });

    it('a Send is stored whether or not it is observed, its history in order of time, with the time of the device', async () => {
      device.holds('/3304/0', [{ n: '5700', v: 40 }]);
      await device.register(endpoint);
      await holds('3304_0/5700', 40);
      const at = Date.parse('2026-01-02T03:04:05.000Z') / 1000;
      const code = await device.send([
        { bn: '/3304/0/', n: '5700', v: 43, t: at + 20 },
        { n: '5700', v: 41, t: at },
        { n: '5700', v: 42, t: at + 10 },
      ]);
      expect(code).toBe('2.04');
      await holds('3304_0/5700', 43);
      const history = (await contents('3304_0/5700')).slice(-3);
      expect(history.map((found) => found?.con)).toEqual([41, 42, 43].map(typed));
      expect(history[0]?.lbl).toEqual(['LWM2MTIME:2026-01-02T03:04:05.000Z']);
      if (cse.dialect === 'acme') expect(parseTimestamp(history[0]?.dgt ?? '')).toBe(at * 1000);
      await device.deregister();
    });

    it('objects and resources that no model knows are kept, and those that the device has not listed', async () => {
      device.holds('/32000/1', [{ n: '17', vs: 'odd' }]);
      await device.register(endpoint);
      await holds('32000_1/17', 'odd');
      expect((await app.see(container, `${endpoint}/32000_1/17`))?.lbl).toContain('LWM2MURI:/32000/1/17');
      expect(
        await device.send([
          { bn: '/3303/7/', n: '5700', v: 7 },
          { n: '60000', v: 8 },
        ]),
      ).toBe('2.04');
      await holds('3303_7/5700', 7);
      await holds('3303_7/60000', 8);
      expect((await app.see(container, `${endpoint}/3303_7`))?.lbl).toContain('LWM2MURI:/3303/7');
      await device.deregister();
    });

    it('TS-0014 8.2.2: an object link is text and, where the CSE knows it, a reference to the container', async () => {
      device.holds('/10262/0', [{ n: '0', vlo: '3303:0' }]);
      device.objects.set('/10262/0', { payload: '[{"bn":"/10262/0/","n":"5","vlo":"3303:0"},{"n":"6","vd":"AQID"}]' });
      await device.register(endpoint);
      await holds('10262_0/5', '3303:0');
      const link = await latest('10262_0/5');
      const known = cse.dialect === 'acme' || cse.dialect === 'standard';
      expect(link?.conr).toEqual(known ? [{ nm: 'ObjectLink', uri: `${cse.base}/${endpoint}/3303_0` }] : undefined);
      await holds('10262_0/6', 'AQID');
      expect((await latest('10262_0/6'))?.cnf).toBe('application/octet-stream:2');
      await device.deregister();
    });

    it('the instances of a multiple resource are containers below it', async () => {
      device.holds('/3/0', [
        { n: '7/0', v: 3800 },
        { n: '7/1', v: 5000 },
      ]);
      await device.register(endpoint);
      await holds('3_0/7/0', 3800);
      await holds('3_0/7/1', 5000);
      expect((await app.see(container, `${endpoint}/3_0/7/1`))?.lbl).toContain('LWM2MURI:/3/0/7/1');
      await device.deregister();
    });

    it('TS-0014 table 7.2-1: transparent values are the encoded instance, with the label and its content format', async () => {
      endpoint = `transparent-${serial}`;
      await device.register(endpoint);
      const found = await eventually(
        () => latest('3303_0'),
        (instance) => instance !== undefined,
      );
      expect(found).toMatchObject({ cnf: 'application/senml+json:0', lbl: ['LWM2M-Object-Encapsulation'] });
      expect(JSON.parse(String(found?.con))).toEqual([
        { bn: '/3303/0/', n: '5700', v: 20.5 },
        { n: '5701', vs: 'Cel' },
      ]);
      expect(await app.see(container, `${endpoint}/3303_0/5700`)).toBeUndefined();
      expect(await app.see(container, `${endpoint}/3303_0`)).toMatchObject({ mni: 5 });
      await device.notify('/3303/0', [{ n: '5700', v: 3 }]);
      await eventually(
        () => content('3303_0'),
        (con) => String(con).includes('"v":3'),
      );
      await device.deregister();
    });

    it('both ways at once, and none at all, by rules', async () => {
      endpoint = `both-${serial}`;
      await device.register(endpoint);
      await holds('3303_0/5700', 20.5);
      await eventually(
        () => latest('3303_0'),
        (instance) => instance?.lbl?.[0] === 'LWM2M-Object-Encapsulation',
      );
      await device.deregister();
      const asked = device.requests.length;
      await device.register(`none-${serial}`);
      await device.update();
      expect(device.requests.length).toBe(asked);
      await device.deregister();
    });

    it('an Update brings the values of new instances and takes those of vanished ones', async () => {
      await device.register(endpoint);
      await holds('3303_0/5700', 20.5);
      device.holds('/3303/1', [{ n: '5700', v: 30 }]);
      expect(await device.update('</3303/1>')).toBe('2.04');
      await holds('3303_1/5700', 30);
      expect(await app.see(container, `${endpoint}/3303_0`)).toBeUndefined();
      expect(device.requests.filter((request) => request.startsWith('GET /3303/0'))).toHaveLength(1);
      expect(await device.notify('/3303/0', [{ n: '5700', v: 21 }])).toBe('rst');
      await device.deregister();
    });

    it('a Register over a registration reads and observes anew, in the containers that are there', async () => {
      await device.register(endpoint);
      await holds('3303_0/5700', 20.5);
      const before = (await app.see(container, `${endpoint}/3303_0/5700`))?.ri;
      device.holds('/3303/0', [{ n: '5700', v: 21 }]);
      expect(await device.register(endpoint)).toBe('2.01');
      await holds('3303_0/5700', 21);
      await device.notify('/3303/0', [{ n: '5700', v: 22 }]);
      await holds('3303_0/5700', 22);
      expect((await app.see(container, `${endpoint}/3303_0/5700`))?.ri).toBe(before);
      await device.deregister();
    });

    it('a De-register takes everything away', async () => {
      await device.register(endpoint);
      await holds('3303_0/5700', 20.5);
      expect(await device.deregister()).toBe('2.02');
      expect(await app.find(`LWM2MEP:${endpoint}`)).toEqual([]);
      expect(await app.see(container, `${endpoint}/3303_0/5700`)).toBeUndefined();
    });

    it('values outlive the time that the AE is granted, and the AE is granted no more than its lifetime and the margin', async () => {
      await device.register(endpoint, { lifetime: 60 });
      await holds('3303_0/5701', 'Cel');
      const expires = async (type: 2 | 3, path: string) => {
        const found = await app.see(type, path);
        return parseTimestamp(found?.et ?? '') - Date.now();
      };
      await eventually(
        () => expires(ae, endpoint),
        (left) => left < 62_000,
      );
      expect(await expires(ae, endpoint)).toBeGreaterThan(50_000);
      expect(await expires(container, `${endpoint}/3303_0`)).toBeLessThan(62_000);
      expect(await expires(container, `${endpoint}/3303_0/5700`)).toBeGreaterThan(YEAR);
      expect(parseTimestamp((await latest('3303_0/5700'))?.et ?? '') - Date.now()).toBeGreaterThan(YEAR);
      await device.deregister();
    });

    it('a value that never changes is there as long as its device updates', async () => {
      endpoint = `both-${serial}`;
      await device.register(endpoint, { lifetime: 2 });
      const codes = new Set<string>();
      const updates = setInterval(() => void device.update().then((code) => codes.add(code)), 300);
      await holds('3303_0/5700', 20.5);
      await eventually(
        () => latest('3303_0'),
        (found) => found !== undefined,
      );
      // With the margin its lifetime has passed by then.
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      clearInterval(updates);
      expect([...codes]).toEqual(['2.04']);
      expect(await content('3303_0/5700')).toBe(typed(20.5));
      expect((await latest('3303_0'))?.lbl).toEqual(['LWM2M-Object-Encapsulation']);
      await device.deregister();
      expect(await app.find(`LWM2MEP:${endpoint}`)).toEqual([]);
    });

    it('an IPE that starts again goes on in the containers that it left', async () => {
      await device.register(endpoint, { lifetime: 600 });
      await holds('3303_0/5700', 20.5);
      const before = (await app.see(container, `${endpoint}/3303_0/5700`))?.ri;
      await ipe.stop();
      ipe = await startIpe(cse, { values: { maxInstances: 7 } });
      const again = await AnsweringDevice.open(ipe.port);
      again.holds('/3303/0', [{ n: '5700', v: 19 }]);
      await again.register(endpoint);
      await holds('3303_0/5700', 19);
      expect(await app.see(container, `${endpoint}/3303_0/5700`)).toMatchObject({ ri: before, mni: 7 });
      await again.deregister();
      again.close();
    });

    it('TS-0014 8.2.2: resources without a value have their container, too, found by one Discover an instance', async () => {
      await ipe.stop();
      ipe = await startIpe(cse, { values: { discover: 'always', observe: 'on-subscription' } });
      const again = await AnsweringDevice.open(ipe.port);
      again.holds('/3303/0', [{ n: '5700', v: 19 }]);
      again.discoverable.set('/3303/0', '</3303/0>,</3303/0/5700>,</3303/0/5605>,</3303/0/5750>');
      await again.register(endpoint);
      const reset = await eventually(
        () => app.see(container, `${endpoint}/3303_0/5605`),
        (found) => found !== undefined,
      );
      expect(reset?.lbl).toEqual(expect.arrayContaining(['LWM2MURI:/3303/0/5605', 'LWM2MOP:E']));
      const type = await eventually(
        () => app.see(container, `${endpoint}/3303_0/5750`),
        (found) => found !== undefined,
      );
      expect(type?.lbl).toEqual(expect.arrayContaining(['LWM2MOP:R', 'LWM2MOP:W']));
      await holds('3303_0/5700', 19);
      expect(again.requests).toEqual(['GET /3303/0', 'DISCOVER /3303/0']);
      await again.deregister();
      again.close();
    });
  });
}
