import { describe, expect, test } from 'vitest';
import type { CoapResponse } from '../../../lwm2m/index.ts';
import { Desk, FOUR_LINKS, peer, post, settled } from './desk.ts';

/** A desk whose handler answers when the test says so, with `a` registered by `answers[0]`. */
async function slowDesk() {
  const desk = new Desk({ slow: true });
  const reply = desk.service.register(post(['ep=a', 'lt=60'], { payload: FOUR_LINKS }));
  await desk.calls[0]!.answer();
  const { locationPath } = await reply;
  return { desk, id: locationPath![1]! };
}

describe('operations of one endpoint', () => {
  test('are handled one at a time and answered in order', async () => {
    const { desk, id } = await slowDesk();
    const order: string[] = [];
    const watch = (name: string, reply: CoapResponse | Promise<CoapResponse>) =>
      void Promise.resolve(reply).then(({ code }) => order.push(`${name} ${code}`));
    watch('first', desk.service.update(id, post(['lt=70'])));
    watch('second', desk.service.update(id, post(['lt=80'])));
    watch('third', desk.service.deregister(id));
    await settled();
    expect(desk.story).toEqual(['register a', 'update a']);
    await desk.calls[1]!.answer();
    expect([order, desk.calls.length]).toEqual([['first 2.04'], 3]);
    expect(desk.calls[2]).toMatchObject({ registration: { lifetime: 80 }, previous: { lifetime: 70 } });
    await desk.calls[2]!.answer();
    await desk.calls[3]!.answer();
    expect(order).toEqual(['first 2.04', 'second 2.04', 'third 2.02']);
    expect(desk.story).toEqual(['register a', 'update a', 'update a', 'deregister a']);
  });

  test('leave in the order they came also when the handler answers the later ones at once', async () => {
    let calls = 0;
    let release: () => void = () => {};
    const slow = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    const desk = new Desk({ handler: { update: () => (calls++ === 0 ? slow : undefined) } });
    const id = desk.register('a');
    const order: number[] = [];
    for (let i = 0; i < 5; i += 1) void Promise.resolve(desk.service.update(id, post([]))).then(() => order.push(i));
    release();
    await settled();
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  test('do not wait for another endpoint', async () => {
    const { desk } = await slowDesk();
    const first = desk.service.register(post(['ep=slow']));
    const second = desk.service.register(post(['ep=quick']));
    await desk.calls[2]!.answer();
    expect((await second).code).toBe('2.01');
    expect(desk.registrations.byEndpoint('slow')).toBeUndefined();
    await desk.calls[1]!.answer();
    expect((await first).code).toBe('2.01');
  });

  test('a client that gave up and registers again comes after its first Register, which it replaces', async () => {
    const desk = new Desk({ slow: true });
    const first = desk.service.register(post(['ep=a'], { payload: FOUR_LINKS }));
    const second = desk.service.register(post(['ep=a'], { payload: FOUR_LINKS, port: 5001 }));
    expect(desk.calls).toHaveLength(1);
    await desk.calls[0]!.answer();
    const firstId = (await first).locationPath![1]!;
    expect(desk.calls[1]?.previous?.id).toBe(firstId);
    await desk.calls[1]!.answer();
    const secondId = (await second).locationPath![1]!;
    expect(desk.registrations.get(firstId)).toBeUndefined();
    expect(desk.registrations.get(secondId)).toMatchObject({ endpoint: 'a', peer: peer(5001) });
    expect(desk.registrations.size).toBe(1);
  });

  test('a Register that was refused leaves the one that waited behind it a fresh start', async () => {
    const desk = new Desk({ slow: true });
    const first = desk.service.register(post(['ep=a']));
    const second = desk.service.register(post(['ep=a']));
    await desk.calls[0]!.answer({ code: '5.03' });
    expect((await first).code).toBe('5.03');
    expect(desk.calls[1]?.previous).toBeUndefined();
    await desk.calls[1]!.answer();
    expect((await second).code).toBe('2.01');
    expect(desk.registrations.byEndpoint('a')?.id).toBe((await second).locationPath?.[1]);
  });

  test('an Update or De-register that waited behind a Register finds its path gone: 4.04', async () => {
    const { desk, id } = await slowDesk();
    const register = desk.service.register(post(['ep=a']));
    const update = desk.service.update(id, post([]));
    const deregister = desk.service.deregister(id);
    await desk.calls[1]!.answer();
    expect((await Promise.all([register, update, deregister])).map(({ code }) => code)).toEqual([
      '2.01',
      '4.04',
      '4.04',
    ]);
    expect(desk.story).toEqual(['register a', 'register a']);
    expect(desk.registrations.size).toBe(1);
  });

  test('an Update that waited behind a refused Register finds its registration', async () => {
    const { desk, id } = await slowDesk();
    const register = desk.service.register(post(['ep=a']));
    const update = desk.service.update(id, post([]));
    await desk.calls[1]!.answer({ code: '4.03' });
    await desk.calls[2]!.answer();
    expect([(await register).code, (await update).code]).toEqual(['4.03', '2.04']);
  });

  test('an Update during a De-register is answered 4.04 at once, a Register waits for its end', async () => {
    const { desk, id } = await slowDesk();
    const deregister = desk.service.deregister(id);
    expect(desk.codeOf(desk.service.update(id, post([])))).toBe('4.04');
    const register = desk.service.register(post(['ep=a']));
    expect(desk.calls).toHaveLength(2);
    await desk.calls[1]!.answer();
    expect(desk.calls[2]).toMatchObject({ operation: 'register', previous: undefined });
    await desk.calls[2]!.answer();
    expect([(await deregister).code, (await register).code]).toEqual(['2.02', '2.01']);
  });

  test('wait in a bounded queue: what is too much is refused with 5.03 and Max-Age', async () => {
    const desk = new Desk({ slow: true, limits: { waitingPerEndpoint: 2, retryAfter: 10 } });
    const replies = Array.from({ length: 5 }, () => desk.service.register(post(['ep=a'])));
    expect(replies.slice(3)).toEqual([
      { code: '5.03', maxAge: 15 },
      { code: '5.03', maxAge: 15 },
    ]);
    for (let i = 0; i < 3; i += 1) await desk.calls[i]!.answer();
    expect((await Promise.all(replies)).map(({ code }) => code)).toEqual(['2.01', '2.01', '2.01', '5.03', '5.03']);
  });

  test('that are under way for too many endpoints refuse more with 5.03 and Max-Age', async () => {
    const desk = new Desk({ slow: true, limits: { busy: 2 } });
    const replies = ['a', 'b', 'c'].map((ep) => desk.service.register(post([`ep=${ep}`])));
    expect(desk.codeOf(replies[2]!)).toBe('5.03');
    await desk.calls[0]!.answer();
    desk.service.register(post(['ep=c']));
    expect(desk.story).toEqual(['register a', 'register b', 'register c']);
  });
});

describe('a lifetime that ends while its endpoint is busy', () => {
  test('ends nothing if the Update under way is accepted', async () => {
    const { desk, id } = await slowDesk();
    desk.clock.pass(59_000);
    const update = desk.service.update(id, post([]));
    desk.clock.pass(10_000);
    expect(desk.story).toEqual(['register a', 'update a']);
    await desk.calls[1]!.answer();
    expect((await update).code).toBe('2.04');
    desk.clock.pass(59_000);
    expect(desk.registrations.size).toBe(1);
    desk.clock.pass(1_500);
    expect(desk.story).toEqual(['register a', 'update a', 'expire a']);
  });

  test('ends the registration when the Update is refused', async () => {
    const { desk, id } = await slowDesk();
    desk.clock.pass(59_000);
    const update = desk.service.update(id, post([]));
    desk.clock.pass(10_000);
    await desk.calls[1]!.answer({ code: '4.00' });
    expect((await update).code).toBe('4.00');
    expect(desk.story).toEqual(['register a', 'update a', 'expire a']);
    expect(desk.registrations.size).toBe(0);
  });

  test('ends nothing while another Update of it waits', async () => {
    const { desk, id } = await slowDesk();
    desk.clock.pass(59_000);
    const first = desk.service.update(id, post([]));
    const second = desk.service.update(id, post([]));
    desk.clock.pass(10_000);
    await desk.calls[1]!.answer({ code: '4.00' });
    await desk.calls[2]!.answer();
    expect([(await first).code, (await second).code]).toEqual(['4.00', '2.04']);
    expect(desk.story).not.toContain('expire a');
  });

  test('ends nothing when a Register over it is accepted, and what it replaces when that is refused', async () => {
    for (const refusal of [undefined, { code: '4.03' as const }]) {
      const { desk } = await slowDesk();
      desk.clock.pass(59_000);
      const register = desk.service.register(post(['ep=a']));
      desk.clock.pass(10_000);
      await desk.calls[1]!.answer(refusal);
      await register;
      expect(desk.story.includes('expire a')).toBe(refusal !== undefined);
    }
  });

  test('an expiry under way holds back a Register of the endpoint, which then starts afresh', async () => {
    const { desk, id } = await slowDesk();
    desk.clock.pass(61_000);
    expect(desk.registrations.size).toBe(0);
    const register = desk.service.register(post(['ep=a']));
    expect(desk.codeOf(desk.service.update(id, post([])))).toBe('4.04');
    expect(desk.story).toEqual(['register a', 'expire a']);
    await desk.calls[1]!.answer();
    expect(desk.calls[2]).toMatchObject({ operation: 'register', previous: undefined });
    await desk.calls[2]!.answer();
    expect((await register).code).toBe('2.01');
  });
});

describe('a handler that fails', () => {
  const failing = () => {
    throw new Error('no\nluck: secret');
  };

  test.each([
    ['throws', failing],
    ['rejects', async () => failing()],
  ])('%s: 5.00 without text, the registration as it was, and a line in the log', async (_how, fail) => {
    const desk = new Desk();
    const id = desk.register('a', ['lt=60']);
    const before = desk.registrations.get(id)!;
    const broken = new Desk({ handler: { register: fail, update: fail, deregister: fail } });
    expect(await broken.service.register(post(['ep=b']))).toEqual({ code: '5.00' });
    await settled();
    expect([broken.registrations.size, broken.logged.length, broken.service.counters.handlerFailures]).toEqual([
      0, 1, 1,
    ]);
    expect(broken.logged[0]).toEqual({ operation: 'register', endpoint: 'b', error: 'no luck: secret' });

    desk.handler.update = fail;
    desk.handler.register = fail;
    expect(await desk.service.update(id, post(['lt=90']))).toEqual({ code: '5.00' });
    expect(await desk.service.register(post(['ep=a', 'lt=90']))).toEqual({ code: '5.00' });
    await settled();
    expect(desk.registrations.get(id)).toEqual(before);
    desk.handler.deregister = fail;
    expect(await desk.service.deregister(id)).toEqual({ code: '5.00' });
    await settled();
    expect([desk.registrations.size, desk.clock.running]).toEqual([0, 1]);
  });

  test('in expire is logged, and the registration has ended', async () => {
    for (const expire of [failing, async () => failing()]) {
      const desk = new Desk({ handler: { expire } });
      desk.register('a', ['lt=60']);
      desk.clock.pass(61_000);
      await settled();
      expect([desk.registrations.size, desk.logged.length]).toEqual([0, 1]);
      desk.register('a');
    }
  });

  test('does not hold up what waits behind', async () => {
    const { desk, id } = await slowDesk();
    const first = desk.service.update(id, post([]));
    const second = desk.service.update(id, post([]));
    await desk.calls[1]!.fail(new Error('x'));
    await desk.calls[2]!.answer();
    expect([(await first).code, (await second).code]).toEqual(['5.00', '2.04']);
  });
});

test('after close the handler is asked nothing more: what waits is refused with 5.03', async () => {
  const { desk, id } = await slowDesk();
  const first = desk.service.update(id, post([]));
  const waiting = [
    desk.service.update(id, post([])),
    desk.service.deregister(id),
    desk.service.register(post(['ep=a'])),
  ];
  desk.service.close();
  desk.clock.pass(100_000);
  await desk.calls[1]!.answer();
  expect((await first).code).toBe('2.04');
  expect((await Promise.all(waiting)).map(({ code }) => code)).toEqual(['5.03', '5.03', '5.03']);
  expect(desk.story).toEqual(['register a', 'update a']);
});
