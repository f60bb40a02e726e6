import { describe, expect, it } from 'vitest';
import type { CoapMessage } from '../../../lwm2m/coap/message.ts';
import type { OutgoingRequest } from '../../../lwm2m/coap/outgoing-request.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import { block, LayerHarness, numberIn, option, settled, text, type Watched, watch } from './layer-harness.ts';

const DEVICE = peerAt('192.0.2.1', 5683);
const [BLOCK1, BLOCK2, SIZE1, OBSERVE] = [27, 23, 60, 6];
const [CONTINUE, CHANGED, INCOMPLETE, TOO_LARGE, BUSY] = [0x5f, 0x44, 0x88, 0x8d, 0xa3];
const NO_BYTES = Buffer.alloc(0);

type Step = [number, 0 | 1, number];

const put = (length: number): OutgoingRequest => ({
  method: 'PUT',
  path: ['options'],
  contentFormat: 42,
  payload: text(length),
});
const answer = (code: number, ...[number, more, size]: Step): Partial<CoapMessage> => ({
  code,
  options: [option(BLOCK1, block(number, more, size))],
});

async function play(
  harness: LayerHarness,
  request: OutgoingRequest,
  answers: Partial<CoapMessage>[],
): Promise<{ seen: Watched; sent: CoapMessage[] }> {
  const seen = watch(harness.layer.request(DEVICE, request));
  const sent: CoapMessage[] = [];
  for (const one of answers) {
    const message = harness.takeOne();
    sent.push(message);
    harness.answer(message, one);
  }
  await settled();
  return { seen, sent };
}

const blocks = (sent: CoapMessage[]) => sent.map((message) => numberIn(message, BLOCK1));
const joined = (sent: CoapMessage[]) => Buffer.concat(sent.map(({ payload }) => payload));

