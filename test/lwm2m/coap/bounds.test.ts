import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deadlines } from '../../../lwm2m/coap/deadlines.ts';
import { decodeMessage } from '../../../lwm2m/coap/message.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import type { CoapResponse } from '../../../lwm2m/coap/types.ts';
import { encodeMessage } from '../../support/coap-message.ts';
import { LayerHarness, message, option, settled, watch } from './layer-harness.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((value) => Buffer.from(value));

/** Datagrams that are CoAP, nearly CoAP, or nothing of the kind. */
const anOption = fc.record({ number: fc.constantFrom(3, 6, 9, 11, 12, 15, 17, 23, 27, 60, 300), value: bytes(4) });
const aMessage = fc
  .record({
    type: fc.nat(3),
    code: fc.constantFrom(0, 1, 2, 3, 5, 31, 0x45, 0x5f, 0x84, 0xe1),
    messageId: fc.nat(20),
    token: bytes(2),
    options: fc.array(anOption, { maxLength: 5 }),
    payload: bytes(40),
  })
  .map(encodeMessage);
const aBlock = fc
  .record({ number: fc.nat(6), more: fc.boolean(), szx: fc.nat(7), messageId: fc.nat(65_535), length: fc.nat(70) })
  .map(({ number, more, szx, messageId, length }) =>
    encodeMessage(
      message({
        code: 2,
        messageId,
        options: [option(27, number * 16 + (more ? 8 : 0) + szx)],
        payload: Buffer.alloc(more ? 2 ** (szx + 4) : length),
      }),
    ),
  );
const datagram = fc.oneof(aMessage, aBlock, bytes(30));

/** Tokens and message ids are few, so that what comes may answer what was asked. */
const aToken = fc.constantFrom('', 'a', 'b').map((token) => Buffer.from(token));
const aReply = fc
  .record({
    type: fc.constantFrom(0, 1, 2, 2, 2),
    code: fc.constantFrom(0x44, 0x45, 0x45, 0x45, 0x5f, 0x84, 0x88, 0x8d),
    id: fc.nat(3),
    token: fc.option(aToken),
    observe: fc.option(fc.nat(3)),
    block1: fc.option(fc.nat(40)),
    block2: fc.option(fc.nat(40)),
    length: fc.constantFrom(0, 5, 16, 32),
  })
  .map((parts) => ({ reply: parts }));
const anAsk = fc
  .record({
    method: fc.constantFrom('GET', 'FETCH', 'PUT'),
    length: fc.nat(50),
    observe: fc.option(fc.constantFrom(0, 1)),
    token: aToken,
    timeout: fc.option(fc.nat(100_000)),
  })
  .map((parts) => ({ ask: parts }));

