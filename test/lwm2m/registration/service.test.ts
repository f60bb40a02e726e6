import { describe, expect, test } from 'vitest';
import type { CoapResponse, ObjectLinks } from '../../../lwm2m/index.ts';
import { Desk, FOUR_LINKS, peer, post } from './desk.ts';

describe('Register (LwM2M 1.0 5.3.1)', () => {
  test('is answered 2.01 with the path of the registration', () => {
    const desk = new Desk();
    const response = desk.service.register(post(['ep=a'], { payload: FOUR_LINKS })) as CoapResponse;
    expect(response).toMatchObject({ code: '2.01', locationPath: ['rd', expect.stringMatching(/^[\w-]{22}$/)] });
    expect(desk.registrations.byEndpoint('a')?.id).toBe(response.locationPath?.[1]);
  });

  test('takes defaults for what is not sent: 86400 s, version 1.0, binding U', () => {
    const desk = new Desk();
    const id = desk.register('a', [], { payload: '</3/0>', port: 7000 });
    expect(desk.registrations.get(id)).toEqual({
      id,
      endpoint: 'a',
      peer: peer(7000),
      lifetime: 86_400,
      version: '1.0',
      binding: 'U',
      queueMode: false,
      objectLinks: {
        rootPath: '/',
        contentFormats: [],
        contentFormatNames: [],
        links: [{ objectId: 3, instanceId: 0 }],
      },
      registeredAt: desk.clock.wall(),
      updatedAt: desk.clock.wall(),
    });
  });

  test('keeps all that is sent', () => {
    const desk = new Desk();
    desk.register('a', ['lt=60', 'lwm2m=1.1', 'b=US', 'Q', 'sms=+4917']);
    expect(desk.registrations.byEndpoint('a')).toMatchObject({
      lifetime: 60,
      version: '1.1',
      binding: 'US',
      queueMode: true,
      smsNumber: '+4917',
    });
  });

  test.each([
    ['without ep', ['lt=60'], { payload: FOUR_LINKS }, '4.00', 'ep is missing'],
    [
      'with lt out of bounds',
      ['ep=a', 'lt=9'],
      {},
      '4.00',
      'lt must be an integer from 10 to 10000000 (seconds), not "9"',
    ],
    [
      'with a version we do not speak',
      ['ep=a', 'lwm2m=2.0'],
      {},
      '4.12',
      'lwm2m 2.0 is not spoken here: 1.0, 1.1, 1.2 are',
    ],
    [
      'with a list that is no link format',
      ['ep=a'],
      { payload: 'hello' },
      '4.00',
      'link format: expected "<" at character 0',
    ],
    [
      'with another Content-Format',
      ['ep=a'],
      { payload: '{}', contentFormat: 50 },
      '4.15',
      'object links have Content-Format 40',
    ],
  ])('%s is refused with a diagnostic of one line', (_what, query, parts, code, payload) => {
    const desk = new Desk();
    expect(desk.service.register(post(query, parts))).toEqual({ code, payload });
    expect([desk.registrations.size, desk.calls.length]).toEqual([0, 0]);
    expect(desk.service.counters.refusals).toEqual({ [code]: 1 });
  });

  test('without Content-Format is read as link format', () => {
    const desk = new Desk();
    desk.register('a', [], { payload: '</3/0>', contentFormat: undefined });
    expect(desk.registrations.byEndpoint('a')?.objectLinks.links).toHaveLength(1);
  });

  test('with an empty list is a registration without Objects', () => {
    const desk = new Desk();
    desk.register('a', [], { payload: '' });
    expect(desk.registrations.byEndpoint('a')?.objectLinks).toEqual<ObjectLinks>({
      rootPath: '/',
      contentFormats: [],
      contentFormatNames: [],
      links: [],
    });
  });

  test('that the handler refuses leaves nothing behind', () => {
    const desk = new Desk();
    desk.verdict = { code: '4.03', diagnostic: 'not you' };
    expect(desk.service.register(post(['ep=a'], { payload: FOUR_LINKS }))).toEqual({
      code: '4.03',
      payload: 'not you',
    });
    desk.verdict = { code: '5.03', maxAge: 7 };
    expect(desk.service.register(post(['ep=a']))).toEqual({ code: '5.03', maxAge: 7 });
    expect([desk.registrations.size, desk.registrations.byEndpoint('a'), desk.clock.running]).toEqual([
      0,
      undefined,
      0,
    ]);
  });

  test('ids cannot be guessed: 128 random bits each, none twice', () => {
    const desk = new Desk();
    const ids = new Set(Array.from({ length: 2_000 }, (_, i) => desk.register(`e${i}`)));
    expect(ids.size).toBe(2_000);
    for (const id of ids) expect(Buffer.from(id, 'base64url')).toHaveLength(16);
  });

  test('registrations are values that nobody changes: an earlier one stays as it was', () => {
    const desk = new Desk();
    const id = desk.register('a', ['lt=60']);
    const before = desk.registrations.get(id)!;
    desk.service.update(id, post(['lt=90']));
    expect([before.lifetime, desk.registrations.get(id)?.lifetime]).toEqual([60, 90]);
  });

  test('devices that list the same share one list', () => {
    const desk = new Desk();
    const [a, b] = [desk.register('a'), desk.register('b')].map((id) => desk.registrations.get(id)!);
    expect(a?.objectLinks).toBe(b?.objectLinks);
  });
});

