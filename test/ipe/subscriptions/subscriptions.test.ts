import { afterEach, describe, expect, it } from 'vitest';
import { type CreateAttributes, Operation, ResourceType } from '../../../cse-client/index.ts';
import { startEmbedded } from '../../support/cse-under-test.ts';
import { Application, eventually } from '../../support/ipe.ts';
import { startNotificationTarget } from '../../support/notification-target.ts';
import { Bench } from './harness.ts';

const { subscription } = ResourceType;
const CONTAINERS = ['3303_0', '3303_0/5700', '3303_0/5701', '3_0', '3_0/7'];

let bench: Bench;
let app: Application;
let target: Awaited<ReturnType<typeof startNotificationTarget>>;

async function start(
  dialect: Parameters<typeof startEmbedded>[0] = 'acme',
  pollInterval?: number,
  administrator?: string,
): Promise<void> {
  target = await startNotificationTarget();
  bench = await Bench.start(await startEmbedded(dialect), pollInterval, administrator);
  app = await Application.start(bench.cse);
  await bench.make(CONTAINERS);
  bench.follow();
}

/** Tells of all containers that hold values, and waits until they are watched. */
async function watched(existing = false): Promise<void> {
  for (const container of CONTAINERS) if (container.includes('/')) bench.made(container, existing);
  await eventually(
    async () => bench.subscriptions.counters.looks,
    (looks) => looks > 0,
  );
}

afterEach(async () => {
  await app.stop();
  await bench.stop();
  await target.stop();
});

const subscribe = (container: string, name: string, labels: readonly string[] = [], more: object = {}) =>
  app.client.create(subscription, `${bench.cse.base}/dev/${container}`, {
    rn: name,
    nu: [target.url],
    enc: { net: [3] },
    ...(labels.length === 0 ? {} : { lbl: labels.map((label) => `LWM2MATTR:${label}`) }),
    ...more,
  } as CreateAttributes<typeof subscription>);
const unsubscribe = (address: string) => app.client.delete(`${bench.cse.base}/dev/${address}`);
const wished = (wishes: object) =>
  eventually(
    async () => ({ ...bench.wishes }),
    (now) => JSON.stringify(now) === JSON.stringify(wishes),
  );
const looked = async () => {
  const { looks } = bench.subscriptions.counters;
  bench.subscriptions.resume();
  await eventually(
    async () => bench.subscriptions.counters.looks,
    (now) => now > looks,
  );
  await eventually(
    async () => bench.client.inFlight,
    (now) => now === 0,
  );
};

for (const dialect of ['acme', 'standard'] as const) {
  describe(`on the embedded CSE as ${dialect}`, () => {
    it('TS-0014 6.5: a subscription of an application becomes a wish, and its end takes it back', async () => {
      await start(dialect);
      await watched();
      await subscribe('3303_0/5700', 'mine', ['pmin=10', 'gt=30.5']);
      await wished({ '3303/0/5700': { pmin: 10, gt: 30.5 } });
      await subscribe('3303_0/5701', 'plain');
      await wished({ '3303/0/5700': { pmin: 10, gt: 30.5 }, '3303/0/5701': {} });
      await unsubscribe('3303_0/5700/mine');
      await wished({ '3303/0/5701': {} });
    });

    it('several subscriptions are one wish, which changes as they come and go', async () => {
      await start(dialect);
      await watched();
      await subscribe('3303_0/5700', 'a', ['pmin=10', 'pmax=100']);
      await subscribe('3303_0/5700', 'b', ['pmin=5']);
      await wished({ '3303/0/5700': { pmin: 5, pmax: 100 } });
      await unsubscribe('3303_0/5700/b');
      await wished({ '3303/0/5700': { pmin: 10, pmax: 100 } });
    });
  });
}

it('as tinyIoT the administrator subscribes and is heard', async () => {
  await start('tinyiot');
  await watched();
  const as = { originator: bench.cse.adminOriginator };
  const { base } = bench.cse;
  const wanted = { rn: 'mine', nu: [target.url], enc: { net: [3] }, lbl: ['LWM2MATTR:pmin=10'] };
  await app.client.create(subscription, `${base}/dev/3303_0/5700`, wanted, as);
  await wished({ '3303/0/5700': { pmin: 10 } });
  await app.client.delete(`${base}/dev/3303_0/5700/mine`, as);
  await wished({});
});

