import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Operation, ResourceType, STATUS_CODES } from '../../cse-client/index.ts';
import type { EmbeddedCse } from '../../embedded-cse/index.ts';
import { coapCode } from '../../mappings/index.ts';
import { type CseUnderTest, startEmbedded } from '../support/cse-under-test.ts';
import { Device } from '../support/device.ts';
import { Application, eventually, health, type RunningIpe, startIpe } from '../support/ipe.ts';
import { startStand, stopAll } from '../support/stand.ts';

const { ae, container, node } = ResourceType;
const { create, update, delete: remove } = Operation;
let serial = 0;

describe.each(['journal', 'refuse'] as const)(
  'bridge while the CSE refuses, is slow, is away or forgets, whenAway: %s',
  (whenAway) => {
    /** What a device is told in place of yes while the CSE does not answer. */
    const withoutCse = (yes: string) => (whenAway === 'journal' ? yes : '5.03');
    let cse: CseUnderTest & { cse: EmbeddedCse };
    let ipe: RunningIpe;
    let app: Application;
    let device: Device;
    let endpoint: string;

    beforeAll(async () => {
      ({ cse, ipe, app } = await startStand(startEmbedded('acme'), { cse: { timeout: '2500ms', whenAway } }));
    });
    afterAll(async () => {
      await stopAll(app, ipe, cse);
    });
    beforeEach(async () => {
      serial += 1;
      endpoint = `faulty-${serial}`;
      device = await Device.open(ipe.port);
    });
    afterEach(() => {
      cse.cse.faults.clear();
      device.close();
    });

    const found = () => app.find(`LWM2MEP:${endpoint}`);
    const gone = () => eventually(found, (names) => names.length === 0);
    const whole = () => eventually(found, (names) => names.length === 4);
    const ready = () =>
      eventually(
        () => health(ipe),
        ({ status }) => status === 'ready',
      );

    const steps = [
      ['node', { op: create, ty: node }],
      ['AE', { op: create, ty: ae }],
      ['a container', { op: create, ty: container, to: /faulty-/ }],
    ] as const;

    // What a CSE answers has nothing to do with what becomes of devices when it does not.
    for (const [what, match] of whenAway === 'journal' ? steps : []) {
      it(`a refusal of ${what} gives the device the mapped code, and what was created is taken back`, async () => {
        const codes = Object.keys(STATUS_CODES)
          .map(Number)
          .filter((rsc) => rsc >= 4000 && ![4105, 4117, 5106].includes(rsc));
        expect(codes.length).toBeGreaterThan(60);
        for (const rsc of codes) {
          const fault = cse.cse.faults.refuse(rsc, match);
          const reply = await device.register({ endpoint, links: '</1/0>,</3/0>,</3303/0>' });
          expect([rsc, reply.code]).toEqual([rsc, coapCode('register', rsc)]);
          expect([rsc, reply.maxAge !== undefined]).toEqual([rsc, reply.code === '5.03']);
          fault.cancel();
          expect([rsc, await found()]).toEqual([rsc, []]);
        }
        expect(await device.register({ endpoint })).toMatchObject({ code: '2.01' });
        await device.deregister();
      });
    }

    it('a refusal of an Update gives the mapped code and leaves the tree and the registration as they were', async () => {
      await device.register({ endpoint, links: '</1/0>,</3/0>' });
      for (const rsc of [4000, 4103, 5000, 5103, 4008]) {
        const fault = cse.cse.faults.refuse(rsc, { op: create, ty: container });
        const reply = await device.update([], '</1/0>,</3/0>,</3303/0>');
        expect([rsc, reply.code]).toEqual([rsc, coapCode('update', rsc)]);
        fault.cancel();
        expect(await found()).toEqual(['1_0', '3_0', endpoint, `node-${endpoint}`].sort());
      }
      expect(await device.update([], '</1/0>,</3/0>,</3303/0>')).toMatchObject({ code: '2.04' });
      expect(await found()).toContain('3303_0');
      await device.deregister();
    });

    it('a refused Register over a registration leaves the old registration and its tree as they were', async () => {
      await device.register({ endpoint, links: '</1/0>' });
      cse.cse.faults.refuse(4102, { op: create, ty: container });
      const old = device.location;
      expect(await device.register({ endpoint, links: '</3/0>' })).toMatchObject({ code: '4.00' });
      cse.cse.faults.clear();
      expect(await found()).toEqual(['1_0', endpoint, `node-${endpoint}`].sort());
      expect(await device.request('POST', old)).toMatchObject({ code: '2.04' });
      await device.deregister();
    });

    it('RFC 7252 5.2.1, 5.2.2: a quick CSE gives a piggybacked answer, a slow one an empty ACK and a separate response', async () => {
      // A machine that is busy may make it slow.
      await eventually(
        () => device.register({ endpoint }),
        ({ code, separate }) => code === '2.01' && !separate,
      );
      cse.cse.faults.delay(500, { op: update });
      expect(await device.update()).toMatchObject({ code: '2.04', separate: true });
      cse.cse.faults.clear();
      await device.deregister();
    });

    it('a retransmitted Register creates nothing twice', async () => {
      const before = cse.cse.counters.requests;
      const { bytes, token } = device.prepare('POST', 'rd', [`ep=${endpoint}`, 'lt=60', 'lwm2m=1.1'], '</1/0>,</3/0>');
      expect(await device.transmit(bytes, token, 5)).toMatchObject({ code: '2.01' });
      expect(cse.cse.counters.requests - before).toBe(4);
    });

    it('a Register costs 2 + N requests, an Update 2 + N, a De-register 2', async () => {
      const count = async (work: () => Promise<unknown>) => {
        const before = cse.cse.counters.requests;
        await work();
        return cse.cse.counters.requests - before;
      };
      expect(await count(() => device.register({ endpoint, links: '</1/0>,</3/0>,</5>' }))).toBe(5);
      expect(await count(() => device.update())).toBe(5);
      expect(await count(() => device.deregister())).toBe(2);
    });

    it('a CSE that never answers: what it half made is made whole, or taken back behind a 5.03 with Max-Age', async () => {
      const fault = cse.cse.faults.hang({ op: create, ty: container }, { after: true });
      const reply = await device.register({ endpoint });
      expect(reply.code).toBe(withoutCse('2.01'));
      if (whenAway === 'refuse') expect(reply.maxAge).toBeGreaterThanOrEqual(5);
      fault.cancel();
      if (whenAway === 'refuse') await gone();
      else await whole();
      await ready();
      if (whenAway === 'journal') await device.deregister();
    });

    it('a CSE that drops the connection after it created: the same', async () => {
      const fault = cse.cse.faults.drop({ op: create, ty: ae }, { after: true });
      expect(await device.register({ endpoint })).toMatchObject({ code: withoutCse('2.01') });
      fault.cancel();
      if (whenAway === 'refuse') await gone();
      else await whole();
      await ready();
      expect(await device.register({ endpoint })).toMatchObject({ code: '2.01' });
      await device.deregister();
      expect(await found()).toEqual([]);
    });

    it('a De-register while the CSE refuses connections ends the registration; its tree goes when the CSE is back', async () => {
      await device.register({ endpoint });
      cse.cse.faults.drop({});
      expect(await device.deregister()).toMatchObject({ code: '2.02' });
      expect(await health(ipe)).toMatchObject(
        whenAway === 'journal' ? { code: 200, status: 'degraded' } : { code: 503, status: 'not ready' },
      );
      cse.cse.faults.clear();
      await ready();
      await gone();
    });

    it('an Update while the CSE is away keeps the device alive', async () => {
      await device.register({ endpoint, lifetime: 2 });
      cse.cse.faults.drop({});
      const registeredUntil = performance.now() + 3000;
      while (performance.now() < registeredUntil) {
        expect(await device.update()).toMatchObject({ code: withoutCse('2.04') });
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      cse.cse.faults.clear();
      // Its lifetime runs on until the bridge is ready again.
      const updated = async () => [(await device.update()).code, (await health(ipe)).status];
      await eventually(updated, ([code, status]) => code === '2.04' && status === 'ready');
      expect(await found()).toContain(endpoint);
      await device.deregister();
    });

    it('a CSE that comes back empty gets the IPE and its policy again, and devices the next time they are heard of', async () => {
      await device.register({ endpoint });
      cse.cse.faults.forget();
      await app.client.create(ae, cse.base, { rn: 'app', api: 'Napp', rr: false, srv: ['3'] });
      expect(await device.update()).toMatchObject({ code: '2.04' });
      expect(await found()).toEqual(['1_0', '3_0', endpoint, `node-${endpoint}`].sort());
      const other = await Device.open(ipe.port);
      expect(await other.register({ endpoint: `${endpoint}-new` })).toMatchObject({ code: '2.01' });
      await other.deregister();
      other.close();
      await device.deregister();
    });

    it('a tree that is made anew for a CSE that came back empty, in spite of refusals, is linked as it stands there', async () => {
      await device.register({ endpoint, version: '1.0' });
      cse.cse.faults.forget();
      await app.client.create(ae, cse.base, { rn: 'app', api: 'Napp', rr: false, srv: ['3'] });
      cse.cse.faults.refuse(5000, { op: create, ty: container, to: /faulty-/ }, { times: 1 });
      // So that the AE stays which is to be taken back.
      cse.cse.faults.refuse(5000, { op: remove }, { times: 1 });
      expect(await device.update()).toMatchObject({ code: '5.00' });
      expect(await device.register({ endpoint, version: '1.1' })).toMatchObject({ code: '2.01' });
      await whole();
      const { ri } = (await app.see(node, `node-${endpoint}`)) ?? {};
      expect(await app.see(ae, endpoint)).toMatchObject({ nl: ri });
      await device.deregister();
      await gone();
    });

    it('what was taken over is taken back as on De-register, the AE before the node that it names', async () => {
      await device.register({ endpoint });
      await ipe.stop();
      ipe = await startIpe(cse, { cse: { timeout: '2500ms', whenAway } });
      device.close();
      device = await Device.open(ipe.port);
      cse.cse.faults.refuse(5000, { op: create, ty: container, to: /faulty-/ }, { times: 1 });
      const refusal = cse.cse.faults.refuse(5000, { op: remove, to: `${cse.base}/${endpoint}` });
      expect(await device.register({ endpoint, links: '</1/0>,</3/0>,</3303/0>' })).toMatchObject({ code: '5.00' });
      expect(await found()).toContain(`node-${endpoint}`);
      refusal.cancel();
      await gone();
    });

    it('a CSE that forgets everything in the middle of a Register: the device is registered and visible, or refused and not', async () => {
      cse.cse.faults.delay(150, { op: create, ty: container });
      const registering = device.register({ endpoint, links: '</1/0>,</3/0>,</3303/0>' });
      await eventually(found, (names) => names.includes(endpoint));
      cse.cse.faults.forget();
      const { code } = await registering;
      cse.cse.faults.clear();
      await app.client.create(ae, cse.base, { rn: 'app', api: 'Napp', rr: false, srv: ['3'] });
      expect(await found()).toHaveLength(code === '2.01' ? 5 : 0);
      if (code === '2.01') await device.deregister();
    });

    it('an answer of the CSE that comes after the device gave up leaves tree and registration agreed', async () => {
      cse.cse.faults.delay(400, { op: create, ty: ae });
      const { bytes, token } = device.prepare('POST', 'rd', [`ep=${endpoint}`, 'lt=60', 'lwm2m=1.1'], '</3/0>');
      const before = cse.cse.counters.requests;
      void device.transmit(bytes, token);
      await eventually(
        async () => cse.cse.counters.requests,
        (requests) => requests > before,
      );
      device.close();
      await eventually(found, (names) => names.includes('3_0'));
      device = await Device.open(ipe.port);
      expect(await device.register({ endpoint, links: '</3/0>,</5>' })).toMatchObject({ code: '2.01' });
      expect(await found()).toEqual(['3_0', '5', endpoint, `node-${endpoint}`].sort());
      await device.deregister();
      expect(await found()).toEqual([]);
    });

    it('one slow device delays nobody else', async () => {
      cse.cse.faults.delay(1_500, { op: create, ty: ae, to: cse.base, originator: `C${endpoint}` });
      const answered: string[] = [];
      const slow = device.register({ endpoint }).then((reply) => {
        answered.push('slow');
        return reply;
      });
      await Promise.all(
        Array.from({ length: 5 }, async (_, index) => {
          const other = await Device.open(ipe.port);
          await other.register({ endpoint: `${endpoint}-${index}` });
          answered.push('other');
          await other.deregister();
          other.close();
        }),
      );
      expect(await slow).toMatchObject({ code: '2.01' });
      expect(answered).toEqual(['other', 'other', 'other', 'other', 'other', 'slow']);
      await device.deregister();
    });

    it('a refused DELETE at De-register is told to the device by the mapped code, and the registration is gone all the same', async () => {
      await device.register({ endpoint });
      cse.cse.faults.refuse(4103, { op: remove });
      expect(await device.deregister()).toMatchObject({ code: '4.00' });
      cse.cse.faults.clear();
      expect(await device.update()).toMatchObject({ code: '4.04' });
    });

    it.each(['lwm2m-ipe', 'cse-in', 'Admin'])(
      'the endpoint name %s, which would take a name of ours, is refused: 4.03',
      async (reserved) => {
        expect(await device.register({ endpoint: reserved })).toMatchObject({ code: '4.03' });
      },
    );

    it('urn:x and x would share a name: the second is refused while the first is there', async () => {
      await device.register({ endpoint: `urn:${endpoint}` });
      const other = await Device.open(ipe.port);
      expect(await other.register({ endpoint })).toMatchObject({ code: '4.03' });
      await device.deregister();
      expect(await other.register({ endpoint })).toMatchObject({ code: '2.01' });
      await other.deregister();
      other.close();
    });
  },
);

describe('access.read', () => {
  it('names who discovers and reads what the IPE makes; nobody else does', async () => {
    const cse = await startEmbedded('acme');
    const ipe = await startIpe(cse, { access: { read: ['Cfriend'] } });
    const device = await Device.open(ipe.port);
    const [friend, stranger] = await Promise.all([
      Application.start(cse, 'friend'),
      Application.start(cse, 'stranger'),
    ]);
    try {
      await device.register({ endpoint: 'private' });
      expect(await friend.find('LWM2MEP:private')).toEqual(['1_0', '3_0', 'node-private', 'private']);
      expect(await stranger.find('LWM2MEP:private')).toEqual([]);
      await expect(stranger.see(container, 'private/3_0')).rejects.toMatchObject({ rsc: 4103 });
    } finally {
      device.close();
      await Promise.all([friend.stop(), stranger.stop()]);
      await ipe.stop();
      await cse.stop();
    }
  });
});

describe('expiryRefresh: lazy', () => {
  it('an Update writes nothing while more than the share of the time is left, and all of it afterwards', async () => {
    const cse = await startEmbedded('standard');
    const ipe = await startIpe(cse, { cse: { expiryRefresh: 'lazy', expiryMargin: 1 } });
    const device = await Device.open(ipe.port);
    try {
      await device.register({ endpoint: 'lazy', lifetime: 1000 });
      const before = cse.cse.counters.requests;
      await device.update();
      await device.update();
      expect(cse.cse.counters.requests - before).toBe(0);
      await device.update(['lt=3000']);
      expect(cse.cse.counters.requests - before).toBe(4);
    } finally {
      device.close();
      await ipe.stop();
      await cse.stop();
    }
  });
});