describe('The message layer', () => {
  it('throws for no sequence of datagrams, keeps its bounds, and holds nothing in the end', async () => {
    const step = fc.oneof(
      { weight: 10, arbitrary: fc.record({ datagram, peer: fc.nat(6) }) },
      { weight: 1, arbitrary: fc.record({ wait: fc.nat(40_000) }) },
      { weight: 1, arbitrary: fc.record({ answer: fc.nat(3) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 150 }), async (steps) => {
        const waiting: ((response: CoapResponse) => void)[] = [];
        const limits = {
          rememberedMessages: 40,
          requestsInProgress: 10,
          blockTransfers: 3,
          blockTransferBytes: 8_192,
          requestBytes: 4_096,
        };
        const harness = new LayerHarness(
          (request) => {
            if (request.method === 'GET') return new Promise((resolve) => waiting.push(resolve));
            return { code: '2.05', payload: Buffer.alloc(request.payload.length * 40) };
          },
          { limits },
        );
        const before = harness.layer.held;
        for (const one of steps) {
          if ('datagram' in one) {
            const sent = harness.sent.length;
            harness.receive(one.datagram, `192.0.2.${one.peer}`);
            expect(harness.sent.length - sent).toBeLessThanOrEqual(2);
          } else if ('wait' in one) {
            harness.advance(one.wait);
          } else {
            waiting.splice(0, one.answer).forEach((answer) => {
              answer({ code: '2.05', payload: 'x'.repeat(3_000) });
            });
            await settled();
          }
          const held = harness.layer.held;
          expect(held.messages).toBeLessThanOrEqual(limits.rememberedMessages);
          expect(held.inProgress).toBeLessThanOrEqual(limits.requestsInProgress);
          expect(held.uploads).toBeLessThanOrEqual(limits.blockTransfers);
          expect(held.uploadBytes).toBeLessThanOrEqual(limits.blockTransferBytes);
        }
        for (const answer of waiting.splice(0)) answer({ code: '2.04' });
        await settled();
        harness.advance(700_000);
        expect(harness.layer.held).toEqual(before);
      }),
      { numRuns: 150 },
    );
  });

  it('throws for no sequence of requests of ours and answers to them, settles each, and holds nothing in the end', async () => {
    const step = fc.record({
      peer: fc.nat(1),
      what: fc.oneof(
        { weight: 6, arbitrary: aReply },
        { weight: 2, arbitrary: anAsk },
        { weight: 1, arbitrary: fc.record({ wait: fc.nat(40_000) }) },
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), fc.boolean(), async (steps, takes) => {
        const limits = { replyBytes: 64, unfinishedReplyBytes: 100, heldNotifications: 4, requestsPerPeer: 3 };
        const harness = new LayerHarness(undefined, {
          limits,
          parameters: { blockSize: 16, nstart: 2 },
          notification: () => takes,
        });
        const before = harness.layer.held;
        const asked: ReturnType<typeof watch>[] = [];
        for (const { peer, what } of steps) {
          const address = `192.0.2.${peer}`;
          if ('ask' in what) {
            const { method, length, observe, token, timeout } = what.ask;
            const request = {
              method,
              path: ['1'],
              payload: Buffer.alloc(length),
              ...(observe === null ? {} : { observe }),
            };
            const options = { token, ...(timeout === null ? {} : { timeout }) };
            asked.push(watch(harness.layer.request(peerAt(address, 5_683), request, options)));
          } else if ('reply' in what) {
            const { type, code, id, token, observe, block1, block2, length } = what.reply;
            const sent = harness.sent
              .filter(({ to }) => to === `${address}#5683`)
              .map(({ bytes }) => decodeMessage(bytes));
            const last = sent[sent.length - 1 - id] ?? message({ messageId: id });
            const numbers = [
              [6, observe],
              [23, block2],
              [27, block1],
            ] as const;
            const options = numbers.flatMap(([number, value]) => (value === null ? [] : [option(number, value)]));
            const { messageId } = type === 2 ? last : { messageId: id };
            const parts = { type, code, messageId, token: token ?? last.token, options, payload: Buffer.alloc(length) };
            harness.receive(message(parts), address);
          } else {
            harness.advance(what.wait);
          }
          await settled();
          const held = harness.layer.held;
          expect(held.replyBytes).toBeLessThanOrEqual(limits.unfinishedReplyBytes);
          expect(held.heldNotifications).toBeLessThanOrEqual(limits.heldNotifications);
          expect(held.requests).toBeLessThanOrEqual(2 * limits.requestsPerPeer);
        }
        for (let n = 0; n < 20; n++) {
          harness.advance(100_000);
          await settled();
        }
        expect(asked.filter(({ reply, code }) => reply === undefined && code === undefined)).toEqual([]);
        for (const { reply } of asked) expect(reply?.payload.length ?? 0).toBeLessThanOrEqual(limits.replyBytes);
        expect(harness.layer.held).toEqual(before);
      }),
      { numRuns: 300 },
    );
  });

  it('gives its memory back after a storm of 100,000 devices, once EXCHANGE_LIFETIME is over', () => {
    const harness = new LayerHarness(() => ({ code: '2.01', locationPath: ['rd', '0123456789'] }));
    const before = harness.layer.held;
    const request = encodeMessage(message({ code: 2, options: [option(11, 'rd'), option(15, 'ep=a')] }));
    for (let n = 0; n < 100_000; n++) {
      harness.receive(Buffer.from(request), `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
      harness.sent.length = 0;
    }
    expect(harness.layer.held).toMatchObject({ peers: 100_000, messages: 100_000, deadlines: 1 });
    expect(harness.layer.held.messageBytes).toBeLessThan(12 << 20);
    harness.receive(Buffer.from(request), '10.0.0.0');
    expect(harness.layer.counters.duplicates).toBe(1);
    harness.advance(247_000 + 2_000);
    expect(harness.layer.held).toEqual(before);
  });

  it('forgets the oldest messages early when there are too many, in number or in bytes', () => {
    for (const limits of [{ rememberedMessages: 1_000 }, { rememberedBytes: 131_072 }]) {
      let calls = 0;
      const payload = Buffer.alloc(100);
      const harness = new LayerHarness(
        () => {
          calls++;
          return { code: '2.05', payload };
        },
        { limits },
      );
      for (let id = 0; id < 3_000; id++) harness.receive(message({ code: 2, messageId: id }));
      const held = harness.layer.held;
      expect(held.messages).toBeGreaterThan(500);
      expect(held.messages).toBeLessThan(1_300);
      expect(held.messageBytes).toBeLessThanOrEqual(131_072 + 2_048 * 43);
      harness.receive(message({ code: 2, messageId: 2_999 }));
      expect(calls).toBe(3_000);
      harness.receive(message({ code: 2, messageId: 0 }));
      expect(calls).toBe(3_001);
    }
  });

  it('remembers for each (peer, message id) what a plain map would, while many come and go', () => {
    const visit = fc.record({ peer: fc.nat(4), id: fc.nat(30), wait: fc.constantFrom(0, 0, 0, 1_000, 60_000) });
    fc.assert(
      fc.property(fc.array(visit, { maxLength: 300 }), (visits) => {
        let calls = 0;
        const harness = new LayerHarness(() => ({ code: '2.04', payload: String(++calls) }));
        const model = new Map<string, { expiry: number; answer: string }>();
        for (const { peer, id, wait } of visits) {
          harness.advance(wait);
          const key = `${peer}/${id}`;
          const known = model.get(key);
          const fresh = known === undefined || known.expiry <= harness.now;
          const answer = fresh ? String(calls + 1) : known.answer;
          if (fresh) model.set(key, { expiry: harness.now + 247_000, answer });
          harness.receive(message({ messageId: id }), `192.0.2.${peer}`);
          expect(harness.take()[0]?.payload.toString()).toBe(answer);
        }
      }),
    );
  });

  it('answers 5.03 with Max-Age when too many requests wait for their handler', async () => {
    const waiting: ((response: CoapResponse) => void)[] = [];
    const harness = new LayerHarness(() => new Promise((resolve) => waiting.push(resolve)), {
      limits: { requestsInProgress: 2 },
    });
    for (let id = 0; id < 3; id++) harness.receive(message({ messageId: id }));
    expect(harness.take()).toEqual([message({ type: 2, code: 0xa3, messageId: 2, options: [option(14, 10)] })]);
    expect(harness.layer.counters.droppedBusy).toBe(1);
    waiting[0]?.({ code: '2.04' });
    await settled();
    harness.receive(message({ messageId: 3 }));
    expect(waiting).toHaveLength(3);
  });

  it('serves nothing new once stopped, but finishes what it began', async () => {
    const waiting: ((response: CoapResponse) => void)[] = [];
    const harness = new LayerHarness(() => new Promise((resolve) => waiting.push(resolve)));
    harness.receive(message({ messageId: 1 }));
    harness.layer.stop();
    harness.receive(message({ messageId: 2 }));
    expect([waiting.length, harness.layer.busy]).toEqual([1, true]);
    waiting[0]?.({ code: '2.04' });
    await settled();
    expect(harness.take()).toEqual([message({ type: 2, code: 0x44, messageId: 1 })]);
    expect(harness.layer.busy).toBe(false);
    harness.receive(message({ messageId: 1 }));
    expect(harness.sent).toHaveLength(1);
  });
});

describe('Deadlines', () => {
  it('fall due in order of time, however they are set, moved and cancelled', () => {
    const change = fc.record({ which: fc.nat(15), at: fc.option(fc.nat(100)) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 80 }), fc.nat(100), (changes, until) => {
        const due: { which: number; at: number }[] = [];
        const wakes: number[] = [];
        const deadlines = new Deadlines((at) => wakes.push(at));
        const all = Array.from({ length: 16 }, (_, which) => {
          const deadline = { dueAt: 0, place: -1, due: () => due.push({ which, at: deadline.dueAt }) };
          return deadline;
        });
        const model = new Map<number, number>();
        for (const { which, at } of changes) {
          const deadline = all[which] as (typeof all)[number];
          if (at === null) {
            deadlines.cancel(deadline);
            model.delete(which);
          } else {
            const earliest = Math.min(
              Number.POSITIVE_INFINITY,
              ...[...model].filter(([w]) => w !== which).map(([, t]) => t),
            );
            wakes.length = 0;
            deadlines.set(deadline, at);
            model.set(which, at);
            if (at < earliest) expect(wakes).toEqual([at]);
          }
          expect(deadlines.next).toBe(Math.min(Number.POSITIVE_INFINITY, ...model.values()));
          expect(deadlines.size).toBe(model.size);
        }
        deadlines.run(until);
        const expected = [...model].filter(([, at]) => at <= until);
        expect(due.map(({ at }) => at)).toEqual(expected.map(([, at]) => at).sort((a, b) => a - b));
        expect(new Set(due.map(({ which }) => which))).toEqual(new Set(expected.map(([which]) => which)));
        expect(deadlines.size).toBe(model.size - expected.length);
      }),
    );
  });
});
