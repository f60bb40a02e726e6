import { describe, expect, it } from 'vitest';
import type { CoapMessage } from '../../../lwm2m/coap/message.ts';
import type { OutgoingRequest } from '../../../lwm2m/coap/outgoing-request.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import {
  block,
  LayerHarness,
  numberIn,
  option,
  settled,
  text,
  variedChances,
  type Watched,
  watch,
} from './layer-harness.ts';

const DEVICE = peerAt('192.0.2.1', 5683);
const READ: OutgoingRequest = { method: 'GET', path: ['status'], query: ['q'], accept: 110 };
const [OBSERVE, URI_PATH, URI_QUERY, ACCEPT, ETAG] = [6, 11, 15, 17, 4];
const [BLOCK2, SIZE2] = [23, 28];
const NO_BYTES = Buffer.alloc(0);

type Step = [number, 0 | 1, number];

/** A piece of a representation as a reply carries it. */
function piece(whole: Buffer, [number, more, size]: Step, options: CoapMessage['options'] = []): Partial<CoapMessage> {
  const payload = whole.subarray(number * size, more === 1 ? (number + 1) * size : whole.length);
  return { options: [...options, option(BLOCK2, block(number, more, size))], payload };
}

/** Requests something and answers each message with the next of these; all messages that were sent. */
async function play(
  harness: LayerHarness,
  request: OutgoingRequest,
  answers: Partial<CoapMessage>[],
): Promise<{ seen: Watched; sent: CoapMessage[] }> {
  const seen = watch(harness.layer.request(DEVICE, request));
  const sent: CoapMessage[] = [];
  for (const answer of answers) {
    const message = harness.takeOne();
    sent.push(message);
    harness.answer(message, answer);
  }
  await settled();
  return { seen, sent };
}

const wanted = (sent: CoapMessage[]) => sent.map((message) => numberIn(message, BLOCK2));

