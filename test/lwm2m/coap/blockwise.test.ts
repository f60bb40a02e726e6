import { describe, expect, it } from 'vitest';
import type { CoapMessage } from '../../../lwm2m/coap/message.ts';
import type { CoapRequest, CoapResponse } from '../../../lwm2m/coap/types.ts';
import { block, LayerHarness, message, numberIn, option, settled } from './layer-harness.ts';

const PUT = 3;
const POST = 2;
const BLOCK1 = 27;
const BLOCK2 = 23;
const SIZE1 = 60;
const SIZE2 = 28;
const ETAG = 4;
const CONTINUE = 0x5f;
const CHANGED = 0x44;
const CONTENT = 0x45;
const INCOMPLETE = 0x88;
const TOO_LARGE = 0x8d;
const BUSY = 0xa3;

const TEXT = Buffer.from(Array.from({ length: 70_000 }, (_, at) => 32 + (at % 90)));

/** Sends one block of TEXT and gives the answer. */
function send(
  harness: LayerHarness,
  [number, more, size]: [number, 0 | 1, number],
  length: number,
  extra: Partial<CoapMessage> & { address?: string } = {},
): CoapMessage {
  const { address, options = [], ...rest } = extra;
  const start = number * size;
  harness.receive(
    message({
      code: PUT,
      messageId: number + 1,
      payload: TEXT.subarray(start, more ? start + size : length),
      options: [option(11, 'options'), option(BLOCK1, block(number, more, size)), ...options],
      ...rest,
    }),
    address,
  );
  return harness.take()[0] as CoapMessage;
}

/** A handler that keeps what it is asked. */
function collector(response: CoapResponse = { code: '2.04' }) {
  const requests: CoapRequest[] = [];
  const handler = (request: CoapRequest): CoapResponse => {
    requests.push(request);
    return response;
  };
  return { requests, handler };
}

