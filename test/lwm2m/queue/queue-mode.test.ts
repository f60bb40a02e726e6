import { describe, expect, test } from 'vitest';
import { parsePath } from '../../../lwm2m/index.ts';
import { connect } from '../operation/bench-of-devices.ts';
import type { Script } from '../operation/scripted-device.ts';
import { execute, giveUp, registerSleepy, sleepy, texts, turn, until, write } from './sleepy-devices.ts';

const DONE = { kind: 'success', code: '2.04' };
const SILENT: Script = () => undefined;
const FORMATS = '</>;rt="oma.lwm2m";ct="110 11542",</3/0>,</3303/0>';
const TRIAL = { limits: { operation: { trialTimeout: 20_000 } } };

describe('operations for a device that sleeps', () => {
  test('are sent in order, one by one, when it wakes; what has expired by then is not', async () => {
    const { clock, device, ask, fallAsleep, quiet } = await sleepy(SILENT);
    fallAsleep();
    const [first, second, third] = [
      ask(execute('1')),
      ask(execute('2'), { deadline: 60_000 }),
      ask(execute('3'), { deadline: 600_000 }),
    ];
    await quiet();
    expect(device.requests).toHaveLength(0);
    expect([first.states, second.states, third.states]).toEqual([['queued'], ['queued'], ['queued']]);
    clock.pass(60_250);
    expect(await second.outcome).toEqual({ kind: 'expired' });

    await device.update();
    await device.asked(1);
    await quiet();
    expect(texts(device)).toEqual(['1']);
    device.answer(device.requests[0]!, { code: '2.04' });
    expect(await first.outcome).toEqual(DONE);
    await device.asked(2);
    expect(texts(device)).toEqual(['1', '3']);
    device.answer(device.requests[1]!, { code: '2.04' });
    expect(await third.outcome).toEqual(DONE);
    expect([first.states, second.states, third.states]).toEqual([['queued', 'sent'], ['queued'], ['queued', 'sent']]);
  });

  test('are carried out at once while it is awake', async () => {
    const { ask } = await sleepy();
    const asked = ask(execute('1'));
    expect(await asked.outcome).toEqual(DONE);
    expect(asked.states).toEqual(['sent']);
  });

  test.each([
    ['LwM2M 1.0', ['lwm2m=1.0', 'b=UQ']],
    ['LwM2M 1.1', ['lwm2m=1.1', 'b=U', 'Q']],
    ['LwM2M 1.1 with the letter of 1.0', ['lwm2m=1.1', 'b=UQ']],
  ])('wait when it registered in queue mode as %s says', async (_, query) => {
    const { device, ask, fallAsleep, quiet } = await sleepy(undefined, {}, { query });
    fallAsleep();
    const asked = ask(execute('1'));
    await quiet();
    expect(device.requests).toHaveLength(0);
    await device.update();
    expect(await asked.outcome).toEqual(DONE);
  });

  test('go before background work, whenever they were asked', async () => {
    const { device, ask, fallAsleep } = await sleepy();
    fallAsleep();
    const background = ask(execute('9'), { urgency: 'background' });
    ask(execute('1'));
    await device.update();
    await background.outcome;
    expect(texts(device)).toEqual(['1', '9']);
  });

  test('can be called off while they wait', async () => {
    const { device, server, ask, fallAsleep, quiet } = await sleepy();
    fallAsleep();
    const controller = new AbortController();
    const asked = ask(execute('1'), { signal: controller.signal });
    controller.abort();
    expect(await asked.outcome).toEqual({ kind: 'cancelled' });
    await device.update();
    await quiet();
    expect(device.requests).toHaveLength(0);
    expect(server.counters.queueMode).toMatchObject({ waiting: 0, bytes: 0, queued: 1 });
  });

  test('are not harmed by a caller that throws when told of a state', async () => {
    const { device, ask, fallAsleep } = await sleepy();
    fallAsleep();
    const asked = ask(execute('1'), {
      onState: () => {
        throw new RangeError('no');
      },
    });
    await device.update();
    expect(await asked.outcome).toEqual(DONE);
  });

  test('are called off when the server stops', async () => {
    const { server, ask, fallAsleep } = await sleepy();
    fallAsleep();
    const asked = ask(execute('1'));
    await server.stop(0);
    expect(await asked.outcome).toEqual({ kind: 'cancelled' });
  });
});