describe('Register over an existing registration (LwM2M 1.0 5.3.1)', () => {
  test('gives a new path, and the old one is answered 4.04', () => {
    const desk = new Desk();
    const old = desk.register('a');
    const id = desk.register('a', ['lt=60'], { payload: '</3/0>', port: 5001 });
    expect(id).not.toBe(old);
    expect(desk.calls[1]?.previous?.id).toBe(old);
    expect(desk.registrations.size).toBe(1);
    expect(desk.codeOf(desk.service.update(old, post([])))).toBe('4.04');
    expect(desk.codeOf(desk.service.deregister(old))).toBe('4.04');
    expect(desk.registrations.get(id)).toMatchObject({ lifetime: 60, peer: peer(5001) });
    expect(desk.service.counters).toMatchObject({ registrations: 2, replacements: 1 });
  });

  test('takes nothing over from the old one but what it says itself', () => {
    const desk = new Desk();
    desk.register('a', ['lt=60', 'lwm2m=1.1', 'b=US', 'Q', 'sms=1']);
    desk.register('a');
    const registration = desk.registrations.byEndpoint('a');
    expect(registration).toMatchObject({ lifetime: 86_400, version: '1.0', binding: 'U', queueMode: false });
    expect(registration).not.toHaveProperty('smsNumber');
  });

  test('that is refused leaves the existing one as it was', () => {
    const desk = new Desk();
    const id = desk.register('a', ['lt=60']);
    const before = desk.registrations.get(id);
    for (const code of ['4.03', '5.03'] as const) {
      desk.verdict = { code };
      expect(desk.codeOf(desk.service.register(post(['ep=a'], { port: 6000 })))).toBe(code);
    }
    expect(desk.registrations.byEndpoint('a')).toBe(before);
    desk.verdict = undefined;
    expect(desk.codeOf(desk.service.update(id, post([])))).toBe('2.04');
  });
});