it('costs one request a container and one look a device, then one a subscription and each of its notifications', async () => {
  await start();
  const { requests: before } = bench.client.counters;
  await watched();
  // Objects that are not observed on subscription cost nothing: 3/0/7.
  expect(bench.client.counters.requests - before).toBe(2 + 1);
  await subscribe('3303_0/5700', 'mine', [], { acpi: [bench.acp] });
  await wished({ '3303/0/5700': {} });
  expect(bench.client.counters.requests - before).toBe(3 + 1);
  await bench.client.delete(`${bench.cse.base}/dev/3303_0/5700/mine`);
  await wished({});
  expect(bench.client.counters.requests - before).toBe(3 + 1 + 1 + 1);
});

describe('what no notification told of', () => {
  it('is found after a gap: subscriptions that came and those that went', async () => {
    await start();
    await watched();
    await subscribe('3303_0/5700', 'gone', ['pmin=1']);
    await wished({ '3303/0/5700': { pmin: 1 } });
    bench.deaf = true;
    await unsubscribe('3303_0/5700/gone');
    await subscribe('3303_0/5701', 'came', ['pmax=9'], { acpi: [bench.acp] });
    expect(bench.wishes).toEqual({ '3303/0/5700': { pmin: 1 } });
    bench.away = 'for a test';
    bench.away = undefined;
    await wished({ '3303/0/5701': { pmax: 9 } });
  });

  it('is found by looking from time to time, also changed labels and what has expired', async () => {
    await start('acme', 200);
    await watched();
    bench.deaf = true;
    await subscribe('3303_0/5700', 'mine', ['pmin=1'], { acpi: [bench.acp] });
    await wished({ '3303/0/5700': { pmin: 1 } });
    const address = `${bench.cse.base}/dev/3303_0/5700/mine`;
    await bench.client.update(subscription, address, { lbl: ['LWM2MATTR:pmin=2'] });
    await wished({ '3303/0/5700': { pmin: 2 } });
    await bench.client.delete(address);
    await wished({});
  });

  it('is found when it stood there before: readable ones by looking, others by what was remembered', async () => {
    await start();
    await watched();
    await subscribe('3303_0/5700', 'hidden', ['pmin=7', 'st=0.5']);
    await subscribe('3303_0/5700', 'open', ['pmin=8', 'st=0.5'], { acpi: [bench.acp] });
    await wished({ '3303/0/5700': { pmin: 7, st: 0.5 } });
    const remembered = async () =>
      (await bench.client.retrieve(subscription, `${bench.cse.base}/dev/3303_0/5700/ipe-watch`)).lbl;
    await eventually(remembered, (labels) => labels?.includes('LWM2MSUB:hidden;pmin=7;st=0.5') === true);
    const { watched: made } = bench.subscriptions.counters;
    expect(made).toBe(2);
    await bench.subscriptions.stop();
    bench.run();
    bench.follow();
    await watched(true);
    await wished({ '3303/0/5700': { pmin: 7, st: 0.5 } });
    await eventually(
      async () => bench.subscriptions.counters,
      ({ watched, found }) => watched === 0 && found === 2,
    );
    await unsubscribe('3303_0/5700/hidden');
    await wished({ '3303/0/5700': { pmin: 8, st: 0.5 } });
    await eventually(remembered, (labels) => labels?.length === 1);
  });

  it('is found by the administrator, where there is one, also if an application lets nobody read it', async () => {
    await start('acme', undefined, 'CAdmin');
    await watched();
    bench.deaf = true;
    await subscribe('3303_0/5700', 'hidden', ['pmin=7']);
    await looked();
    await wished({ '3303/0/5700': { pmin: 7 } });
    await app.client.update(subscription, `${bench.cse.base}/dev/3303_0/5700/hidden`, { lbl: ['LWM2MATTR:pmin=8'] });
    await looked();
    await wished({ '3303/0/5700': { pmin: 8 } });
    await unsubscribe('3303_0/5700/hidden');
    await looked();
    await wished({});
  });

  it('on the container of an instance is found by looking, and is a wish for the whole instance', async () => {
    await start();
    await watched();
    await subscribe('3303_0', 'all', ['pmin=3'], { acpi: [bench.acp] });
    await subscribe('3303_0/5700', 'one', ['pmin=2', 'gt=1']);
    await looked();
    await wished({ '3303/0': { pmin: 2 } });
    await subscribe('3_0', 'other', [], { acpi: [bench.acp] });
    await looked();
    expect(bench.wishes).toEqual({ '3303/0': { pmin: 2 } });
  });
});