describe('a request without answer', () => {
  test('goes back to its place and is sent again when the device wakes', async () => {
    const { clock, server, device, ask, quiet } = await sleepy(SILENT);
    const first = ask(execute('1'));
    const second = ask(execute('2'));
    await device.asked(1);
    await giveUp(clock, server);
    const late = ask(execute('3'));
    await quiet();
    expect(texts(device)).toEqual(['1']);
    expect(first.settled).toBeUndefined();
    device.script = () => ({ code: '2.04' });
    await device.update();
    await late.outcome;
    expect(texts(device)).toEqual(['1', '1', '2', '3']);
    expect([first.states, second.states]).toEqual([
      ['sent', 'queued', 'sent'],
      ['queued', 'sent'],
    ]);
    expect(server.counters.queueMode).toMatchObject({ putBack: 1, waiting: 0, bytes: 0 });
  });

  test('means that the device sleeps, long before its window is over', async () => {
    const { clock, server, device, ask } = await sleepy(SILENT, { transmission: { ackTimeout: 100 } });
    ask(execute('1'));
    await device.asked(1);
    clock.pass(5_000);
    await until(() => server.presence('sleepy') === 'asleep');
  });

  test('is given up after the set number of attempts, and the next takes its turn', async () => {
    const script: Script = ({ payload }) => (String(payload) === '1' ? undefined : { code: '2.04' });
    const { clock, server, device, ask } = await sleepy(script, { queueMode: { attempts: 2 } });
    const first = ask(execute('1'));
    await device.asked(1);
    await giveUp(clock, server);
    const second = ask(execute('2'));
    await device.update();
    await device.asked(2);
    await giveUp(clock, server);
    expect(await first.outcome).toEqual({ kind: 'timeout' });
    await device.update();
    expect(await second.outcome).toEqual(DONE);
  });

  test('is sent anew at once when the device was heard meanwhile', async () => {
    const { clock, server, device, ask } = await sleepy(SILENT);
    const asked = ask(execute('1'));
    await device.asked(1);
    clock.pass(40_000);
    await device.update();
    await turn();
    device.script = () => ({ code: '2.04' });
    clock.pass(60_000);
    expect(await asked.outcome).toEqual(DONE);
    expect(server.presence('sleepy')).toBe('awake');
    expect(texts(device)).toEqual(['1', '1']);
  });

  test('has the outcome timeout, not expired, when its deadline passes after it was sent', async () => {
    const { clock, server, device, ask } = await sleepy(SILENT);
    const asked = ask(execute('1'), { deadline: 600_000 });
    await device.asked(1);
    await giveUp(clock, server);
    clock.pass(600_000);
    expect(await asked.outcome).toEqual({ kind: 'timeout' });
  });

  test('in a format that the device may not know does not say that it sleeps: it is asked in another', async () => {
    const script: Script = ({ accept }) => (accept === 110 ? undefined : { code: '2.05', payload: '7', format: 0 });
    const { clock, server, device, ask } = await sleepy(script, TRIAL, { links: FORMATS });
    const asked = ask({ type: 'read', path: parsePath('/3303/0/5700') });
    await device.asked(1);
    clock.pass(20_000);
    expect(await asked.outcome).toMatchObject({ kind: 'success' });
    expect(server.presence('sleepy')).toBe('awake');
  });

  test('is not followed by another of the same operation when the window has passed meanwhile', async () => {
    const options = { ...TRIAL, queueMode: { awakeWindow: 5_000 } };
    const { clock, server, device, ask, quiet } = await sleepy(SILENT, options, { links: FORMATS });
    const asked = ask({ type: 'read', path: parsePath('/3303/0/5700') });
    await device.asked(1);
    clock.pass(20_000);
    await until(() => server.counters.queueMode.waiting === 1);
    await quiet();
    expect([device.requests.length, server.presence('sleepy')]).toEqual([1, 'asleep']);
    device.script = () => ({ code: '2.05', payload: '7', format: 0 });
    await device.update();
    expect(await asked.outcome).toMatchObject({ kind: 'success' });
  });

  test('that was answered with an error does not go back', async () => {
    const { device, ask, fallAsleep } = await sleepy(() => ({ code: '5.00' }));
    fallAsleep();
    const asked = ask(execute('1'));
    await device.update();
    expect(await asked.outcome).toEqual({ kind: 'refused', code: '5.00' });
    expect(device.requests).toHaveLength(1);
  });

  test('that was reset does not go back', async () => {
    const { ask, device } = await sleepy(() => ({ how: 'reset' }));
    expect(await ask(execute('1')).outcome).toEqual({ kind: 'reset' });
    expect(device.requests).toHaveLength(1);
  });

  test('to end an observation does not go back: what is forgotten here is reset', async () => {
    const { clock, server, device, ask } = await sleepy(() => ({ code: '2.05', payload: '1', format: 0, observe: 1 }));
    const path = parsePath('/3303/0/5700');
    expect(await ask({ type: 'observe', path }).outcome).toMatchObject({ kind: 'success', observing: true });
    device.script = SILENT;
    const asked = ask({ type: 'cancel-observe', path });
    await device.asked(2);
    await giveUp(clock, server);
    expect(await asked.outcome).toEqual({ kind: 'timeout' });
  });
});

