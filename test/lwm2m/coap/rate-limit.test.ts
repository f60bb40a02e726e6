import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateLimiter, type RateLimits } from '../../../lwm2m/coap/rate-limit.ts';
import { ReturnTimes } from '../../../lwm2m/coap/return-times.ts';
import { sourceOf } from '../../../lwm2m/coap/source.ts';
import { encodeMessage } from '../../support/coap-message.ts';
import { LayerHarness, message, numberIn } from './layer-harness.ts';

const TOO_MANY = 0x9d; // 4.29 (RFC 8516)
const UNAVAILABLE = 0xa3; // 5.03
const MAX_AGE = 14;
const RESET = 3;

/** A layer whose requests are limited. */
function limited(rates: RateLimits) {
  const limiter = new RateLimiter(rates, () => 0.5, 0);
  const served: string[] = [];
  const harness = new LayerHarness(
    ({ peer }) => {
      served.push(peer.address);
      return { code: '2.04' };
    },
    { admit: (peer, now) => limiter.admit(peer, now) },
  );
  let id = 0;
  const ask = (address?: string) => {
    id += 1;
    harness.receive(message({ code: 2, messageId: id & 0xffff }), address, 1_024 + (id % 40_000));
  };
  return { harness, served, ask, limiter };
}

describe('requests beyond what a source may ask', () => {
  it('are answered 4.29 with Max-Age (RFC 8516), whatever ports they come from, and are not served', () => {
    const { harness, served, ask } = limited({ perSource: 10 });
    for (let n = 0; n < 20; n += 1) ask();
    expect(served).toHaveLength(20);
    harness.take();
    ask();
    const refusal = harness.takeOne();
    expect(refusal.code).toBe(TOO_MANY);
    expect(numberIn(refusal, MAX_AGE)).toBeGreaterThan(0);
    expect(harness.layer.counters.limited).toBe(1);
    expect(served).toHaveLength(20);
  });

  it('get no answer at all when there are twice as many, so that refusing costs little', () => {
    const { harness, ask } = limited({ perSource: 10 });
    for (let n = 0; n < 10_000; n += 1) ask();
    expect(harness.take()).toHaveLength(40);
    expect(harness.layer.counters.limited).toBe(9_980);
    expect(harness.layer.held.messages).toBe(20);
  });

  it('do not slow other sources: a device that floods is refused, all others are served', () => {
    const { served, ask, harness } = limited({ perSource: 5, inAll: 1_000 });
    for (let second = 0; second < 20; second += 1) {
      for (let n = 0; n < 2_000; n += 1) ask('203.0.113.66');
      for (let device = 1; device <= 100; device += 1) ask(`198.51.100.${device}`);
      harness.advance(1_000);
      harness.sent.length = 0;
    }
    expect(served.filter((address) => address.startsWith('198.51.100.'))).toHaveLength(2_000);
    expect(served.length).toBeLessThan(2_000 + 120);
  });

  it('come through again as time passes', () => {
    const { harness, served, ask } = limited({ perSource: 10 });
    for (let n = 0; n < 50; n += 1) ask();
    harness.advance(1_000);
    for (let n = 0; n < 50; n += 1) ask();
    expect(served).toHaveLength(30);
  });

  it('of all together are answered 5.03 with Max-Age, and take nothing from who asks too much by itself', () => {
    const { harness, ask } = limited({ inAll: 10 });
    for (let n = 0; n < 21; n += 1) ask(`192.0.2.${n}`);
    const refusal = harness.take().at(-1);
    expect([refusal?.code, refusal !== undefined && numberIn(refusal, MAX_AGE) !== undefined]).toEqual([
      UNAVAILABLE,
      true,
    ]);
  });

  it('count pings, retransmissions and what is no CoAP, too', () => {
    const { harness, ask } = limited({ perSource: 5 });
    for (let n = 0; n < 10; n += 1) ask();
    harness.take();
    harness.receive(Buffer.from('40000001', 'hex'));
    harness.receive(Buffer.from('4f010002', 'hex'));
    expect(harness.take().filter(({ type }) => type === RESET)).toEqual([]);
    expect(harness.layer.counters.limited).toBe(2);
  });

  it('leave no trace: of any number of sources only so many are remembered', () => {
    const limiter = new RateLimiter({ perSource: 5 }, Math.random, 0);
    for (let n = 0; n < 200_000; n += 1) {
      limiter.admit({ address: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}` }, n / 10);
    }
    expect(limiter.sources).toBeLessThanOrEqual(32_768);
  });

  it('never pass more than the rate allows, however they come', () => {
    const arrival = fc.record({ wait: fc.nat(300), source: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 400 }), fc.integer({ min: 1, max: 50 }), (arrivals, perSource) => {
        const limiter = new RateLimiter({ perSource }, () => 0.5, 0);
        const served = [0, 0, 0, 0];
        let now = 0;
        for (const { wait, source } of arrivals) {
          now += wait;
          const verdict = limiter.admit({ address: `192.0.2.${source}` }, now);
          if (verdict === 'served') served[source] = (served[source] as number) + 1;
        }
        const most = Math.max(10, 2 * perSource) + (now / 1_000) * perSource + 1;
        for (const count of served) expect(count).toBeLessThanOrEqual(most);
      }),
    );
  });
});

describe('without limits', () => {
  it('whatever comes is served, which is the default', () => {
    const { served, ask } = limited({});
    for (let n = 0; n < 5_000; n += 1) ask();
    expect(served).toHaveLength(5_000);
  });
});

describe('a source', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:db8::2:3:4:5:6', '2001:db8:0:2'],
    ['::1', '0:0:0:0'],
    ['fe80::1', 'fe80:0:0:0'],
    ['::', '0:0:0:0'],
  ])('%s is %s: an IPv4 address, or an IPv6 network of 64 bits', (address, source) => {
    expect(sourceOf(address)).toBe(source);
  });
});

describe('times to come again', () => {
  it('follow each other at the rate of service, so that devices do not return all at once', () => {
    const times = new ReturnTimes(() => 0.5);
    const all = Array.from({ length: 1_000 }, () => times.next(0, 10, 30));
    const perTen = (from: number) => all.filter((seconds) => seconds >= from && seconds < from + 10).length;
    expect(Math.min(...all)).toBeGreaterThanOrEqual(30);
    for (const from of [40, 60, 80, 100, 120]) expect(perTen(from)).toBeLessThanOrEqual(110);
    expect(Math.max(...all)).toBeGreaterThan(120);
  });

  it('are whole seconds within ten minutes, however many are turned away', () => {
    const times = new ReturnTimes(Math.random);
    for (let n = 0; n < 20_000; n += 1) {
      const seconds = times.next(n, 1, 1_000);
      expect(Number.isInteger(seconds) && seconds >= 2 && seconds <= 600).toBe(true);
    }
  });
});

it('a request that is turned away has its token in the answer and nothing else of it', () => {
  const { harness, ask } = limited({ perSource: 1 });
  for (let n = 0; n < 10; n += 1) ask();
  harness.take();
  const token = Buffer.from('abcd');
  harness.receive(encodeMessage(message({ code: 2, messageId: 0xff, token, payload: Buffer.from('SECRET') })));
  const refusal = harness.takeOne();
  expect([refusal.token.toString(), refusal.payload.length]).toEqual(['abcd', 0]);
});
