import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Clock, silentLogger } from '../../../common/index.ts';
import type { NotificationReceiver } from '../../../ipe/notifications/notifications.ts';
import { Notifications } from '../../../ipe/notifications/notifications.ts';

let notifications: Notifications;
let timers: (() => void)[];

beforeEach(() => {
  timers = [];
  const clock: Clock = {
    monotonic: () => 0,
    wall: () => 0,
    timer: (_delay, callback) => {
      timers.push(callback);
      return { cancel: () => void timers.splice(timers.indexOf(callback), 1) };
    },
  };
  notifications = new Notifications({ originator: 'Cipe', answerTime: 1000, maxWaiting: 2 }, clock, silentLogger);
});

async function post(content: unknown, path = '/~/id-in/Cipe', type = 'application/json') {
  const body = typeof content === 'string' ? content : JSON.stringify(content);
  const headers = { 'x-m2m-ri': 'r1', 'x-m2m-origin': '/id-in', 'x-m2m-rvi': '3', 'content-type': type };
  const answer = await notifications.receive({ method: 'POST', path, query: '', headers, body });
  expect(answer.headers['X-M2M-RI']).toBe('r1');
  return { rsc: Number(answer.headers['X-M2M-RSC']), body: answer.body };
}

const rsc = async (...request: Parameters<typeof post>) => (await post(...request)).rsc;
const nev = { rep: { 'm2m:cin': { con: 1 } }, net: 3 };
const event = (sur: string, more = {}) => ({ 'm2m:sgn': { nev, sur, ...more } });
const own = { ri: 'sub1', address: 'cse-in/dev/requests/ipe' };
const refused = () =>
  Object.fromEntries(Object.entries(notifications.counters.refused).filter(([, count]) => count > 0));

describe('a notification', () => {
  it('TS-0001 10.2.10.2: the verification of a subscription of ours is answered, that of another is refused', async () => {
    expect(await rsc({ 'm2m:sgn': { vrq: true, sur: '/id-in/sub1', cr: 'Cipe' } })).toBe(2000);
    expect(await rsc({ 'm2m:sgn': { vrq: true, sur: '/id-in/sub1' } }, '/Cipe')).toBe(2000);
    expect(await rsc({ 'm2m:sgn': { vrq: true, sur: '/id-in/sub1', cr: '/id-in/Cother' } })).toBe(4101);
    expect(notifications.counters.accepted).toBe(2);
    expect(refused()).toEqual({ creator: 1 });
  });

  it.each([
    ['a subscription that is not ours', event('/id-in/sub9'), '/~/id-in/Cipe', 4004, 'subscription'],
    ['a subscription of another', event('/id-in/sub1', { cr: 'Cx' }), '/~/id-in/Cipe', 4101, 'creator'],
    ['another AE', event('/id-in/sub1'), '/~/id-in/Cother', 4004, 'target'],
    ['nothing', {}, '/~/id-in/Cipe', 4000, 'malformed'],
    ['what is no JSON', '{', '/~/id-in/Cipe', 4000, 'malformed'],
  ])('that names %s is refused and counted', async (_what, content, path, code, problem) => {
    let told = 0;
    notifications.add(own, () => {
      told += 1;
      return undefined;
    });
    expect(await rsc(content, path)).toBe(code);
    expect(notifications.counters.accepted).toBe(0);
    expect(refused()).toEqual({ [problem]: 1 });
    expect(told).toBe(0);
  });

  it('that is a CREATE is none, and XML is no JSON', async () => {
    expect(await rsc({ 'm2m:cin': { con: 'x' } }, '/~/id-in/Cipe', 'application/json;ty=4')).toBe(4005);
    expect(await rsc('<a/>', '/~/id-in/Cipe', 'application/xml')).toBe(4015);
    expect(refused()).toEqual({ operation: 1, malformed: 1 });
  });

  it('is answered whatever it says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), fc.webPath(), async (content, path) => {
        expect(await rsc(content, path === '' ? '/' : path)).toBeGreaterThanOrEqual(2000);
      }),
    );
  });
});