describe('A request of ours longer than a block (RFC 7959 2.3, 2.5)', () => {
  it('goes out block by block: the atomic PUT of RFC 7959 3.2', async () => {
    const harness = new LayerHarness(undefined, { parameters: { blockSize: 128 } });
    const { seen, sent } = await play(harness, put(300), [
      answer(CONTINUE, 0, 1, 128),
      answer(CONTINUE, 1, 1, 128),
      answer(CHANGED, 2, 0, 128),
    ]);
    expect(blocks(sent)).toEqual([block(0, 1, 128), block(1, 1, 128), block(2, 0, 128)]);
    expect(joined(sent)).toEqual(text(300));
    expect(sent.map((message) => numberIn(message, SIZE1))).toEqual([300, undefined, undefined]);
    expect(sent.map((message) => numberIn(message, 12))).toEqual([42, 42, 42]);
    expect(new Set(sent.map(({ token }) => token.toString('hex'))).size).toBe(1);
    expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(3);
    expect(seen.reply).toEqual({ code: '2.04', locationPath: [], payload: NO_BYTES });
  });

  it('goes on in the smaller size that the device asks for: the negotiation of RFC 7959 3.2', async () => {
    const harness = new LayerHarness(undefined, { parameters: { blockSize: 128 } });
    const { seen, sent } = await play(harness, put(300), [
      answer(CONTINUE, 0, 1, 32),
      ...[4, 5, 6, 7, 8].map((number) => answer(CONTINUE, number, 1, 32)),
      answer(CHANGED, 9, 0, 32),
    ]);
    expect(blocks(sent)).toEqual([
      block(0, 1, 128),
      ...[4, 5, 6, 7, 8].map((number) => block(number, 1, 32)),
      block(9, 0, 32),
    ]);
    expect(joined(sent)).toEqual(text(300));
    expect(seen.reply?.code).toBe('2.04');
  });

  it('goes on after a success that is not 2.31: the stateless PUT of RFC 7959 3.2', async () => {
    const harness = new LayerHarness(undefined, { parameters: { blockSize: 128 } });
    const { seen, sent } = await play(
      harness,
      put(300),
      [0, 1, 2].map((number) => answer(CHANGED, number, 0, 128)),
    );
    expect(joined(sent)).toEqual(text(300));
    expect(seen.reply?.code).toBe('2.04');
  });

  it.each([1024, 512])('goes out in blocks of %i bytes, and whole when it is no longer than one', async (blockSize) => {
    const harness = new LayerHarness(undefined, { parameters: { blockSize } });
    const short = await play(harness, put(blockSize), [{ code: CHANGED }]);
    expect(blocks(short.sent)).toEqual([undefined]);
    watch(harness.layer.request(DEVICE, put(blockSize + 1)));
    expect(harness.takeOne().payload).toHaveLength(blockSize);
  });

  it('is 1024 bytes a block unless configured', () => {
    const harness = new LayerHarness();
    watch(harness.layer.request(DEVICE, { ...put(0), payload: 'ä'.repeat(513) }));
    const first = harness.takeOne();
    expect([numberIn(first, BLOCK1), numberIn(first, SIZE1)]).toEqual([block(0, 1, 1024), 1_026]);
  });

  it('has its reply in blocks as well: the POST of RFC 7959 3.3, figure 11', async () => {
    const harness = new LayerHarness(undefined, { parameters: { blockSize: 128 } });
    const reply = text(500).reverse();
    const part = (number: number, more: 0 | 1): Partial<CoapMessage> => ({
      code: CHANGED,
      options: [option(BLOCK2, block(number, more, 128))],
      payload: reply.subarray(number * 128, (number + 1) * 128),
    });
    const last = part(0, 1);
    const { seen, sent } = await play(harness, { ...put(300), method: 'POST', path: ['soap'] }, [
      answer(CONTINUE, 0, 1, 128),
      answer(CONTINUE, 1, 1, 128),
      { ...last, options: [...(last.options ?? []), option(BLOCK1, block(2, 0, 128))] },
      part(1, 1),
      part(2, 1),
      part(3, 0),
    ]);
    expect(blocks(sent)).toEqual([
      block(0, 1, 128),
      block(1, 1, 128),
      block(2, 0, 128),
      undefined,
      undefined,
      undefined,
    ]);
    expect(sent.map((message) => numberIn(message, BLOCK2))).toEqual([
      undefined,
      undefined,
      undefined,
      ...[1, 2, 3].map((number) => block(number, 0, 128)),
    ]);
    expect(joined(sent)).toEqual(text(300));
    expect(sent.every(({ code }) => code === 2)).toBe(true);
    expect(seen.reply).toMatchObject({ code: '2.04', payload: reply });
  });

  it('begins anew in the smaller size that comes with 4.13, once, even when it was no block (RFC 7959 2.9.3)', async () => {
    const harness = new LayerHarness();
    const done = [...Array(9).keys()].map((number) => answer(CONTINUE, number, 1, 128));
    const large = await play(harness, put(1_200), [answer(TOO_LARGE, 0, 1, 128), ...done, answer(CHANGED, 9, 0, 128)]);
    expect(blocks(large.sent).slice(0, 3)).toEqual([block(0, 1, 1024), block(0, 1, 128), block(1, 1, 128)]);
    expect(joined(large.sent.slice(1))).toEqual(text(1_200));
    expect(large.seen.reply?.code).toBe('2.04');
    const small = await play(harness, put(200), [
      answer(TOO_LARGE, 0, 0, 128),
      answer(CONTINUE, 0, 1, 128),
      answer(CHANGED, 1, 0, 128),
    ]);
    expect(blocks(small.sent)).toEqual([undefined, block(0, 1, 128), block(1, 0, 128)]);
    expect(small.seen.reply?.code).toBe('2.04');
    const never = await play(harness, put(1_200), [answer(TOO_LARGE, 0, 1, 128), answer(TOO_LARGE, 0, 1, 64)]);
    expect(never.seen.reply?.code).toBe('4.13');
  });

  it.each<[string, Partial<CoapMessage>]>([
    ['without a size', { code: TOO_LARGE, options: [option(SIZE1, 100)] }],
    ['with the same size', answer(TOO_LARGE, 0, 1, 1024)],
    ['with the reserved size', { code: TOO_LARGE, options: [option(BLOCK1, 8 + 7)] }],
  ])('ends with 4.13 %s as its reply', async (_, refusal) => {
    const { seen, sent } = await play(new LayerHarness(), put(3_000), [refusal]);
    expect([seen.reply?.code, sent.length]).toEqual(['4.13', 1]);
  });

  it('begins anew when the device lost the blocks before (4.08), once (RFC 7959 2.9.2)', async () => {
    const harness = new LayerHarness(undefined, { parameters: { blockSize: 128 } });
    const twice = await play(harness, put(300), [
      answer(CONTINUE, 0, 1, 128),
      answer(INCOMPLETE, 1, 1, 128),
      answer(CONTINUE, 0, 1, 128),
      answer(CONTINUE, 1, 1, 128),
      answer(CHANGED, 2, 0, 128),
    ]);
    expect(twice.seen.reply?.code).toBe('2.04');
    expect(joined(twice.sent.slice(2))).toEqual(text(300));
    const never = await play(harness, put(300), [
      answer(CONTINUE, 0, 1, 128),
      { code: INCOMPLETE },
      answer(CONTINUE, 0, 1, 128),
      { code: INCOMPLETE },
    ]);
    expect(never.seen.reply?.code).toBe('4.08');
    const atOnce = await play(harness, put(300), [{ code: INCOMPLETE }]);
    expect(atOnce.seen.reply?.code).toBe('4.08');
  });

  it('ends with whatever error a block is answered with', async () => {
    const harness = new LayerHarness();
    for (const code of [0x82, 0x84, 0x86, BUSY]) {
      const { seen } = await play(harness, put(3_000), [answer(CONTINUE, 0, 1, 1024), { code }]);
      expect(seen.reply?.code).toBe(code === BUSY ? '5.03' : `4.0${code & 31}`);
    }
    expect(harness.sent).toEqual([]);
  });

  it.each<[string, Partial<CoapMessage>[]]>([
    ['success without Block1 while more follows', [{ code: CHANGED }]],
    ['2.31 without Block1', [{ code: CONTINUE }]],
    ['2.31 for a block not sent', [answer(CONTINUE, 1, 1, 1024)]],
    ['2.31 for the block before', [answer(CONTINUE, 0, 1, 1024), answer(CONTINUE, 0, 1, 1024)]],
    ['2.31 for the last block', [answer(CONTINUE, 0, 1, 1024), answer(CONTINUE, 1, 0, 1024)]],
  ])('rejects with coap/blocks on %s', async (_, answers) => {
    const harness = new LayerHarness();
    const { seen } = await play(harness, put(2_000), answers);
    expect(seen).toEqual({ code: 'coap/blocks', retryable: false });
    expect(harness.layer.held).toMatchObject({ requests: 0, transmissions: 0 });
  });

  it('rejects with coap/blocks when 2.31 answers what was no block', async () => {
    const { seen } = await play(new LayerHarness(), put(10), [{ code: CONTINUE }]);
    expect(seen.code).toBe('coap/blocks');
  });

  it('takes the reply to the last block without Block1 for what it is', async () => {
    const { seen } = await play(new LayerHarness(), put(2_000), [answer(CONTINUE, 0, 1, 1024), { code: CHANGED }]);
    expect(seen.reply?.code).toBe('2.04');
  });

  it('is not disturbed by a second, separate reply to the block before', async () => {
    const harness = new LayerHarness();
    const seen = watch(harness.layer.request(DEVICE, put(3_000)));
    const first = harness.takeOne();
    harness.answer(first, answer(CONTINUE, 0, 1, 1024));
    const second = harness.takeOne();
    harness.receive({ type: 1, messageId: 70, token: first.token, ...answer(CONTINUE, 0, 1, 1024) });
    expect(harness.sent).toEqual([]);
    harness.answer(second, answer(CONTINUE, 1, 1, 1024));
    harness.answer(harness.takeOne(), answer(CHANGED, 2, 0, 1024));
    await settled();
    expect(seen.reply?.code).toBe('2.04');
  });

  it('is never interleaved with another request to the device, whatever NSTART', async () => {
    for (const nstart of [1, 4]) {
      const harness = new LayerHarness(undefined, { parameters: { nstart } });
      const read: OutgoingRequest = { method: 'GET', path: ['3'] };
      const codes = () => harness.sent.map(({ bytes }) => bytes[1]);
      watch(harness.layer.request(DEVICE, read));
      watch(harness.layer.request(DEVICE, put(2_000)));
      watch(harness.layer.request(DEVICE, read));
      expect(codes()).toEqual([1]);
      harness.answer(harness.takeOne(), {});
      expect(codes()).toEqual([3]);
      harness.answer(harness.takeOne(), answer(CONTINUE, 0, 1, 1024));
      expect(codes()).toEqual([3]);
      harness.answer(harness.takeOne(), answer(CHANGED, 1, 0, 1024));
      expect(codes()).toEqual([1]);
    }
  });

  it('sends a lost block again, with the same bytes, and gives it up like any message (RFC 7252 4.2)', async () => {
    const harness = new LayerHarness();
    const seen = watch(harness.layer.request(DEVICE, put(2_000)));
    harness.answer(harness.takeOne(), answer(CONTINUE, 0, 1, 1024));
    harness.advance(93_000);
    await settled();
    expect(new Set(harness.sent.map(({ bytes }) => bytes.toString('hex'))).size).toBe(1);
    expect([harness.sent.length, seen.code]).toEqual([5, 'coap/timeout']);
  });

  it('rejects with coap/too-large above the bound, before anything is sent', async () => {
    const harness = new LayerHarness(undefined, { limits: { uploadBytes: 2_000 } });
    const seen = [2_000, 2_001].map((length) => watch(harness.layer.request(DEVICE, put(length))));
    await settled();
    expect(seen.map(({ code }) => code)).toEqual([undefined, 'coap/too-large']);
    expect(harness.sent).toHaveLength(1);
  });

  it('with Observe has it in each of its blocks, and its token', async () => {
    const harness = new LayerHarness();
    const token = Buffer.from('t1');
    const observe: OutgoingRequest = { ...put(1_500), method: 'FETCH', observe: 0 };
    const seen = watch(harness.layer.request(DEVICE, observe, { token }));
    const first = harness.takeOne();
    harness.answer(first, answer(CONTINUE, 0, 1, 1024));
    const second = harness.takeOne();
    expect([first, second].map((one) => [one.token, numberIn(one, OBSERVE)])).toEqual([
      [token, 0],
      [token, 0],
    ]);
    harness.answer(second, { options: [option(OBSERVE, 3), option(BLOCK1, block(1, 0, 1024))], payload: text(5) });
    await settled();
    expect(seen.reply).toMatchObject({ code: '2.05', observe: 3, payload: text(5) });
  });

  it('rejects with coap/token when its token is longer than 8 bytes (RFC 7252 3)', async () => {
    const harness = new LayerHarness();
    const seen = watch(harness.layer.request(DEVICE, put(1), { token: Buffer.alloc(9) }));
    await settled();
    expect(seen.code).toBe('coap/token');
  });
});