describe('A request in blocks (RFC 7959 2.3, 2.5)', () => {
  it('reaches the handler once and whole: the atomic PUT of RFC 7959 3.2', () => {
    const { requests, handler } = collector();
    const harness = new LayerHarness(handler);
    const answers = [
      send(harness, [0, 1, 128], 300),
      send(harness, [1, 1, 128], 300),
      send(harness, [2, 0, 128], 300, { token: Buffer.from('last') }),
    ];
    expect(answers.map(({ code }) => code)).toEqual([CONTINUE, CONTINUE, CHANGED]);
    expect(answers.map((answer) => numberIn(answer, BLOCK1))).toEqual([
      block(0, 1, 128),
      block(1, 1, 128),
      block(2, 0, 128),
    ]);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: 'PUT', path: ['options'], payload: TEXT.subarray(0, 300) });
    expect(requests[0]?.token.toString()).toBe('last');
    expect(harness.layer.held).toMatchObject({ uploads: 0, uploadBytes: 0 });
  });

  it('goes on in the smaller size that we ask for: the negotiation of RFC 7959 3.2', () => {
    const { requests, handler } = collector();
    const harness = new LayerHarness(handler, { parameters: { blockSize: 32 } });
    const first = send(harness, [0, 1, 128], 200);
    expect(first.code).toBe(CONTINUE);
    expect(numberIn(first, BLOCK1)).toBe(block(0, 1, 32));
    expect(numberIn(send(harness, [4, 1, 32], 200), BLOCK1)).toBe(block(4, 1, 32));
    expect(send(harness, [5, 1, 32], 200).code).toBe(CONTINUE);
    expect(send(harness, [6, 0, 32], 200).code).toBe(CHANGED);
    expect(requests[0]?.payload).toEqual(TEXT.subarray(0, 200));
  });

  it('is taken in larger blocks too when the device does not care for our wish', () => {
    const { requests, handler } = collector();
    const harness = new LayerHarness(handler, { parameters: { blockSize: 64 } });
    send(harness, [0, 1, 256], 600);
    expect(numberIn(send(harness, [1, 1, 256], 600), BLOCK1)).toBe(block(1, 1, 256));
    expect(send(harness, [2, 0, 256], 600).code).toBe(CHANGED);
    expect(requests[0]?.payload).toEqual(TEXT.subarray(0, 600));
  });

  it('may be of one block only', () => {
    const { requests, handler } = collector();
    const harness = new LayerHarness(handler);
    const answer = send(harness, [0, 0, 1024], 100);
    expect([answer.code, numberIn(answer, BLOCK1)]).toEqual([CHANGED, block(0, 0, 1024)]);
    expect(requests[0]?.payload.length).toBe(100);
  });

  it('is the same whether its blocks come once or twice, with the same id or another', () => {
    const { requests, handler } = collector();
    const harness = new LayerHarness(handler);
    const first = send(harness, [0, 1, 128], 300);
    expect(send(harness, [0, 1, 128], 300)).toEqual(first);
    const second = send(harness, [1, 1, 128], 300);
    expect(send(harness, [1, 1, 128], 300)).toEqual(second);
    expect(send(harness, [0, 1, 128], 300)).toEqual(first);
    expect(send(harness, [1, 1, 128], 300, { messageId: 77 }).code).toBe(CONTINUE);
    const last = send(harness, [2, 0, 128], 300);
    expect(send(harness, [2, 0, 128], 300)).toEqual(last);
    expect(requests.map(({ payload }) => payload)).toEqual([TEXT.subarray(0, 300)]);
  });

  it('begins anew with a new block 0', () => {
    const { requests, handler } = collector();
    const harness = new LayerHarness(handler);
    send(harness, [0, 1, 128], 300);
    send(harness, [1, 1, 128], 300);
    send(harness, [0, 1, 128], 200, { messageId: 50 });
    send(harness, [1, 0, 128], 200, { messageId: 51 });
    expect(requests[0]?.payload).toEqual(TEXT.subarray(0, 200));
  });

  it('is answered 4.08 when a block is missing or the first was never seen (RFC 7959 2.9.2)', () => {
    const harness = new LayerHarness(() => expect.unreachable());
    expect(send(harness, [1, 1, 128], 300).code).toBe(INCOMPLETE);
    send(harness, [0, 1, 128], 600);
    expect(send(harness, [2, 1, 128], 600).code).toBe(INCOMPLETE);
    expect(harness.layer.held.uploads).toBe(0);
  });

  it('is answered 4.08 when its Content-Format changes (RFC 7959 2.9.2)', () => {
    const harness = new LayerHarness(() => expect.unreachable());
    send(harness, [0, 1, 128], 300);
    const other = [option(11, 'options'), option(12, 40), option(BLOCK1, block(1, 1, 128))];
    harness.receive(message({ code: PUT, messageId: 2, options: other, payload: TEXT.subarray(128, 256) }));
    expect(harness.take()[0]?.code).toBe(INCOMPLETE);
  });

  it('is answered 4.00 when a block is not of its size', () => {
    const harness = new LayerHarness(() => expect.unreachable());
    expect(send(harness, [0, 1, 128], 0, { payload: TEXT.subarray(0, 127) }).code).toBe(0x80);
    expect(send(harness, [0, 1, 128], 0, { messageId: 2, payload: TEXT.subarray(0, 129) }).code).toBe(0x80);
    expect(send(harness, [0, 0, 128], 0, { messageId: 3, payload: TEXT.subarray(0, 129) }).code).toBe(0x80);
  });

  it('is answered 4.13 with our limit as soon as it is too large, or says so (RFC 7959 2.9.3, 4)', () => {
    const harness = new LayerHarness(() => expect.unreachable(), { limits: { requestBytes: 256 } });
    const announced = send(harness, [0, 1, 128], 300, { options: [option(SIZE1, 300)] });
    expect([announced.code, numberIn(announced, SIZE1)]).toEqual([TOO_LARGE, 256]);
    expect(numberIn(announced, BLOCK1)).toBe(block(0, 1, 128));
    expect(send(harness, [0, 1, 128], 300, { messageId: 10 }).code).toBe(CONTINUE);
    expect(send(harness, [1, 1, 128], 300).code).toBe(CONTINUE);
    const grown = send(harness, [2, 0, 128], 300);
    expect([grown.code, numberIn(grown, SIZE1)]).toEqual([TOO_LARGE, 256]);
    expect(harness.layer.held).toMatchObject({ uploads: 0, uploadBytes: 0 });
    harness.receive(message({ code: POST, messageId: 20, payload: TEXT.subarray(0, 257) }));
    const whole = harness.take()[0] as CoapMessage;
    expect([whole.code, numberIn(whole, SIZE1)]).toEqual([TOO_LARGE, 256]);
  });

  it('may have as much as is set and not a byte more', () => {
    const { requests, handler } = collector();
    const harness = new LayerHarness(handler, { limits: { requestBytes: 65_536 } });
    for (let number = 0; number < 63; number++) {
      expect(send(harness, [number, 1, 1024], 65_536).code).toBe(CONTINUE);
    }
    expect(send(harness, [63, 0, 1024], 65_536).code).toBe(CHANGED);
    expect(requests[0]?.payload).toEqual(TEXT.subarray(0, 65_536));
    for (let number = 0; number < 64; number++) send(harness, [number, 1, 1024], 65_537, { token: Buffer.from('2') });
    expect(send(harness, [64, 0, 1024], 65_537).code).toBe(TOO_LARGE);
    expect(requests).toHaveLength(1);
  });

  it('is one of its device: blocks of two devices with equal ids and tokens do not mix', () => {
    const { requests, handler } = collector();
    const harness = new LayerHarness(handler);
    for (const number of [0, 1, 2]) {
      for (const address of ['192.0.2.1', '192.0.2.2']) {
        const payload = Buffer.alloc(16, `${number}${address.slice(-1)}`);
        const step: [number, 0 | 1, number] = [number, number < 2 ? 1 : 0, 16];
        expect(send(harness, step, 48, { address, payload }).code).toBe(number < 2 ? CONTINUE : CHANGED);
      }
    }
    expect(requests.map(({ payload }) => payload.toString())).toEqual([
      '01'.repeat(8) + '11'.repeat(8) + '21'.repeat(8),
      '02'.repeat(8) + '12'.repeat(8) + '22'.repeat(8),
    ]);
  });

  it('is forgotten when no block comes for EXCHANGE_LIFETIME', () => {
    const harness = new LayerHarness(() => expect.unreachable());
    send(harness, [0, 1, 128], 300);
    harness.advance(200_000);
    expect(send(harness, [1, 1, 128], 400).code).toBe(CONTINUE);
    harness.advance(246_999);
    expect(harness.layer.held.uploads).toBe(1);
    harness.advance(2);
    expect(harness.layer.held).toMatchObject({ uploads: 0, uploadBytes: 0 });
    expect(send(harness, [2, 0, 128], 300).code).toBe(INCOMPLETE);
    harness.advance(300_000);
    expect(harness.layer.held).toMatchObject({ messages: 0, peers: 0, deadlines: 0 });
  });

  it('is answered 5.03 with Max-Age when there is no room, until others are done or seem abandoned', () => {
    const { handler } = collector();
    const harness = new LayerHarness(handler, { limits: { blockTransfers: 2 } });
    send(harness, [0, 1, 128], 300, { address: '192.0.2.1' });
    send(harness, [0, 1, 128], 300, { address: '192.0.2.2' });
    const refused = send(harness, [0, 1, 128], 300, { address: '192.0.2.3' });
    expect([refused.code, numberIn(refused, 14)]).toEqual([BUSY, 10]);
    expect(send(harness, [1, 0, 128], 200, { address: '192.0.2.1' }).code).toBe(CHANGED);
    expect(send(harness, [0, 1, 128], 300, { address: '192.0.2.3', messageId: 9 }).code).toBe(CONTINUE);
    harness.advance(60_000);
    expect(send(harness, [0, 1, 128], 300, { address: '192.0.2.4' }).code).toBe(CONTINUE);
    expect(send(harness, [1, 0, 128], 200, { address: '192.0.2.2' }).code).toBe(INCOMPLETE);
  });

  it('never makes us hold more bytes than the bound, whatever Size1 promises', () => {
    const harness = new LayerHarness(undefined, { limits: { blockTransferBytes: 100_000 } });
    for (let peer = 0; peer < 200; peer++) {
      for (let number = 0; number < 30; number++) {
        const options = [option(SIZE1, 60_000)];
        send(harness, [number, 1, 1024], 0, { options, address: `2001:db8::${peer.toString(16)}` });
        expect(harness.layer.held.uploadBytes).toBeLessThanOrEqual(100_000);
      }
    }
    expect(harness.layer.held.uploads).toBeGreaterThan(0);
  });
});