describe('a receiver', () => {
  const heard: string[] = [];
  const hears =
    (name: string, answer?: ReturnType<NotificationReceiver>): NotificationReceiver =>
    (notification) => {
      heard.push(`${name} ${notification.kind}`);
      return answer;
    };
  beforeEach(() => void heard.splice(0));

  it.each(['/id-in/sub1', 'sub1', '//sp/id-in/sub1', 'cse-in/dev/requests/ipe', '/id-in/cse-in/dev/requests/ipe'])(
    'hears of its subscription, also when the CSE calls that %s',
    async (sur) => {
      notifications.add(own, hears('one'));
      notifications.add({ ri: 'sub2', address: 'cse-in/other/requests/ipe' }, hears('two'));
      expect(await rsc(event(sur))).toBe(2000);
      expect(await rsc({ 'm2m:sgn': { sud: true, sur } })).toBe(2000);
      expect(heard).toEqual(['one event', 'one deletion']);
    },
  );

  it('hears nothing more once it is taken away, and its end does not end what came after it', async () => {
    const end = notifications.add(own, hears('one'));
    const endLater = notifications.add(own, hears('two'));
    end();
    expect(await rsc(event('sub1'))).toBe(2000);
    expect(heard).toEqual(['two event']);
    endLater();
    expect(await rsc(event('sub1'))).toBe(4004);
    expect(notifications.names).toBe(0);
  });

  it('TS-0004 8.2.5: hears each of a batch, and none when one of them is not ours', async () => {
    notifications.add(own, hears('one'));
    const good = event('sub1');
    expect(await rsc({ 'm2m:agn': { 'm2m:sgn': [good['m2m:sgn'], good['m2m:sgn']] } })).toBe(2000);
    expect(heard).toEqual(['one event', 'one event']);
    expect(await rsc({ 'm2m:agn': { 'm2m:sgn': [good['m2m:sgn'], event('sub9')['m2m:sgn']] } })).toBe(4004);
    expect(heard).toHaveLength(2);
    expect(notifications.counters.accepted).toBe(1);
  });

  it('may keep the CSE waiting and answer with content', async () => {
    let answer: (value: { rsc: number; pc: unknown }) => void = () => undefined;
    notifications.add(own, () => new Promise((resolve) => (answer = resolve)));
    const asked = post(event('sub1'));
    await Promise.resolve();
    answer({ rsc: 2000, pc: { 'm2m:cin': { con: 7 } } });
    expect(await asked).toEqual({ rsc: 2000, body: '{"m2m:cin":{"con":7}}' });
    expect(timers).toEqual([]);
  });

  it('that answers with a refusal, fails or is late costs its own notification alone', async () => {
    notifications.add(own, async () => ({ rsc: 4103 }));
    expect(await rsc(event('sub1'))).toBe(4103);
    notifications.add(own, () => Promise.reject(new Error('broken')));
    expect(await rsc(event('sub1'))).toBe(5000);
    notifications.add(own, () => new Promise(() => undefined));
    const late = rsc(event('sub1'));
    await Promise.resolve();
    timers.at(0)?.();
    expect(await late).toBe(4008);
    expect(refused()).toEqual({ unanswered: 2 });
  });

  it('cannot keep more waiting than is allowed', async () => {
    const waiting: (() => void)[] = [];
    notifications.add(own, () => new Promise((resolve) => waiting.push(() => resolve({ rsc: 2000 }))));
    const asked = [rsc(event('sub1')), rsc(event('sub1')), rsc(event('sub1'))];
    expect(await asked[2]).toBe(5103);
    for (const answer of waiting) answer();
    expect(await Promise.all(asked)).toEqual([2000, 2000, 5103]);
    expect(refused()).toEqual({ busy: 1 });
  });
});