describe('Writes of which only the last counts', () => {
  const latest = { coalesce: true };

  test('supersede earlier ones to the same path, and overtake nothing', async () => {
    const { device, ask, fallAsleep } = await sleepy();
    fallAsleep();
    const old = ask(write('/3/0/15', 'UTC'), latest);
    ask(execute('1'));
    const other = ask(write('/3/0/14', '+01:00'), latest);
    const last = ask(write('/3/0/15', 'Europe/Berlin'), latest);
    expect(await old.outcome).toEqual({ kind: 'superseded' });
    await device.update();
    expect(await last.outcome).toEqual(DONE);
    expect(await other.outcome).toEqual(DONE);
    expect(device.requests.map(({ path }) => path)).toEqual(['/3/0/4', '/3/0/14', '/3/0/15']);
  });

  test('supersede nothing that did not ask for it', async () => {
    const { device, ask, fallAsleep } = await sleepy();
    fallAsleep();
    const all = [ask(write('/3/0/15', 'a')), ask(write('/3/0/15', 'b'), latest), ask(write('/3/0/15', 'c'))];
    await device.update();
    expect(await Promise.all(all.map(({ outcome }) => outcome))).toEqual([DONE, DONE, DONE]);
  });

  test('in part supersede only what they write again', async () => {
    const { device, ask, fallAsleep } = await sleepy();
    const part = (...ids: number[]) =>
      ({
        type: 'write',
        path: parsePath('/3/0'),
        mode: 'partial',
        nodes: ids.map((id) => ({ path: parsePath(`/3/0/${id}`), value: 'x' })),
      }) as const;
    fallAsleep();
    const a = ask(part(15), latest);
    const b = ask(part(14), latest);
    const c = ask(part(14, 15), latest);
    expect(await Promise.all([a.outcome, b.outcome])).toEqual([{ kind: 'superseded' }, { kind: 'superseded' }]);
    const d = ask(part(14), latest);
    await device.update();
    expect(await Promise.all([c.outcome, d.outcome])).toEqual([DONE, DONE]);
  });

  test('find room where what they supersede had it', async () => {
    const { device, ask, fallAsleep } = await sleepy(undefined, { queueMode: { operationsPerDevice: 1 } });
    fallAsleep();
    const old = ask(write('/3/0/15', 'a'), latest);
    const last = ask(write('/3/0/15', 'b'), latest);
    await device.update();
    expect(await Promise.all([old.outcome, last.outcome])).toEqual([{ kind: 'superseded' }, DONE]);
  });
});