describe('Update (LwM2M 1.0 5.3.2)', () => {
  test('without anything renews, and changes nothing else', () => {
    const desk = new Desk();
    const id = desk.register('a', ['lt=60', 'lwm2m=1.1', 'sms=1', 'Q']);
    const before = desk.registrations.get(id)!;
    desk.clock.pass(1_000);
    expect(desk.service.update(id, post([], { contentFormat: undefined }))).toEqual({ code: '2.04' });
    expect(desk.registrations.get(id)).toEqual({ ...before, updatedAt: before.registeredAt + 1_000 });
    expect(desk.calls[1]).toMatchObject({ operation: 'update', previous: before });
  });

  test('changes what it names, and that alone', () => {
    const desk = new Desk();
    const id = desk.register('a', ['lt=60', 'lwm2m=1.1', 'b=U']);
    const before = desk.registrations.get(id)!;
    const change = (query: string[], payload = '') => {
      desk.service.update(id, post(query, { payload }));
      return desk.registrations.get(id);
    };
    expect(change(['lt=90'])).toEqual({ ...before, lifetime: 90 });
    expect(change(['b=US'])).toEqual({ ...before, lifetime: 90, binding: 'US' });
    expect(change(['sms=12'])).toEqual({ ...before, lifetime: 90, binding: 'US', smsNumber: '12' });
    expect(change(['Q'])).toMatchObject({ queueMode: true, binding: 'US' });
    expect(change([], '</3/0>')).toMatchObject({
      lifetime: 90,
      objectLinks: { links: [{ objectId: 3, instanceId: 0 }] },
    });
  });

  test('takes over the address and port it came from', () => {
    const desk = new Desk();
    const id = desk.register('a', [], { payload: FOUR_LINKS, port: 5000 });
    desk.service.update(id, post([], { port: 5001 }));
    expect(desk.registrations.get(id)?.peer).toEqual(peer(5001));
  });

  test('from the same address keeps it the very same value', () => {
    const desk = new Desk();
    const id = desk.register('a', [], { port: 5000 });
    const before = desk.registrations.get(id)!;
    desk.service.update(id, post([], { port: 5000 }));
    expect(desk.registrations.get(id)).not.toBe(before);
    expect(desk.registrations.get(id)?.peer).toBe(before.peer);
  });

  test('a binding without Q ends queue mode in 1.0, where it says it all, and not in 1.1', () => {
    const desk = new Desk();
    const old = desk.register('old', ['b=UQ']);
    const young = desk.register('young', ['lwm2m=1.1', 'b=U', 'Q']);
    for (const id of [old, young]) desk.service.update(id, post(['b=U']));
    expect(desk.registrations.get(old)?.queueMode).toBe(false);
    expect(desk.registrations.get(young)?.queueMode).toBe(true);
    desk.service.update(young, post(['Q=0']));
    expect(desk.registrations.get(young)?.queueMode).toBe(false);
  });

  test('with the list as it was keeps it the very same value, in whatever order it is written', () => {
    const desk = new Desk();
    const id = desk.register('a', [], { payload: '</1/0>,</3/0>' });
    const { objectLinks } = desk.registrations.get(id)!;
    desk.service.update(id, post([], { payload: '</3/0>, </1/0>' }));
    expect(desk.registrations.get(id)?.objectLinks).toBe(objectLinks);
  });

  test('ignores ep and lwm2m, which are no parameters of Update', () => {
    const desk = new Desk();
    const id = desk.register('a');
    expect(desk.codeOf(desk.service.update(id, post(['ep=b', 'lwm2m=7.0'])))).toBe('2.04');
    expect(desk.registrations.get(id)).toMatchObject({ endpoint: 'a', version: '1.0' });
  });

  test('of an unknown registration is answered 4.04, whatever it says', () => {
    const desk = new Desk();
    expect(desk.codeOf(desk.service.update('nobody', post(['lt=x'])))).toBe('4.04');
    expect(desk.service.counters.refusals).toEqual({ '4.04': 1 });
  });

  test.each([
    [['lt=1'], {}, '4.00'],
    [['b=', 'lt=60'], {}, '4.00'],
    [[], { payload: '<' }, '4.00'],
    [[], { payload: 'x', contentFormat: 0 }, '4.15'],
  ])('that is malformed (%j %j) is refused and changes nothing, nor is it a sign of life', (query, parts, code) => {
    const desk = new Desk();
    const id = desk.register('a', ['lt=60']);
    const before = desk.registrations.get(id);
    desk.clock.pass(59_000);
    expect(desk.codeOf(desk.service.update(id, post(query, { port: 6000, ...parts })))).toBe(code);
    expect(desk.registrations.get(id)).toBe(before);
    desk.clock.pass(1_500);
    expect(desk.registrations.size).toBe(0);
  });

  test('refused with 4.xx by the handler leaves the registration as it was', () => {
    const desk = new Desk();
    const id = desk.register('a', ['lt=60']);
    const before = desk.registrations.get(id);
    desk.verdict = { code: '4.00' };
    expect(desk.codeOf(desk.service.update(id, post(['lt=90'], { port: 6000 })))).toBe('4.00');
    expect(desk.registrations.get(id)).toBe(before);
  });

  test('refused with 5.xx by the handler starts the lifetime anew and takes over the address, but nothing else', () => {
    const desk = new Desk();
    const id = desk.register('a', ['lt=60']);
    const before = desk.registrations.get(id)!;
    desk.clock.pass(50_000);
    desk.verdict = { code: '5.03', maxAge: 3 };
    expect(desk.service.update(id, post(['lt=90'], { port: 6000, payload: '</9/0>' }))).toEqual({
      code: '5.03',
      maxAge: 3,
    });
    expect(desk.registrations.get(id)).toEqual({ ...before, peer: peer(6000), updatedAt: desk.clock.wall() });
    desk.clock.pass(59_000);
    expect(desk.registrations.size).toBe(1);
    desk.clock.pass(1_500);
    expect(desk.registrations.size).toBe(0);
  });
});