it('our own subscription is made again when somebody deletes it', async () => {
  await start();
  await watched();
  await bench.client.delete(`${bench.cse.base}/dev/3303_0/5700/ipe-watch`);
  await looked();
  await eventually(
    async () => bench.subscriptions.counters.watched,
    (made) => made === 3,
  );
  await subscribe('3303_0/5700', 'mine');
  await wished({ '3303/0/5700': {} });
});

it('a CSE that refuses our subscriptions is looked at instead', async () => {
  await start('acme', 200);
  const { cse } = bench.cse as Awaited<ReturnType<typeof startEmbedded>>;
  const fault = cse.faults.refuse(4005, { op: Operation.create, ty: subscription });
  await watched();
  expect(bench.warnings.filter((line) => line.includes('by looking alone'))).toHaveLength(2);
  fault.cancel();
  await subscribe('3303_0/5700', 'mine', ['pmin=1'], { acpi: [bench.acp] });
  await wished({ '3303/0/5700': { pmin: 1 } });
});

describe('a forged notification', () => {
  const forge = async (net: number, rn: string, lbl: readonly string[]) => {
    const watch = await bench.client.retrieve(subscription, `${bench.cse.base}/dev/3303_0/5700/ipe-watch`);
    const rep = { 'm2m:sub': { rn, lbl, enc: { net: [3] } } };
    const answer = await fetch(`${bench.url}/secret/~${bench.cse.cseId}/Cipe`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-M2M-RI': 'x', 'X-M2M-Origin': bench.cse.cseId },
      body: JSON.stringify({ 'm2m:sgn': { nev: { net, rep }, sur: `${bench.cse.cseId}/${watch.ri}` } }),
    });
    expect(answer.headers.get('X-M2M-RSC')).toBe('2000');
  };

  it('makes no wish of what is not there, and takes none back that is', async () => {
    await start();
    await watched();
    await subscribe('3303_0/5700', 'mine', ['pmin=9'], { acpi: [bench.acp] });
    await wished({ '3303/0/5700': { pmin: 9 } });
    const { requests } = bench.client.counters;
    await forge(3, 'other', ['LWM2MATTR:pmin=1']);
    await forge(4, 'mine', []);
    await forge(3, 'mine', ['LWM2MATTR:pmin=1']);
    await forge(3, 'la', []);
    await forge(3, '..', []);
    await eventually(
      async () => bench.client.counters.requests,
      (now) => now >= requests + 5 + 4,
    );
    await looked();
    expect(bench.wishes).toEqual({ '3303/0/5700': { pmin: 9 } });
  });
});

it('labels that are no wishes are passed over and said once', async () => {
  await start();
  await watched();
  await subscribe('3303_0/5700', 'mine', ['pmin=often', 'pmax=60', 'volume=11'], { acpi: [bench.acp] });
  await wished({ '3303/0/5700': { pmax: 60 } });
  await looked();
  await looked();
  expect(bench.warnings.filter((line) => line.includes('no wishes'))).toHaveLength(1);
});

it('a subscription that waits for something else than values is no wish', async () => {
  await start();
  await watched();
  await subscribe('3303_0/5700', 'end', [], { enc: { net: [2] }, acpi: [bench.acp] });
  await subscribe('3303_0/5701', 'value', [], { acpi: [bench.acp] });
  await wished({ '3303/0/5701': {} });
  await looked();
  expect(bench.wishes).toEqual({ '3303/0/5701': {} });
});

it('a container that goes takes its wishes with it, and brings them back when it is made anew', async () => {
  await start();
  await watched();
  await subscribe('3303_0/5700', 'mine', ['pmin=9'], { acpi: [bench.acp] });
  await wished({ '3303/0/5700': { pmin: 9 } });
  bench.subscriptions.gone('dev', '3303_0');
  delete bench.wishes['3303/0/5700'];
  bench.made('3303_0/5700', true);
  await wished({ '3303/0/5700': { pmin: 9 } });
  bench.subscriptions.leave('dev');
  expect(bench.notifications.names).toBe(0);
});