describe('A reply in blocks (RFC 7959 2.4)', () => {
  it('is fetched block by block and handed over whole: the GET of RFC 7959 3.1, figure 2', async () => {
    const harness = new LayerHarness();
    const whole = text(300);
    const { seen, sent } = await play(harness, READ, [
      piece(whole, [0, 1, 128], [option(ETAG, 'v1'), option(12, 110), option(SIZE2, 300)]),
      piece(whole, [1, 1, 128], [option(ETAG, 'v1')]),
      piece(whole, [2, 0, 128], [option(ETAG, 'v1')]),
    ]);
    expect(wanted(sent)).toEqual([undefined, block(1, 0, 128), block(2, 0, 128)]);
    const rest = [option(URI_PATH, 'status'), option(URI_QUERY, 'q'), option(ACCEPT, 110)];
    expect(sent[1]?.options).toEqual([...rest, option(BLOCK2, block(1, 0, 128))]);
    expect(sent.map(({ type, payload }) => [type, payload])).toEqual(sent.map(() => [0, NO_BYTES]));
    expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(3);
    expect(seen.reply).toEqual({
      code: '2.05',
      locationPath: [],
      contentFormat: 110,
      etag: Buffer.from('v1'),
      payload: whole,
    });
    expect(harness.layer.held).toMatchObject({ requests: 0, replyBytes: 0, transmissions: 0 });
    expect(harness.layer.counters.replies).toBe(1);
  });

  it('goes on in the smaller size that the device turns to, and in ours where the device has a larger', async () => {
    const whole = text(2_300);
    const harness = new LayerHarness(undefined, { parameters: { blockSize: 512 } });
    const { seen, sent } = await play(harness, READ, [
      piece(whole, [0, 1, 1024]),
      piece(whole, [2, 1, 512]),
      piece(whole, [12, 1, 128]),
      ...[13, 14, 15, 16].map((number) => piece(whole, [number, 1, 128])),
      piece(whole, [17, 0, 128]),
    ]);
    expect(wanted(sent)).toEqual([
      undefined,
      block(2, 0, 512),
      block(3, 0, 512),
      ...[13, 14, 15, 16, 17].map((number) => block(number, 0, 128)),
    ]);
    expect(seen.reply?.payload).toEqual(whole);
  });

  it('may end in an empty block, and may be one block alone', async () => {
    const harness = new LayerHarness();
    const whole = text(64);
    const first = await play(harness, READ, [piece(whole, [0, 1, 64]), piece(whole, [1, 0, 64])]);
    expect(first.seen.reply?.payload).toEqual(whole);
    const alone = await play(harness, READ, [piece(whole, [0, 0, 64])]);
    expect(alone.seen.reply?.payload).toEqual(whole);
  });

  it('is asked for from its first block again when its ETag changes, once (RFC 7959 2.4)', async () => {
    const [old, fresh] = [text(150), text(160).fill('x')];
    const harness = new LayerHarness();
    const v = (n: number) => [option(ETAG, `v${n}`)];
    const { seen, sent } = await play(harness, READ, [
      piece(old, [0, 1, 64], v(1)),
      piece(fresh, [1, 1, 64], v(2)),
      piece(fresh, [0, 1, 64], v(2)),
      piece(fresh, [1, 1, 64], v(2)),
      piece(fresh, [2, 0, 64], v(2)),
    ]);
    expect(wanted(sent).slice(1)).toEqual([1, 0, 1, 2].map((number) => block(number, 0, 64)));
    expect(seen.reply?.payload).toEqual(fresh);
    const restless = await play(harness, READ, [
      piece(old, [0, 1, 64], v(1)),
      piece(old, [1, 1, 64], v(2)),
      piece(old, [0, 1, 64], v(3)),
      piece(old, [1, 1, 64], v(4)),
    ]);
    expect(restless.seen).toEqual({ code: 'coap/changed', retryable: true });
    expect(harness.sent).toEqual([]);
    expect(harness.layer.held.replyBytes).toBe(0);
  });

  it('of a FETCH asks again with its payload, of a POST not at all', async () => {
    const harness = new LayerHarness();
    const payload = Buffer.from('[{"n":"/3"}]');
    const fetch: OutgoingRequest = { method: 'FETCH', path: [], contentFormat: 110, payload };
    const changing = [
      piece(text(100), [0, 1, 64], [option(ETAG, 'a')]),
      piece(text(100), [1, 0, 64], [option(ETAG, 'b')]),
    ];
    const { seen, sent } = await play(harness, fetch, [...changing, piece(text(10), [0, 0, 64])]);
    expect(sent.map((message) => message.payload)).toEqual([payload, NO_BYTES, payload]);
    expect(seen.reply?.payload).toEqual(text(10));
    const posted = await play(harness, { method: 'POST', path: ['5'], payload: 'x' }, changing);
    expect(posted.seen.code).toBe('coap/changed');
  });

  it.each<[string, Partial<CoapMessage>]>([
    ['the block before', piece(text(900), [0, 1, 64])],
    ['a later block', piece(text(900), [2, 1, 64])],
    ['a place between blocks', piece(text(900), [3, 1, 32])],
    ['its number in a larger size', piece(text(900), [1, 1, 128])],
    ['no Block2 at all', { payload: text(900) }],
    ['less than a block although more follows', { ...piece(text(900), [1, 1, 64]), payload: text(63) }],
    ['more than a block', { ...piece(text(900), [1, 0, 64]), payload: text(65) }],
    ['the reserved size', { options: [option(BLOCK2, 16 + 7)], payload: text(64) }],
  ])('rejects with coap/blocks when the second request is answered with %s', async (_, answer) => {
    const harness = new LayerHarness();
    const { seen } = await play(harness, READ, [piece(text(900), [0, 1, 64]), answer]);
    expect(seen).toEqual({ code: 'coap/blocks', retryable: false });
    expect(harness.sent).toEqual([]);
    expect(harness.layer.held).toMatchObject({ requests: 0, replyBytes: 0, transmissions: 0 });
  });

  it('rejects with coap/blocks when it begins in the middle or with an incomplete block', async () => {
    const harness = new LayerHarness();
    const bad = [piece(text(900), [1, 1, 64]), { ...piece(text(900), [0, 1, 64]), payload: text(10) }];
    for (const answer of bad) {
      const { seen } = await play(harness, READ, [answer]);
      expect(seen.code).toBe('coap/blocks');
    }
  });

  it('is bounded: coap/reply-too-large by Size2 at once, otherwise as soon as it is too long', async () => {
    const harness = new LayerHarness(undefined, { limits: { replyBytes: 150 } });
    const announced = await play(harness, READ, [piece(text(900), [0, 1, 64], [option(SIZE2, 151)])]);
    expect(announced.seen.code).toBe('coap/reply-too-large');
    const silent = await play(
      harness,
      READ,
      [0, 1, 2].map((number) => piece(text(900), [number, 1, 64])),
    );
    expect(silent.seen.code).toBe('coap/reply-too-large');
    const fits = await play(harness, READ, [
      piece(text(150), [0, 1, 64]),
      piece(text(150), [1, 1, 64]),
      piece(text(150), [2, 0, 64]),
    ]);
    expect(fits.seen.reply?.payload).toHaveLength(150);
    expect(harness.layer.held.replyBytes).toBe(0);
  });

  it('rejects with coap/busy when the unfinished replies of all devices are too long together', async () => {
    const harness = new LayerHarness(undefined, { limits: { unfinishedReplyBytes: 1_000 } });
    const first = watch(harness.layer.request(DEVICE, READ));
    harness.answer(harness.takeOne(), piece(text(2_000), [0, 1, 512]));
    const pending = harness.takeOne();
    expect(harness.layer.held.replyBytes).toBe(512);
    const second = watch(harness.layer.request(peerAt('192.0.2.2', 5683), READ));
    const asked = harness.takeOne();
    harness.receive({ ...asked, type: 2, code: 0x45, ...piece(text(2_000), [0, 1, 512]) }, '192.0.2.2');
    await settled();
    expect(second).toEqual({ code: 'coap/busy', retryable: true });
    harness.answer(pending, piece(text(600), [1, 0, 512]));
    await settled();
    expect(first.reply?.payload).toEqual(text(600));
  });

  it('ends with the error that a read block is answered with; after a write that is no outcome', async () => {
    const harness = new LayerHarness();
    const answers = [piece(text(200), [0, 1, 64]), { code: 0x84, payload: Buffer.from('gone') }];
    const read = await play(harness, READ, answers);
    expect(read.seen.reply).toEqual({ code: '4.04', locationPath: [], payload: Buffer.from('gone') });
    const written = await play(harness, { method: 'POST', path: ['1'] }, answers);
    expect(written.seen.code).toBe('coap/blocks');
  });

  it('may come separately, block for block, and each is acknowledged', async () => {
    const harness = new LayerHarness();
    const whole = text(100);
    const seen = watch(harness.layer.request(DEVICE, READ));
    for (const step of [
      [0, 1, 64],
      [1, 0, 64],
    ] as Step[]) {
      const request = harness.takeOne();
      harness.receive({ type: 2, code: 0, messageId: request.messageId });
      harness.receive({ type: 0, code: 0x45, messageId: 900 + step[0], token: request.token, ...piece(whole, step) });
      expect(harness.sent.shift()?.bytes.toString('hex')).toBe(`6000038${4 + step[0]}`);
    }
    await settled();
    expect(seen.reply?.payload).toEqual(whole);
  });

  it('is not disturbed by a late second reply to an earlier block', async () => {
    const harness = new LayerHarness();
    harness.chances.push(...variedChances());
    const whole = text(150);
    const seen = watch(harness.layer.request(DEVICE, READ));
    const first = harness.takeOne();
    harness.receive({ type: 1, code: 0x45, messageId: 7, token: first.token, ...piece(whole, [0, 1, 64]) });
    const second = harness.takeOne();
    harness.receive({ type: 1, code: 0x45, messageId: 8, token: second.token, ...piece(whole, [1, 1, 64]) });
    const third = harness.takeOne();
    harness.receive({ type: 1, code: 0x45, messageId: 9, token: second.token, ...piece(whole, [1, 1, 64]) });
    harness.receive({ type: 1, code: 0x45, messageId: 8, token: second.token, ...piece(whole, [1, 1, 64]) });
    harness.answer(third, piece(whole, [2, 0, 64]));
    await settled();
    expect(seen.reply?.payload).toEqual(whole);
  });

  it('of an Observe keeps the Observe of the first, and the rest is fetched without (RFC 7959 2.6)', async () => {
    const harness = new LayerHarness();
    const token = Buffer.from('tok');
    const seen = watch(harness.layer.request(DEVICE, { ...READ, observe: 0 }, { token }));
    const first = harness.takeOne();
    expect([first.token, numberIn(first, OBSERVE)]).toEqual([token, 0]);
    harness.answer(first, piece(text(100), [0, 1, 64], [option(OBSERVE, 12)]));
    const second = harness.takeOne();
    expect(numberIn(second, OBSERVE)).toBeUndefined();
    expect(second.token).not.toEqual(token);
    harness.answer(second, piece(text(100), [1, 0, 64]));
    await settled();
    expect(seen.reply).toMatchObject({ observe: 12, payload: text(100) });
  });
});

