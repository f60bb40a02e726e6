import { describe, expect, test } from 'vitest';
import { parsePath, type Refusal } from '../../../lwm2m/index.ts';
import { connect } from '../operation/bench-of-devices.ts';
import { content } from '../operation/scripted-device.ts';
import { AWAKE_WINDOW, execute, GRAIN, registerSleepy, sleepy, turn, until } from './sleepy-devices.ts';

const DONE = { kind: 'success', code: '2.04' };
const SENML_JSON = 110;
const VALUE = '[{"n":"/3303/0/5700","v":1}]';

describe('a device in queue mode is awake', () => {
  test('for 93 seconds after its Register, not less', async () => {
    const { clock, server } = await sleepy();
    clock.pass(AWAKE_WINDOW - 1);
    expect(server.presence('sleepy')).toBe('awake');
    clock.pass(1);
    expect(server.presence('sleepy')).toBe('asleep');
  });

  test('anew after every Update, Send, notification and answer', async () => {
    const { clock, server, device, ask } = await sleepy(
      ({ method }) => (method === 'GET' ? content('1', 0, 1) : { code: '2.04' }),
      { report: () => undefined },
    );
    expect(await ask({ type: 'observe', path: parsePath('/3303/0/5700') }).outcome).toMatchObject({ observing: true });
    const { token } = device.requests[0]!;
    const signs: (() => Promise<unknown>)[] = [
      () => device.update(),
      () => device.send(SENML_JSON, VALUE),
      () => device.notify(token, { ...content('2', 0, 2) }),
      () => ask(execute('1')).outcome,
      () => device.ask('GET', '.well-known/core', {}),
    ];
    for (const sign of signs) {
      clock.pass(AWAKE_WINDOW - 1_000);
      expect(server.presence('sleepy')).toBe('awake');
      await sign();
      await turn();
      await turn();
    }
    clock.pass(AWAKE_WINDOW - 1);
    expect(server.presence('sleepy')).toBe('awake');
    clock.pass(1);
    expect(server.presence('sleepy')).toBe('asleep');
  });

  test('when an Update of it was refused: it has spoken all the same', async () => {
    const refusal: Refusal = { code: '5.03' };
    const { device, ask, fallAsleep } = await sleepy(undefined, {}, {}, { update: () => refusal });
    fallAsleep();
    const asked = ask(execute('1'));
    expect(await device.update()).toBe('5.03');
    expect(await asked.outcome).toEqual(DONE);
  });

  test('as long as a request to it is under way', async () => {
    const { clock, server, device, ask, quiet } = await sleepy(() => ({ how: 'empty' }), {
      transmission: { replyTimeout: 200_000 },
    });
    const asked = ask(execute('1'));
    await device.asked(1);
    await quiet();
    clock.pass(AWAKE_WINDOW + GRAIN);
    expect(server.presence('sleepy')).toBe('awake');
    device.answer(device.requests[0]!, { code: '2.04', how: 'non' });
    expect(await asked.outcome).toEqual(DONE);
    expect(server.presence('sleepy')).toBe('awake');
  });

  test('for as long as is set', async () => {
    const { clock, server } = await sleepy(undefined, { queueMode: { awakeWindow: 5_000 } });
    clock.pass(4_999);
    expect(server.presence('sleepy')).toBe('awake');
    clock.pass(1);
    expect(server.presence('sleepy')).toBe('asleep');
  });

  test('for as long as is set for it alone; a setting that is none does no harm', async () => {
    const own: Record<string, number> = { quick: 1_000, odd: Number.NaN, negative: -1 };
    const { clock, server, port } = await sleepy(undefined, {
      queueMode: {
        awakeWindowOf: ({ endpoint }) => {
          if (endpoint === 'broken') throw new RangeError('no');
          return own[endpoint];
        },
      },
    });
    for (const endpoint of ['quick', 'odd', 'negative', 'broken']) {
      await registerSleepy(await connect(port), { endpoint });
      await until(() => server.presence(endpoint) === 'awake');
    }
    clock.pass(1_000);
    const states = () => ['sleepy', 'quick', 'odd', 'negative', 'broken'].map((one) => server.presence(one));
    expect(states()).toEqual(['awake', 'asleep', 'awake', 'awake', 'awake']);
    clock.pass(AWAKE_WINDOW);
    expect(new Set(states())).toEqual(new Set(['asleep']));
  });
});