describe('An answer that is longer than a block (RFC 7959 2.4)', () => {
  const get = (harness: LayerHarness, messageId: number, block2?: number, path = 'status'): CoapMessage => {
    const options = [option(11, path)];
    if (block2 !== undefined) options.push(option(BLOCK2, block2));
    harness.receive(message({ messageId, options }));
    return harness.take()[0] as CoapMessage;
  };

  it('is fetched block by block from memory', () => {
    const { requests, handler } = collector({ code: '2.05', contentFormat: 40, payload: TEXT.subarray(0, 2_500) });
    const harness = new LayerHarness(handler);
    const first = get(harness, 1);
    expect(first.code).toBe(CONTENT);
    expect(numberIn(first, BLOCK2)).toBe(block(0, 1, 1024));
    expect(numberIn(first, SIZE2)).toBe(2_500);
    const parts = [first, get(harness, 2, block(1, 0, 1024)), get(harness, 3, block(2, 0, 1024))];
    expect(parts.map((part) => numberIn(part, BLOCK2))).toEqual([
      block(0, 1, 1024),
      block(1, 1, 1024),
      block(2, 0, 1024),
    ]);
    expect(Buffer.concat(parts.map(({ payload }) => payload))).toEqual(TEXT.subarray(0, 2_500));
    expect(new Set(parts.map((part) => numberIn(part, ETAG))).size).toBe(1);
    expect(parts.map((part) => numberIn(part, 12))).toEqual([40, 40, 40]);
    expect(requests).toHaveLength(1);
  });

  it('comes in the size that the device asks for at once or later: the early and the late negotiation of RFC 7959 3.1', () => {
    const { handler } = collector({ code: '2.05', payload: TEXT.subarray(0, 1_100).toString() });
    const harness = new LayerHarness(handler);
    const early = get(harness, 1, block(0, 0, 64));
    expect([numberIn(early, BLOCK2), early.payload.length]).toEqual([block(0, 1, 64), 64]);
    expect(get(harness, 2, block(17, 0, 64)).payload).toEqual(TEXT.subarray(1_088, 1_100));
    get(harness, 3);
    const late = get(harness, 4, block(16, 0, 64));
    expect([numberIn(late, BLOCK2), late.payload.length]).toEqual([block(16, 1, 64), 64]);
  });

  it('goes on in our size when the device asks for a larger one', () => {
    const { handler } = collector({ code: '2.05', payload: TEXT.subarray(0, 300) });
    const harness = new LayerHarness(handler, { parameters: { blockSize: 64 } });
    expect(numberIn(get(harness, 1, block(0, 0, 1024)), BLOCK2)).toBe(block(0, 1, 64));
    const second = get(harness, 2, block(1, 0, 128));
    expect([numberIn(second, BLOCK2), second.payload]).toEqual([block(2, 1, 64), TEXT.subarray(128, 192)]);
  });

  it('is asked of the handler again when a GET comes too late for it, and 4.00 behind its end', () => {
    const { requests, handler } = collector({ code: '2.05', payload: TEXT.subarray(0, 2_500) });
    const harness = new LayerHarness(handler);
    get(harness, 1);
    harness.advance(300_000);
    expect(harness.layer.held.deadlines).toBe(0);
    expect(get(harness, 2, block(1, 0, 1024)).payload).toEqual(TEXT.subarray(1024, 2048));
    expect(requests).toHaveLength(2);
    expect(get(harness, 3, block(3, 0, 1024)).code).toBe(0x80);
  });

  it('is never asked of the handler again for a POST: 4.08', () => {
    const harness = new LayerHarness(() => expect.unreachable());
    harness.receive(message({ code: POST, options: [option(BLOCK2, block(1, 0, 64))] }));
    expect(harness.take()[0]?.code).toBe(INCOMPLETE);
  });

  it('may follow a request in blocks (RFC 7959 3.3)', () => {
    const { requests, handler } = collector({ code: '2.04', payload: TEXT.subarray(0, 300) });
    const harness = new LayerHarness(handler, { parameters: { blockSize: 128 } });
    send(harness, [0, 1, 128], 300, { code: POST });
    send(harness, [1, 1, 128], 300, { code: POST });
    const turn = send(harness, [2, 0, 128], 300, { code: POST });
    expect([numberIn(turn, BLOCK1), numberIn(turn, BLOCK2)]).toEqual([block(2, 0, 128), block(0, 1, 128)]);
    const options = (number: number) => [option(11, 'options'), option(BLOCK2, block(number, 0, 128))];
    harness.receive(message({ code: POST, messageId: 4, options: options(1) }));
    harness.receive(message({ code: POST, messageId: 5, options: options(2) }));
    const rest = harness.take();
    expect(Buffer.concat([turn, ...rest].map(({ payload }) => payload))).toEqual(TEXT.subarray(0, 300));
    expect(requests).toHaveLength(1);
  });

  it('may come separately, after an empty acknowledgement', async () => {
    const answers: ((response: CoapResponse) => void)[] = [];
    const harness = new LayerHarness(() => new Promise((resolve) => answers.push(resolve)));
    harness.receive(message({ options: [option(11, 'status')] }));
    harness.advance(1_000);
    harness.sent.length = 0;
    answers[0]?.({ code: '2.05', payload: TEXT.subarray(0, 1_500) });
    await settled();
    const first = harness.take()[0] as CoapMessage;
    expect([first.type, numberIn(first, BLOCK2)]).toEqual([0, block(0, 1, 1024)]);
    expect(get(harness, 2, block(1, 0, 1024)).payload).toEqual(TEXT.subarray(1024, 1_500));
  });

  it('is kept within bounds of number and bytes', () => {
    const { requests, handler } = collector({ code: '2.05', payload: TEXT.subarray(0, 2_000) });
    const harness = new LayerHarness(handler, { limits: { largeAnswers: 10, largeAnswerBytes: 6_000 } });
    for (let n = 0; n < 4; n++) get(harness, n, undefined, `p${n}`);
    get(harness, 10, block(1, 0, 1024), 'p3');
    expect(requests).toHaveLength(4);
    get(harness, 11, block(1, 0, 1024), 'p0');
    expect(requests).toHaveLength(5);
  });
});