describe('The time that a reply in blocks may take', () => {
  const slowly = async (harness: LayerHarness, seen: Watched, pause: number, blocks: number): Promise<void> => {
    for (let number = 0; number < blocks && seen.code === undefined; number++) {
      const request = harness.take()[0] as CoapMessage;
      harness.receive({ type: 2, code: 0, messageId: request.messageId });
      harness.advance(pause);
      await settled();
      const more = number < blocks - 1 ? 1 : 0;
      harness.receive({
        type: 1,
        code: 0x45,
        messageId: number,
        token: request.token,
        ...piece(text(64 * blocks), [number, more, 64]),
      });
      await settled();
    }
  };

  it('starts anew with each block: a slow device that goes on is waited for', async () => {
    const harness = new LayerHarness();
    const seen = watch(harness.layer.request(DEVICE, READ, { exchangeTimeout: 10_000 }));
    await slowly(harness, seen, 9_999, 30);
    expect(seen.reply?.payload).toHaveLength(64 * 30);
    const stuck = watch(harness.layer.request(DEVICE, READ, { exchangeTimeout: 10_000 }));
    await slowly(harness, stuck, 10_000, 30);
    expect(stuck.code).toBe('coap/timeout');
  });

  it('is MAX_TRANSMIT_WAIT for each block unless something else is said', async () => {
    const harness = new LayerHarness();
    const seen = watch(harness.layer.request(DEVICE, READ));
    await slowly(harness, seen, 92_999, 4);
    expect(seen.reply?.code).toBe('2.05');
    const stuck = watch(harness.layer.request(DEVICE, READ));
    await slowly(harness, stuck, 93_000, 4);
    expect(stuck.code).toBe('coap/timeout');
  });

  it('ends with `timeout`, however well it goes, and nothing more is sent', async () => {
    const harness = new LayerHarness();
    const seen = watch(harness.layer.request(DEVICE, READ, { timeout: 35_000, exchangeTimeout: 10_000 }));
    await slowly(harness, seen, 9_000, 30);
    expect(seen.code).toBe('coap/timeout');
    expect(harness.now).toBe(1_000_000 + 36_000);
    expect(harness.sent).toEqual([]);
    expect(harness.layer.held).toMatchObject({ requests: 0, replyBytes: 0 });
  });

  it('is `timeout` alone where only that is given, for one message too', async () => {
    const harness = new LayerHarness();
    const seen = watch(harness.layer.request(DEVICE, READ, { timeout: 600_000 }));
    await slowly(harness, seen, 599_999, 1);
    expect(seen.reply?.code).toBe('2.05');
  });

  it('does not begin before its turn, but that is not waited for without end either', async () => {
    const harness = new LayerHarness();
    const slow = watch(harness.layer.request(DEVICE, READ));
    const waiting = [{}, { exchangeTimeout: 100_000 }, { exchangeTimeout: 5_000, timeout: 400_000 }].map((options) =>
      watch(harness.layer.request(DEVICE, READ, options)),
    );
    await slowly(harness, slow, 90_000, 2);
    expect(slow.reply?.code).toBe('2.05');
    expect(waiting.map(({ code }) => code)).toEqual(['coap/timeout', 'coap/timeout', undefined]);
    await slowly(harness, waiting[2] as Watched, 4_000, 1);
    expect(waiting[2]?.reply?.code).toBe('2.05');
  });

  it('ends when it is called off between two blocks', async () => {
    const harness = new LayerHarness();
    const abort = new AbortController();
    const seen = watch(harness.layer.request(DEVICE, READ, { signal: abort.signal }));
    harness.answer(harness.takeOne(), piece(text(200), [0, 1, 64]));
    const second = harness.takeOne();
    abort.abort();
    harness.answer(second, piece(text(200), [1, 1, 64]));
    await settled();
    expect(seen.code).toBe('coap/aborted');
    expect(harness.sent).toEqual([]);
    expect(harness.layer.held).toMatchObject({ requests: 0, replyBytes: 0, transmissions: 0 });
  });

  it('does not let another request in between (NSTART, RFC 7252 4.7)', async () => {
    const harness = new LayerHarness();
    watch(harness.layer.request(DEVICE, READ));
    watch(harness.layer.request(DEVICE, { method: 'GET', path: ['other'] }));
    const isOther = (message: CoapMessage) => message.options.some(({ value }) => value.toString() === 'other');
    for (const step of [0, 1, 2]) {
      const request = harness.takeOne();
      expect(isOther(request)).toBe(false);
      harness.answer(request, piece(text(150), [step, step < 2 ? 1 : 0, 64]));
    }
    expect(isOther(harness.takeOne())).toBe(true);
  });
});