describe('De-register (LwM2M 1.0 5.3.3)', () => {
  test('ends the registration at once', () => {
    const desk = new Desk();
    const id = desk.register('a');
    expect(desk.service.deregister(id)).toEqual({ code: '2.02' });
    expect([desk.registrations.size, desk.registrations.byEndpoint('a')]).toEqual([0, undefined]);
    expect(desk.codeOf(desk.service.deregister(id))).toBe('4.04');
    desk.clock.pass(100_000_000);
    expect(desk.story).toEqual(['register a', 'deregister a']);
  });

  test('ends the registration also when the handler refuses: only the code differs', () => {
    const desk = new Desk();
    const id = desk.register('a');
    desk.verdict = { code: '5.03' };
    expect(desk.service.deregister(id)).toEqual({ code: '5.03' });
    expect(desk.registrations.size).toBe(0);
    expect(desk.service.counters.deregistrations).toBe(1);
  });
});

describe('the lifetime', () => {
  test('ends the registration within a second after it is over, never before', () => {
    const desk = new Desk();
    const id = desk.register('a', ['lt=60']);
    desk.clock.pass(59_999);
    expect(desk.registrations.size).toBe(1);
    desk.clock.pass(1_000);
    expect(desk.story).toEqual(['register a', 'expire a']);
    expect([desk.registrations.size, desk.service.counters.expirations]).toEqual([0, 1]);
    expect(desk.codeOf(desk.service.update(id, post([])))).toBe('4.04');
  });

  test('starts anew with each Update, also with a new lt, longer or shorter', () => {
    const desk = new Desk();
    const id = desk.register('a', ['lt=60']);
    for (let i = 0; i < 10; i += 1) {
      desk.clock.pass(59_000);
      desk.service.update(id, post([]));
    }
    desk.service.update(id, post(['lt=1000']));
    desk.clock.pass(999_000);
    expect(desk.registrations.size).toBe(1);
    desk.service.update(id, post(['lt=10']));
    desk.clock.pass(11_000);
    expect(desk.registrations.size).toBe(0);
  });

  test('does not heed steps of the wall clock', () => {
    const desk = new Desk();
    desk.register('a', ['lt=60']);
    desk.clock.stepWall(1e9);
    desk.clock.pass(59_000);
    desk.clock.stepWall(-2e9);
    desk.clock.pass(900);
    expect(desk.registrations.size).toBe(1);
    desk.clock.pass(1_100);
    expect(desk.registrations.size).toBe(0);
  });

  test('may be longer than 2^31 milliseconds', () => {
    const desk = new Desk();
    desk.register('a', ['lt=5000000']);
    desk.clock.pass(4_999_999_000);
    expect(desk.registrations.size).toBe(1);
    desk.clock.pass(2_000);
    expect(desk.registrations.size).toBe(0);
  });

  test('of 100,000 registrations needs one timer, and all end', () => {
    const desk = new Desk({ handler: { register: () => undefined, expire: () => undefined } });
    for (let i = 0; i < 100_000; i += 1) desk.register(`e${i}`, [`lt=${60 + (i % 600)}`]);
    expect([desk.registrations.size, desk.clock.most]).toEqual([100_000, 1]);
    desk.clock.pass(661_000);
    expect([desk.registrations.size, desk.service.counters.expirations, desk.clock.running]).toEqual([0, 100_000, 0]);
    expect([desk.clock.most, desk.clock.made < 2_000]).toEqual([1, true]);
  });

  test('ends no registration after stop', () => {
    const desk = new Desk();
    desk.register('a', ['lt=60']);
    desk.service.stop();
    desk.clock.pass(100_000);
    expect([desk.registrations.size, desk.clock.running]).toEqual([1, 0]);
  });
});

test('the bound on registrations refuses new endpoints with 5.03 and Max-Age, and no one who is registered', () => {
  const desk = new Desk({ limits: { registrations: 2, retryAfter: 10 } });
  const id = desk.register('a');
  desk.register('b');
  expect(desk.service.register(post(['ep=c']))).toEqual({ code: '5.03', maxAge: 15 });
  desk.register('a');
  expect(desk.codeOf(desk.service.update(id, post([])))).toBe('4.04');
  desk.service.deregister(desk.registrations.byEndpoint('a')!.id);
  desk.register('c');
  expect([...desk.registrations.values()].map(({ endpoint }) => endpoint).sort()).toEqual(['b', 'c']);
});
