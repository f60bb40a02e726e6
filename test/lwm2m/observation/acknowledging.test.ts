import { describe, expect, test } from 'vitest';
import { HeldClock } from '../../support/held-clock.ts';
import { pair } from '../operation/bench-of-devices.ts';
import type { Script, ServerRequest } from '../operation/scripted-device.ts';
import { observe, senml, tokenOf } from './observed-device.ts';

const WHOLE = JSON.stringify([
  { n: '/3303/0/5700', v: 21 },
  { n: '/3303/0/5701', vs: 'C'.repeat(30) },
]);
/** Block 0 or 1 of 64 bytes each, and the last (RFC 7959 2.2). */
const piece = (number: number) => ({
  code: '2.05',
  format: 110,
  payload: WHOLE.slice(number * 64, (number + 1) * 64),
  block2: (number << 4) | ((number + 1) * 64 < WHOLE.length ? 8 : 0) | 2,
});
const blockOf = ({ options, path }: ServerRequest) => path === '/3303/0' && options.includes('Block2');

/** A gate that somebody waits at, and that was not opened yet. */
function gate() {
  let open!: () => void;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

/** Says when a report came, and has taken it when that is let. */
const takes = (reported: ReturnType<typeof gate>, taken: ReturnType<typeof gate>) => ({
  report: () => {
    reported.open();
    return taken.passed;
  },
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Resolves with what of two comes first. */
const first = <A, B>(a: Promise<A>, b: Promise<B>) => Promise.race([a.then(() => 'a'), b.then(() => 'b')]);

describe('a confirmable message that brings values', () => {
  test('in blocks is acknowledged when all of it was taken', async () => {
    const taken = gate();
    const reported = gate();
    let asked = 0;
    const script: Script = (request) => {
      if (!blockOf(request)) return { code: '2.05', ...senml(0), observe: 1 };
      asked += 1;
      return piece(asked);
    };
    const { device, perform } = await pair(script, {}, takes(reported, taken));
    await perform(observe('/3303/0'));
    const acknowledged = device.notify(tokenOf(device.requests[0]), { ...piece(0), observe: 2 });
    expect(await first(acknowledged, reported.passed)).toBe('b');
    taken.open();
    expect(await acknowledged).toBe(true);
  });

  test('while its observation is asked for is acknowledged when it was taken, after the answer', async () => {
    const taken = gate();
    const reported = gate();
    const script: Script = ({ observe: wish }, { requests }) =>
      wish === 0 && requests.length > 1 ? { how: 'empty' } : { code: '2.05', ...senml(0), observe: 1 };
    const { device, perform } = await pair(script, {}, takes(reported, taken));
    await perform(observe('/3303/0'));
    // Asked for again: the answer comes separately, and in blocks, so that a notification can come between.
    let asked: ServerRequest | undefined;
    device.script = (request) => {
      if (!blockOf(request)) return { ...piece(0), observe: 2 };
      asked = request;
      return { how: 'nothing' };
    };
    const again = perform(observe('/3303/0'));
    await device.asked(3);
    const acknowledged = device.notify(tokenOf(device.requests[0]), { ...senml(22), observe: 3 });
    device.answer(asked as ServerRequest, piece(1));
    expect(await first(acknowledged, reported.passed)).toBe('b');
    expect((await again).kind).toBe('success');
    taken.open();
    expect(await acknowledged).toBe(true);
  });

  test('while its observation is asked for anew waits for the answer however long that takes', {
    timeout: 5_000,
  }, async () => {
    const clock = new HeldClock();
    const answers: Script = () => ({ code: '2.05', ...senml(0), observe: 1 });
    const { server, device, perform } = await pair(answers, {}, { report: () => {}, clock });
    await perform(observe('/3303/0'));
    device.script = () => ({ how: 'nothing' });
    const again = perform(observe('/3303/0'));
    await device.asked(2);
    const { received } = server.counters.coap;
    const acknowledged = device.notify(tokenOf(device.requests[0]), { ...senml(22), observe: 2 });
    while (server.counters.coap.received === received) await turn();
    // Longer than a device is left alone that may serve nothing before it is acknowledged.
    clock.pass(4_000);
    for (let turns = 0; turns < 50; turns += 1) await turn();
    expect(await first(acknowledged, turn())).toBe('b');
    device.answer(device.requests[1] as ServerRequest, { code: '2.05', ...senml(0), observe: 3 });
    expect((await again).kind).toBe('success');
    await turn();
    clock.pass(1);
    expect(await acknowledged).toBe(true);
  });

  test('as a separate answer to an Observe is acknowledged when what came before is durable', async () => {
    const kept = gate();
    const asked = gate();
    const { device, perform } = await pair(
      () => ({ how: 'empty' }),
      {},
      {
        report: () => undefined,
        durable: () => {
          asked.open();
          return kept.passed;
        },
      },
    );
    const answer = perform(observe('/3303/0'));
    await device.asked(1);
    const acknowledged = device.notify(tokenOf(device.requests[0]), { ...senml(21), observe: 1 });
    expect((await answer).kind).toBe('success');
    expect(await first(acknowledged, asked.passed)).toBe('b');
    kept.open();
    expect(await acknowledged).toBe(true);
  });
});

test('an observation that is asked for again is not relied on by a later run until the device has answered', async () => {
  const told: string[] = [];
  const observationKeeper = { began: () => void told.push('began'), ended: () => void told.push('ended') };
  const { device, perform } = await pair(() => ({ code: '2.05', ...senml(0), observe: 1 }), {}, { observationKeeper });
  await perform(observe('/3303/0'));
  expect(told).toEqual(['began']);
  device.script = () => {
    told.push('asked');
    return { code: '2.05', ...senml(0), observe: 2 };
  };
  await perform(observe('/3303/0'));
  expect(told).toEqual(['began', 'ended', 'asked', 'began']);
  device.script = () => ({ how: 'nothing' });
  expect((await perform(observe('/3303/0'), { deadline: 50 })).kind).toBe('timeout');
  while (told.length < 6) await new Promise((resolve) => setImmediate(resolve));
  expect(told.slice(4)).toEqual(['ended', 'began']);
  expect(device.requests.every(({ token }) => token.equals(tokenOf(device.requests[0])))).toBe(true);
});