describe('what waits is bounded', () => {
  const TOO_MANY = { kind: 'invalid', reason: 'too many operations wait for the device' };

  test('in number, 100 for a device where nothing else is said', async () => {
    const { device, server, ask, fallAsleep } = await sleepy();
    fallAsleep();
    const all = Array.from({ length: 101 }, (_, number) => ask(execute(String(number % 10))));
    expect(await all[100]!.outcome).toEqual(TOO_MANY);
    expect(server.counters.queueMode.waiting).toBe(100);
    await device.update();
    await Promise.all(all.slice(0, 100).map(({ outcome }) => expect(outcome).resolves.toEqual(DONE)));
    expect(server.counters.queueMode).toMatchObject({ waiting: 0, bytes: 0 });
  });

  test('in bytes', async () => {
    const { server, ask, fallAsleep } = await sleepy(undefined, { queueMode: { bytesPerDevice: 10_000 } });
    fallAsleep();
    const path = parsePath('/5/0/0');
    const image = { type: 'write', path, mode: 'replace', nodes: [{ path, value: Buffer.alloc(6_000) }] } as const;
    const first = ask(image);
    expect(await ask(image).outcome).toEqual(TOO_MANY);
    expect(first.settled).toBeUndefined();
    expect(server.counters.queueMode.bytes).toBeGreaterThan(6_000);
  });

  test('over all devices', async () => {
    const { ask, fallAsleep } = await sleepy(undefined, { queueMode: { operationsInAll: 2 } });
    fallAsleep();
    ask(execute('1'));
    ask(execute('2'));
    expect(await ask(execute('3')).outcome).toEqual({ kind: 'invalid', reason: 'too many operations wait' });
  });

  test('in timers: their deadlines share one', async () => {
    const { clock, ask, fallAsleep } = await sleepy();
    fallAsleep();
    const before = clock.running;
    const all = Array.from({ length: 100 }, (_, number) => ask(execute('1'), { deadline: 1_000 + number * 1_000 }));
    expect(clock.running).toBeLessThanOrEqual(before + 1);
    clock.pass(101_000 + 250);
    const outcomes = await Promise.all(all.map(({ outcome }) => outcome));
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['expired']));
  });
});

describe('when the registration', () => {
  test('ends by De-register, what waits ends as gone', async () => {
    const { device, server, ask, fallAsleep } = await sleepy();
    fallAsleep();
    const asked = ask(execute('1'));
    await device.deregister();
    expect(await asked.outcome).toEqual({ kind: 'gone' });
    expect(server.presence('sleepy')).toBeUndefined();
    expect(server.counters.queueMode).toMatchObject({ awake: 0, asleep: 0, waiting: 0, bytes: 0 });
  });

  test('ends by its lifetime, what waits ends as gone', async () => {
    const { clock, server, ask, fallAsleep } = await sleepy();
    fallAsleep();
    const asked = ask(execute('1'));
    clock.pass(86_400_000);
    expect(await asked.outcome).toEqual({ kind: 'gone' });
    expect(server.counters.queueMode).toMatchObject({ awake: 0, asleep: 0, waiting: 0, bytes: 0 });
  });

  test('is replaced by another of the endpoint, what waits is kept, unless nothing is at its path any more', async () => {
    const { device, ask, fallAsleep } = await sleepy(undefined, {}, { links: '</3/0>,</3303/0>,</3303/1>' });
    fallAsleep();
    const there = ask(execute('1'));
    const left = ask(write('/3303/1/5601', 1));
    await registerSleepy(device, { links: '</3/0>,</3303/0>' });
    expect(await left.outcome).toEqual({ kind: 'gone' });
    expect(await there.outcome).toEqual(DONE);
    expect(texts(device)).toEqual(['1']);
  });

  test('is replaced while a request is under way, that goes back and is sent after the answer', async () => {
    const { device, ask } = await sleepy(SILENT);
    const asked = ask(execute('1'));
    await device.asked(1);
    device.script = () => ({ code: '2.04' });
    await registerSleepy(device);
    expect(await asked.outcome).toEqual(DONE);
    expect(asked.states).toEqual(['sent', 'queued', 'sent']);
    expect(texts(device)).toEqual(['1', '1']);
  });

  test('leaves queue mode by an Update, what waits is sent, and nothing waits after', async () => {
    const { clock, device, server, ask, fallAsleep } = await sleepy(undefined, {}, { query: ['lwm2m=1.0', 'b=UQ'] });
    fallAsleep();
    const asked = ask(execute('1'));
    await device.update(['b=U']);
    expect(await asked.outcome).toEqual(DONE);
    clock.pass(1_000_000);
    expect(server.presence('sleepy')).toBe('awake');
    expect(await ask(execute('2')).outcome).toEqual(DONE);
    expect(server.counters.queueMode).toMatchObject({ awake: 0, asleep: 0 });
  });

  test('comes from another address, what waits is sent there', async () => {
    const { port, device, ask, fallAsleep } = await sleepy();
    fallAsleep();
    const asked = ask(execute('1'));
    const moved = await connect(port, () => ({ code: '2.04' }));
    moved.location = device.location;
    await moved.update();
    expect(await asked.outcome).toEqual(DONE);
    expect([device.requests.length, moved.requests.length]).toEqual([0, 1]);
  });
});