describe('a device that sleeps', () => {
  test.each(['a Send', 'a notification', 'a ping'])('wakes by %s too', async (what) => {
    const { device, ask, fallAsleep } = await sleepy(
      ({ method }) => (method === 'GET' ? content('1', 0, 1) : { code: '2.04' }),
      { report: () => undefined },
    );
    await ask({ type: 'observe', path: parsePath('/3303/0/5700') }).outcome;
    fallAsleep();
    const asked = ask(execute('1'));
    if (what === 'a ping') device.raw({ code: '0.00', confirmable: true, messageId: 0x7001 });
    else if (what === 'a Send') expect(await device.send(SENML_JSON, VALUE)).toMatchObject({ code: '2.04' });
    else expect(await device.notify(device.requests[0]!.token, content('2', 0, 2))).toBe(true);
    expect(await asked.outcome).toEqual(DONE);
  });

  test('is asked nothing before its Update is answered, however long that takes', async () => {
    let accept: (() => void) | undefined;
    const order: string[] = [];
    const { device, server, ask, fallAsleep, quiet } = await sleepy(
      () => {
        order.push('request');
        return { code: '2.04' };
      },
      {},
      {},
      {
        update: (registration) =>
          registration.endpoint === 'sleepy'
            ? new Promise((resolve) => {
                accept = () => resolve(undefined);
              })
            : undefined,
      },
    );
    fallAsleep();
    const asked = ask(execute('1'));
    const answered = device.update().then(() => order.push('answer'));
    await until(() => accept !== undefined);
    await quiet();
    expect(server.presence('sleepy')).toBe('asleep');
    accept!();
    await answered;
    expect(await asked.outcome).toEqual(DONE);
    expect(order).toEqual(['answer', 'request']);
  });

  test('is asked nothing before its Register is answered', async () => {
    const order: string[] = [];
    const { device, ask, fallAsleep } = await sleepy(() => {
      order.push('request');
      return { code: '2.04' };
    });
    fallAsleep();
    const asked = ask(execute('1'));
    await registerSleepy(device).then(() => order.push('answer'));
    expect(await asked.outcome).toEqual(DONE);
    expect(order).toEqual(['answer', 'request']);
  });

  test('is not woken by another that writes to its registration and is refused', async () => {
    const { port, device, server, fallAsleep } = await sleepy(undefined, {}, {}, { update: () => ({ code: '4.00' }) });
    fallAsleep();
    const stranger = await connect(port);
    stranger.location = device.location;
    expect(await stranger.update()).toBe('4.00');
    await turn();
    expect(server.presence('sleepy')).toBe('asleep');
  });
});

describe('a device without queue mode', () => {
  test('never sleeps: after hours of silence it is asked at once, and a timeout is an outcome', async () => {
    const { clock, server, port } = await sleepy();
    const plain = await connect(port, () => ({ code: '2.04' }));
    await plain.register({ endpoint: 'plain', lifetime: 86_400 });
    clock.pass(7_200_000);
    expect(server.presence('plain')).toBe('awake');
    expect(await server.perform('plain', execute('1'))).toEqual(DONE);
    plain.script = () => undefined;
    const silent = server.perform('plain', execute('2'));
    await plain.asked(2);
    clock.pass(AWAKE_WINDOW);
    expect(await silent).toEqual({ kind: 'timeout' });
    expect(server.counters.queueMode.queued).toBe(0);
  });
});
