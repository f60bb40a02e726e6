import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Operation, parseTimestamp, ResourceType } from '../../../cse-client/index.ts';
import type { EmbeddedCse } from '../../../embedded-cse/index.ts';
import { AnsweringDevice } from '../../e2e/answering-device.ts';
import { type CseUnderTest, startEmbedded } from '../../support/cse-under-test.ts';
import { type Application, eventually, health, type RunningIpe } from '../../support/ipe.ts';
import { startStand, stopAll } from '../../support/stand.ts';

const { ae, container, contentInstance } = ResourceType;
let serial = 0;

describe('values while the CSE refuses, is slow, is away or forgets', () => {
  let cse: CseUnderTest & { cse: EmbeddedCse };
  let ipe: RunningIpe;
  let app: Application;
  let device: AnsweringDevice;
  let endpoint: string;

  beforeAll(async () => {
    ({ cse, ipe, app } = await startStand(startEmbedded('acme'), {
      cse: { whenAway: 'refuse' },
      values: { queue: { values: 8 }, maxInstances: 50 },
    }));
  });
  afterAll(async () => {
    await stopAll(app, ipe, cse);
  });
  beforeEach(async () => {
    serial += 1;
    endpoint = `valued-${serial}`;
    device = await AnsweringDevice.open(ipe.port);
    device.holds('/3303/0', [{ n: '5700', v: 0 }]);
  });
  afterEach(async () => {
    cse.cse.faults.clear();
    await device.deregister();
    device.close();
  });

  const latest = (path: string) => app.latest(`${endpoint}/${path}`);
  const holds = (path: string, value: unknown) =>
    eventually(
      () => latest(path).catch(() => undefined),
      (found) => found === value,
    );
  const contents = (path: string) => app.contents(`${endpoint}/${path}`);
  const registered = async () => {
    expect(await device.register(endpoint)).toBe('2.01');
    await holds('3303_0/5700', 0);
  };
  const answers = (wanted: number) =>
    eventually(
      () => health(ipe),
      ({ code }) => code === wanted,
    );

  it('values of the time in which the CSE is away are stored in order when it is back', async () => {
    await registered();
    cse.cse.faults.drop({});
    for (const value of [1, 2, 3, 4, 5]) await device.notify('/3303/0', [{ n: '5700', v: value }]);
    await answers(503);
    cse.cse.faults.clear();
    await holds('3303_0/5700', 5);
    expect(await contents('3303_0/5700')).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('of more values than the queue holds the oldest of the same resource are dropped, the latest never', async () => {
    device.holds('/3311/0', [{ n: '5850', vb: false }]);
    await registered();
    await holds('3311_0/5850', false);
    cse.cse.faults.drop({});
    await device.notify('/3311/0', [{ n: '5850', vb: true }]);
    for (let value = 1; value <= 30; value += 1) await device.notify('/3303/0', [{ n: '5700', v: value }]);
    await answers(503);
    cse.cse.faults.clear();
    await holds('3303_0/5700', 30);
    expect(await latest('3311_0/5850')).toBe(true);
    expect(await contents('3303_0/5700')).toEqual([0, 24, 25, 26, 27, 28, 29, 30]);
  });

  it('a value whose answer was lost is stored once', async () => {
    await registered();
    cse.cse.faults.drop({ op: Operation.create, ty: contentInstance }, { after: true, times: 1 });
    await device.notify('/3303/0', [{ n: '5700', v: 1 }]);
    await device.notify('/3303/0', [{ n: '5700', v: 2 }]);
    await holds('3303_0/5700', 2);
    expect(await contents('3303_0/5700')).toEqual([0, 1, 2]);
    await answers(200);
  });

  it('a value that the CSE refuses is left out, and the next one is stored', async () => {
    await registered();
    cse.cse.faults.refuse(4102, { op: Operation.create, ty: contentInstance }, { times: 1 });
    await device.notify('/3303/0', [{ n: '5700', v: 1 }]);
    await device.notify('/3303/0', [{ n: '5700', v: 2 }]);
    await holds('3303_0/5700', 2);
    expect(await contents('3303_0/5700')).toEqual([0, 2]);
  });

  it('a container that somebody deleted is made again for the next value', async () => {
    await registered();
    await app.client.delete(`${cse.base}/${endpoint}/3303_0/5700`, { originator: cse.adminOriginator });
    await device.notify('/3303/0', [{ n: '5700', v: 1 }]);
    await holds('3303_0/5700', 1);
  });

  it('a CSE that comes back empty gets the tree with the next Update, and the values are read again', async () => {
    await registered();
    cse.cse.faults.forget();
    await app.client.create(ae, cse.base, { rn: 'app', api: 'Napp', rr: false, srv: ['3'] });
    await device.notify('/3303/0', [{ n: '5700', v: 1 }]);
    device.holds('/3303/0', [{ n: '5700', v: 2 }]);
    expect(await device.update()).toBe('2.04');
    await holds('3303_0/5700', 2);
  });

  it('an Update that comes while containers are made lets neither them nor the AE expire early or late', async () => {
    cse.cse.faults.delay(40, { op: Operation.create, ty: container, to: /3303_0$/ });
    device.holds('/3303/0', [
      { n: '5700', v: 0 },
      { n: '5601', v: 1 },
      { n: '5602', v: 2 },
    ]);
    expect(await device.register(endpoint, { lifetime: 100 })).toBe('2.01');
    await eventually(
      async () => app.see(container, `${endpoint}/3303_0/5700`),
      (found) => found !== undefined,
    );
    expect(await device.update()).toBe('2.04');
    await holds('3303_0/5602', 2);
    const year = String(new Date().getUTCFullYear() + 2);
    const lasting = async (resource: string) =>
      ((await app.see(container, `${endpoint}/3303_0/${resource}`))?.et ?? '') > year;
    const passing = async () => [await app.see(ae, endpoint), await app.see(container, `${endpoint}/3303_0`)];
    // One that came out short although its attempts were many is made to last once it has its value.
    for (const resource of ['5700', '5601', '5602']) {
      await eventually(
        () => lasting(resource),
        (lasts) => lasts,
      );
    }
    await eventually(passing, (found) => found.every((one) => (one?.et ?? year) < year));
  });

  it('an Update that ends after containers were made has its time, and not the one of before', async () => {
    cse.cse.faults.delay(20, { op: Operation.create, ty: container, to: /3303_0$/ });
    cse.cse.faults.delay(400, { op: Operation.update, to: /node-/ });
    const margin = 60_000;
    expect(await device.register(endpoint, { lifetime: 100 })).toBe('2.01');
    await eventually(
      async () => app.see(container, `${endpoint}/3303_0/5700`),
      (found) => found !== undefined,
    );
    const from = Date.now();
    const updated = device.update();
    await holds('3303_0/5700', 0);
    expect(await updated).toBe('2.04');
    const found = await Promise.all([app.see(ae, endpoint), app.see(container, `${endpoint}/3303_0`)]);
    for (const one of found) expect(parseTimestamp(one?.et ?? '')).toBeGreaterThanOrEqual(from + 100_000 + margin);
  });

  it('an Update costs as many requests as before, however many values there are', async () => {
    device.holds(
      '/3303/0',
      Array.from({ length: 20 }, (_, index) => ({ n: String(6000 + index), v: index })),
    );
    expect(await device.register(endpoint)).toBe('2.01');
    await holds('3303_0/6019', 19);
    const before = cse.cse.counters.requests;
    expect(await device.update()).toBe('2.04');
    expect(cse.cse.counters.requests - before).toBe(3);
  });

  it('first values cost a request each, their containers one each, and where the CSE cuts times 2 and 2 an instance', async () => {
    device.holds('/3303/0', [
      { n: '5700', v: 0 },
      { n: '5701', vs: 'Cel' },
    ]);
    device.holds('/3311/0', [{ n: '5850', vb: true }]);
    const before = cse.cse.counters.requests;
    expect(await device.register(endpoint)).toBe('2.01');
    const [ofRegister, ofContainers, ofValues] = [4, 3, 3];
    await eventually(
      async () => cse.cse.counters.requests - before,
      (requests) => requests >= ofRegister + ofContainers + ofValues + 2 + 2 * 2,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    const spent = cse.cse.counters.requests - before;
    // The second instance may have been read after the containers of the first were made.
    expect(spent).toBeLessThanOrEqual(ofRegister + ofContainers + ofValues + 2 * 2 + 2 * 2);
    expect(await latest('3311_0/5850')).toBe(true);
  });

  it('a device is answered before anything is asked of it, and however slow its values are', async () => {
    const slow = 1_500;
    let askedBefore = 0;
    device.objects.set('/3303/0', () => {
      if (device.location === '') askedBefore += 1;
      return { payload: '[{"bn":"/3303/0/","n":"5700","v":0}]' };
    });
    await registered();
    expect(askedBefore).toBe(0);
    cse.cse.faults.delay(slow, { op: Operation.create, ty: contentInstance });
    const other = await AnsweringDevice.open(ipe.port);
    other.holds('/3303/0', [{ n: '5700', v: 0 }]);
    const started = performance.now();
    expect(await other.register(`${endpoint}-other`)).toBe('2.01');
    expect(performance.now() - started).toBeLessThan(slow);
    await other.deregister();
    other.close();
  });

  it('a device that leaves takes its waiting values with it', async () => {
    await registered();
    cse.cse.faults.delay(100, { op: Operation.create, ty: contentInstance });
    for (let value = 1; value <= 6; value += 1) await device.notify('/3303/0', [{ n: '5700', v: value }]);
    expect(await device.deregister()).toBe('2.02');
    const { requests } = cse.cse.counters;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(cse.cse.counters.requests - requests).toBeLessThanOrEqual(1);
    expect(await app.see(ae, endpoint)).toBeUndefined();
  });
});

describe('values of devices that do not answer as one would like', () => {
  let cse: CseUnderTest & { cse: EmbeddedCse };
  let ipe: RunningIpe;
  let app: Application;
  let device: AnsweringDevice;

  beforeAll(async () => {
    ({ cse, ipe, app } = await startStand(startEmbedded('standard'), { values: { storeUnchanged: false } }));
  });
  afterAll(async () => {
    await stopAll(app, ipe, cse);
  });
  beforeEach(async () => {
    device = await AnsweringDevice.open(ipe.port);
  });
  afterEach(() => device.close());

  const holds = (path: string, value: unknown) =>
    eventually(
      () => app.latest(path),
      (found) => found === value,
    );

  it('an instance that cannot be observed is read', async () => {
    device.objects.set('/3303/0', (observe) =>
      observe ? { code: '4.05' } : { payload: '[{"bn":"/3303/0/","n":"5700","v":1}]' },
    );
    await device.register('unobservable');
    await holds('unobservable/3303_0/5700', 1);
    expect(device.requests).toEqual(['GET /3303/0 observe', 'GET /3303/0']);
    await device.deregister();
  });

  it('an instance that cannot be read does not keep the others from being read', async () => {
    device.objects.set('/3302/0', { code: '4.01' });
    device.holds('/3303/0', [{ n: '5700', v: 1 }]);
    await device.register('half-open');
    await holds('half-open/3303_0/5700', 1);
    await device.deregister();
  });

  it('instances that are not observed are read together where the device can', async () => {
    device.holds('/1/0', [{ n: '1', v: 60 }]);
    device.holds('/5/0', [{ n: '3', v: 0 }]);
    device.objects.set('/', {
      payload: '[{"bn":"/1/0/","n":"1","v":60},{"bn":"/5/0/","n":"3","v":0}]',
    });
    await device.register('composite', { links: '</1/0>,</5/0>' });
    await holds('composite/5_0/3', 0);
    await holds('composite/1_0/1', 60);
    expect(device.requests).toEqual(['FETCH /']);
    await device.deregister();
  });

  it('a value that is the same as the last is left out where that is configured', async () => {
    device.holds('/3303/0', [{ n: '5700', v: 1 }]);
    await device.register('steady');
    await holds('steady/3303_0/5700', 1);
    for (const value of [1, 1, 2, 2, 3]) await device.notify('/3303/0', [{ n: '5700', v: value }]);
    await holds('steady/3303_0/5700', 3);
    const children = await app.client.children(`${cse.base}/steady/3303_0/5700`, { ty: [contentInstance] });
    expect(children).toHaveLength(3);
    await device.deregister();
  });
});
