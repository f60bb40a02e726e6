import { beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../common/index.ts';
import { type CseClient, CseError, DIALECTS, type Subscription } from '../../../cse-client/index.ts';
import { Notifications } from '../../../ipe/notifications/notifications.ts';
import { ReadThrough } from '../../../ipe/read-through/read-through.ts';
import type { Outcome, Registration } from '../../../lwm2m/index.ts';
import { HeldClock } from '../../support/held-clock.ts';

const path = { objectId: 3303, instanceId: 0, resourceId: 5700 };
const container = '3303_0/5700';
const value: Outcome = { kind: 'success', code: '2.05', nodes: [{ path, value: 1 }] };

let clock: HeldClock;
let notifications: Notifications;
let through: ReadThrough;
/** What the CSE was asked: the operation and the age. */
let asked: string[];
/** Subscriptions that the CSE has, by address. */
let standing: Map<string, Subscription>;
let answer: () => Promise<Outcome>;
let reads: number;
let stored: number;
let failure: CseError | undefined;

beforeEach(() => {
  clock = new HeldClock();
  notifications = new Notifications({ originator: 'Cipe', answerTime: 9_500, maxWaiting: 10 }, clock, silentLogger);
  asked = [];
  standing = new Map();
  answer = async () => value;
  reads = 0;
  stored = 0;
  failure = undefined;
  const client = {
    create: async (_ty: number, parent: string, { rn, ma, nu, enc }: Subscription) => {
      if (failure !== undefined) throw failure;
      const address = `${parent}/${rn}`;
      if (standing.has(address)) throw new CseError('cse/refused', 'taken', { rsc: 4105 });
      asked.push(`create ${ma}`);
      const made = { ri: `sub${standing.size + asked.length}`, ma, nu, enc } as Subscription;
      standing.set(address, made);
      return made;
    },
    retrieve: async (_ty: number, address: string) => {
      asked.push('retrieve');
      const found = standing.get(address);
      if (found === undefined) throw new CseError('cse/refused', 'not there', { rsc: 4004 });
      return found;
    },
    delete: async (address: string) => {
      asked.push('delete');
      standing.delete(address);
    },
  } as unknown as CseClient;
  through = start(client, 10_000);
});

function start(client: CseClient, age: number): ReadThrough {
  const made = new ReadThrough(
    {
      base: 'cse-in',
      originator: 'Cipe',
      resourceName: 'ipe',
      wait: 3_000,
      age: (_endpoint, objectId) => (objectId === 3303 ? age : undefined),
    },
    {
      client,
      cse: () => ({
        cseBase: { ri: 'x', csi: '/id-in' },
        dialect: DIALECTS.acme,
        nodeCreation: 'none',
        accessControlPolicy: 'acp',
        degraded: [],
      }),
      availability: { away: undefined, failed: () => undefined },
      notifications,
      values: {
        storeRead: async () => {
          stored += 1;
        },
      },
      perform: () => {
        reads += 1;
        return answer();
      },
      clock,
      logger: silentLogger,
    },
  );
  const tree = { names: { resourceName: 'dev' } } as unknown as Parameters<ReadThrough['follow']>[1];
  made.follow({ endpoint: 'dev' } as Registration, tree);
  reopen = (later) => start(client, later);
  return made;
}
let reopen: (age: number) => ReadThrough;

const settled = async () => {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
};
const made = async (existing = false) => {
  through.made('dev', path, container, existing);
  await settled();
};

/** A notification of the CSE for the subscription; gives the response status code. */
async function ask(more: object = {}): Promise<number> {
  const sur = `/id-in/cse-in/dev/${container}/ipe-read`;
  const body = JSON.stringify({ 'm2m:sgn': { nev: { net: 10, ...more }, sur, cr: 'Cipe' } });
  const headers = { 'x-m2m-ri': 'r', 'x-m2m-origin': '/id-in/Cipe', 'content-type': 'application/json' };
  const { headers: answered } = await notifications.receive({
    method: 'POST',
    path: '/~/id-in/Cipe',
    query: '',
    headers,
    body,
  });
  return Number(answered['X-M2M-RSC']);
}

describe('a container whose old values are asked for', () => {
  it('gets a subscription with the age, once, and another only when the age is another', async () => {
    await made();
    expect(asked).toEqual(['create PT10S']);
    through = reopen(10_000);
    await made(true);
    expect(asked).toEqual(['create PT10S', 'retrieve']);
    through = reopen(60_000);
    await made(true);
    expect(asked.slice(2)).toEqual(['retrieve', 'delete', 'create PT60S']);
    expect(await ask()).toBe(2000);
    expect(reads).toBe(1);
  });

  it('gets none where the object is not asked for', () => {
    through.made('dev', { ...path, objectId: 3304 }, '3304_0/5700', false);
    expect(asked).toEqual([]);
  });

  it('gets it later when the CSE cannot do it now', async () => {
    failure = new CseError('cse/unreachable', 'away');
    await made();
    failure = undefined;
    clock.pass(5_000);
    await settled();
    expect(asked).toEqual(['create PT10S']);
  });

  it('is heard of no more when it is gone, or its device', async () => {
    await made();
    through.gone('dev', '3303_0');
    expect(await ask()).toBe(4004);
    await made();
    through.leave('dev');
    expect(notifications.names).toBe(0);
  });
});

describe('a RETRIEVE that the CSE lets wait', () => {
  it('is answered when the value of the device is stored; a device is not read again within the age', async () => {
    await made();
    expect(await ask()).toBe(2000);
    expect([reads, stored]).toEqual([1, 1]);
    clock.pass(9_000);
    await ask();
    expect(reads).toBe(1);
    clock.pass(2_000);
    await ask();
    expect(reads).toBe(2);
  });

  it('asks no device where it is not for the virtual la', async () => {
    await made();
    for (const rep of [{ 'm2m:cin': { con: 1 } }, { 'm2m:sub': {} }]) expect(await ask({ rep })).toBe(2000);
    expect(reads).toBe(0);
  });

  it('waits for a silent device as long as is set, and no longer', async () => {
    await made();
    answer = () => new Promise(() => undefined);
    let answered = 0;
    const both = [ask(), ask()].map((one) => one.then((rsc) => (answered = rsc)));
    await settled();
    clock.pass(2_999);
    await settled();
    expect(answered).toBe(0);
    clock.pass(1);
    await Promise.all(both);
    expect([answered, reads, stored]).toEqual([2000, 1, 0]);
  });

  it('is answered at once when the device refuses or has left', async () => {
    await made();
    answer = async () => ({ kind: 'gone' });
    expect(await ask()).toBe(2000);
    expect(stored).toBe(0);
    expect(through.counters).toEqual({ asked: 1, read: 0, failed: 1 });
  });
});
