import { describe, expect, it } from 'vitest';
import type { CoapMessage } from '../../../lwm2m/coap/message.ts';
import type { MessageLayerOptions } from '../../../lwm2m/coap/message-layer.ts';
import type { CoapNotification } from '../../../lwm2m/coap/notification.ts';
import type { OutgoingRequest } from '../../../lwm2m/coap/outgoing-request.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import { block, LayerHarness, numberIn, option, settled, text, variedChances, watch } from './layer-harness.ts';

const DEVICE = peerAt('192.0.2.1', 5683);
const TOKEN = Buffer.from('4a', 'hex');
const OBSERVE_TEMPERATURE: OutgoingRequest = { method: 'GET', path: ['temperature'], observe: 0 };
const [OBSERVE, URI_PATH, BLOCK2, ETAG] = [6, 11, 23, 4];
const [ACK, RST] = ['6000', '7000'];

type Settings = Pick<MessageLayerOptions, 'limits' | 'observed'>;

/** A layer whose notifications are kept; `taken` says whether they are. */
function listening(taken: (notification: CoapNotification) => boolean = () => true, settings: Settings = {}) {
  const seen: CoapNotification[] = [];
  const notification = (one: CoapNotification): boolean => {
    const takes = taken(one);
    if (takes) seen.push(one);
    return takes;
  };
  const harness = new LayerHarness(undefined, { ...settings, notification });
  harness.chances.push(...variedChances());
  return { harness, seen, payloads: () => seen.map(({ payload }) => payload.toString()) };
}

/** An observation that the device has agreed to. */
async function observing(
  taken?: (notification: CoapNotification) => boolean,
  request = OBSERVE_TEMPERATURE,
  settings: Settings = {},
) {
  const made = listening(taken, settings);
  const { harness } = made;
  watch(harness.layer.request(DEVICE, request, { token: TOKEN }));
  harness.answer(harness.takeOne(), { options: [option(OBSERVE, 1)] });
  await settled();
  return made;
}

const notify = (messageId: number, observe: number, parts: Partial<CoapMessage> = {}): Partial<CoapMessage> => ({
  type: 0,
  code: 0x45,
  messageId,
  token: TOKEN,
  ...parts,
  options: [option(OBSERVE, observe), ...(parts.options ?? [])],
});

/** A block of a notification or of what fetches its rest. */
const piece = (whole: Buffer, number: number, version: string): Pick<CoapMessage, 'options' | 'payload'> => ({
  options: [option(ETAG, version), option(BLOCK2, block(number, (number + 1) * 64 < whole.length ? 1 : 0, 64))],
  payload: whole.subarray(number * 64, (number + 1) * 64),
});

/** Answers what is asked for the rest of a notification until nothing more is. */
async function serveRest(harness: LayerHarness, whole: Buffer, version: string): Promise<CoapMessage[]> {
  const asked: CoapMessage[] = [];
  for (let [request] = harness.take(); request !== undefined; [request] = harness.take()) {
    asked.push(request);
    harness.answer(request, piece(whole, block2Number(request), version));
    await settled();
  }
  return asked;
}

const block2Number = (message: CoapMessage): number => (numberIn(message, BLOCK2) ?? 0) >> 4;

describe('A notification (RFC 7641 3.2)', () => {
  it('follows the reply to our request with its token: RFC 7641 A.1, figure 3', async () => {
    const { harness, seen } = listening();
    const reply = watch(harness.layer.request(DEVICE, OBSERVE_TEMPERATURE, { token: TOKEN }));
    const { messageId } = harness.takeOne();
    const id = messageId.toString(16).padStart(4, '0');
    const cel = (value: string) => Buffer.from(`${value} Cel`).toString('hex');
    harness.receive(Buffer.from(`6145${id}4a6109810fff${cel('18.5')}`, 'hex'));
    harness.receive(Buffer.from(`51457b504a6110810fff${cel('19.2')}`, 'hex'));
    harness.advance(0);
    await settled();
    expect(reply.reply).toMatchObject({ observe: 9, maxAge: 15, payload: Buffer.from('18.5 Cel') });
    expect(seen).toEqual([
      {
        peer: DEVICE,
        token: TOKEN,
        code: '2.05',
        observe: 16,
        payload: Buffer.from('19.2 Cel'),
        confirmable: false,
        receivedAt: harness.now,
      },
    ]);
    expect(harness.sent).toEqual([]);
    expect(harness.layer.counters).toMatchObject({ replies: 1, notifications: 1, unmatched: 0 });
  });

  it('as CON is acknowledged when it is taken, and reset when not (RFC 7641 3.6, 4.2)', async () => {
    for (const takes of [true, false]) {
      const { harness, seen } = await observing(() => takes);
      harness.receive(notify(0x7b51, 2, { options: [option(12, 110)], payload: Buffer.from('x') }));
      expect(harness.takeHex()).toEqual([`${takes ? ACK : RST}7b51`]);
      expect(seen.map(({ contentFormat, confirmable }) => [contentFormat, confirmable])).toEqual(
        takes ? [[110, true]] : [],
      );
    }
  });

  it('as NON is answered with a reset only when it is not taken', async () => {
    for (const takes of [true, false]) {
      const { harness } = await observing(() => takes);
      harness.receive(notify(0x7b51, 2, { type: 1 }));
      expect(harness.takeHex()).toEqual(takes ? [] : [`${RST}7b51`]);
    }
  });

  it('is handed on once however often it comes, and each CON is acknowledged (RFC 7252 4.2, 4.3)', async () => {
    for (const type of [0, 1]) {
      const { harness, seen } = await observing();
      for (let n = 0; n < 3; n++) harness.receive(notify(0x7b51, 2, { type }));
      expect(seen).toHaveLength(1);
      expect(harness.takeHex()).toEqual(type === 0 ? Array(3).fill(`${ACK}7b51`) : []);
      expect(harness.layer.counters.duplicates).toBe(2);
    }
  });

  it('is the business of its device alone: the same token from elsewhere is another observation', async () => {
    const { harness, seen } = await observing(({ peer }) => peer.key === DEVICE.key);
    harness.receive(notify(5, 2), '192.0.2.66');
    expect(harness.takeHex()).toEqual([`${RST}0005`]);
    expect([seen.length, harness.layer.counters.unmatched]).toEqual([0, 1]);
  });

  it('may be an error, or have no Observe: whoever observes is told (RFC 7641 3.2, 4.2)', async () => {
    const { harness, seen } = await observing();
    harness.receive({ type: 0, code: 0x84, messageId: 9, token: TOKEN });
    expect(seen).toMatchObject([{ code: '4.04', observe: undefined }]);
  });

  it('that an ACK carries is none: acknowledgements answer requests', async () => {
    const { harness, seen } = await observing();
    harness.receive(notify(9, 2, { type: 2 }));
    expect([seen.length, harness.sent.length, harness.layer.counters.unmatched]).toEqual([0, 0, 1]);
  });

  it('is acknowledged although its handler fails, since the observation is still wanted', async () => {
    const { harness } = await observing(() => {
      throw new TypeError('a mistake');
    });
    harness.receive(notify(9, 2));
    expect(harness.takeHex()).toEqual([`${ACK}0009`]);
    expect(harness.layer.counters.handlerFailures).toBe(1);
  });

  it('is reset as CON and ignored as NON where nobody takes notifications', () => {
    const harness = new LayerHarness();
    harness.receive(notify(1, 2));
    harness.receive(notify(2, 2, { type: 1 }));
    expect(harness.takeHex()).toEqual([`${RST}0001`]);
  });

  it('is left unanswered once we stop: the device keeps it for whoever comes next', async () => {
    const { harness, seen } = await observing();
    harness.layer.stop();
    harness.receive(notify(1, 2));
    expect([seen.length, harness.sent.length]).toEqual([0, 0]);
  });

  it('that comes for a request given up meanwhile is the handler’s to know', async () => {
    const { harness, seen } = listening();
    const abort = new AbortController();
    watch(harness.layer.request(DEVICE, OBSERVE_TEMPERATURE, { token: TOKEN, signal: abort.signal }));
    abort.abort();
    harness.sent.length = 0;
    harness.receive(notify(4, 1));
    expect([seen.length, harness.takeHex()]).toEqual([1, [`${ACK}0004`]]);
  });
});

describe('A notification while our own request is open', () => {
  it('that overtakes the reply is the reply, and the late one is nothing (RFC 7641 3.2)', async () => {
    const { harness, seen } = listening();
    const reply = watch(harness.layer.request(DEVICE, OBSERVE_TEMPERATURE, { token: TOKEN }));
    const request = harness.takeOne();
    harness.receive(notify(4, 2, { payload: Buffer.from('newer') }));
    harness.answer(request, { options: [option(OBSERVE, 1)], payload: Buffer.from('older') });
    await settled();
    expect(reply.reply).toMatchObject({ observe: 2, payload: Buffer.from('newer') });
    expect([seen.length, harness.takeHex()]).toEqual([0, [`${ACK}0004`]]);
  });

  it('waits until the reply is whole and was seen, and keeps its order', async () => {
    const { harness, payloads } = listening();
    const whole = text(100);
    const order: string[] = [];
    const reply = harness.layer.request(DEVICE, OBSERVE_TEMPERATURE, { token: TOKEN });
    reply.then(() => order.push('reply'));
    const first = piece(whole, 0, 'a');
    harness.answer(harness.takeOne(), { ...first, options: [option(OBSERVE, 1), ...first.options] });
    const rest = harness.takeOne();
    harness.receive(notify(4, 2, { payload: Buffer.from('two') }));
    harness.receive(notify(5, 3, { type: 1, payload: Buffer.from('three') }));
    harness.receive(notify(4, 2, { payload: Buffer.from('two') }));
    expect(harness.takeHex()).toEqual([`${ACK}0004`, `${ACK}0004`]);
    expect(harness.layer.held.heldNotifications).toBe(2);
    harness.answer(rest, piece(whole, 1, 'a'));
    harness.receive(notify(6, 4, { payload: Buffer.from('four') }));
    expect(payloads()).toEqual([]);
    await settled();
    expect(order).toEqual(['reply']);
    harness.advance(0);
    expect(payloads()).toEqual(['two', 'three', 'four']);
    expect(harness.layer.held).toMatchObject({ heldNotifications: 0, requests: 0 });
  });

  it('is handed on as well when our request fails', async () => {
    const { harness, payloads } = listening();
    const reply = watch(harness.layer.request(DEVICE, OBSERVE_TEMPERATURE, { token: TOKEN }));
    const first = piece(text(100), 0, 'a');
    harness.answer(harness.takeOne(), { ...first, options: [option(OBSERVE, 1), ...first.options] });
    const rest = harness.takeOne();
    harness.receive(notify(4, 2, { payload: Buffer.from('two') }));
    harness.receive({ type: 3, code: 0, messageId: rest.messageId });
    await settled();
    harness.advance(0);
    expect([reply.code, payloads()]).toEqual(['coap/reset', ['two']]);
  });

  it('is not taken for the reply to our cancellation, which has no Observe (RFC 7641 3.6)', async () => {
    const { harness, payloads } = await observing();
    const reply = watch(harness.layer.request(DEVICE, { ...OBSERVE_TEMPERATURE, observe: 1 }, { token: TOKEN }));
    const request = harness.takeOne();
    expect([numberIn(request, OBSERVE), request.token]).toEqual([1, TOKEN]);
    harness.receive(notify(4, 2, { type: 1, payload: Buffer.from('late') }));
    await settled();
    expect([reply, payloads()]).toEqual([{}, ['late']]);
    harness.receive({ type: 1, code: 0x45, messageId: 77, token: TOKEN, payload: Buffer.from('done') });
    await settled();
    expect(reply.reply?.payload.toString()).toBe('done');
  });

  it('is not taken for the reply while blocks of our payload are still to go', async () => {
    const { harness, payloads } = listening();
    const request: OutgoingRequest = {
      method: 'FETCH',
      path: [],
      observe: 0,
      contentFormat: 110,
      payload: text(1_100),
    };
    const reply = watch(harness.layer.request(DEVICE, request, { token: TOKEN }));
    const first = harness.takeOne();
    harness.receive(notify(4, 8, { type: 1, payload: Buffer.from('of before') }));
    harness.answer(first, { code: 0x5f, options: [option(27, block(0, 1, 1024))] });
    harness.answer(harness.takeOne(), { options: [option(OBSERVE, 9)], payload: Buffer.from('reply') });
    await settled();
    harness.advance(0);
    expect([reply.reply?.payload.toString(), payloads()]).toEqual(['reply', ['of before']]);
  });

  it('is held back in bounded number: more are not acknowledged, so that the device sends them again', async () => {
    const { harness, seen } = listening(undefined, { limits: { heldNotifications: 10 } });
    const begin = (address: string): CoapMessage => {
      watch(harness.layer.request(peerAt(address, 5683), OBSERVE_TEMPERATURE, { token: TOKEN }));
      const first = piece(text(100), 0, 'a');
      const request = harness.takeOne();
      const options = [option(OBSERVE, 1), ...first.options];
      harness.receive({ ...request, type: 2, code: 0x45, ...first, options }, address);
      return harness.takeOne();
    };
    const rests = ['192.0.2.1', '192.0.2.2'].map((address) => [address, begin(address)] as const);
    for (const [address] of rests) {
      for (let id = 1; id <= 12; id++) harness.receive(notify(id, id + 1), address);
    }
    expect(harness.takeHex()).toHaveLength(8 + 2);
    expect(harness.layer.counters.droppedBusy).toBe(4 + 10);
    for (const [address, { messageId, token }] of rests) {
      harness.receive({ type: 2, code: 0x45, messageId, token, ...piece(text(100), 1, 'a') }, address);
    }
    await settled();
    harness.advance(0);
    harness.receive(notify(9, 10));
    expect([seen.length, harness.takeHex()]).toEqual([11, [`${ACK}0009`]]);
  });
});

describe('A notification in blocks (RFC 7959 2.6)', () => {
  it('is acknowledged at once, its rest asked for without Observe, and handed on whole', async () => {
    const whole = text(181);
    const { harness, seen } = await observing();
    harness.receive(notify(0xaf9c, 62_354, piece(whole, 0, 'v2')));
    expect(harness.sent.shift()?.bytes.toString('hex')).toBe(`${ACK}af9c`);
    harness.now += 500;
    const asked = await serveRest(harness, whole, 'v2');
    expect(asked.map(({ options }) => options)).toEqual(
      [1, 2].map((number) => [option(URI_PATH, 'temperature'), option(BLOCK2, block(number, 0, 64))]),
    );
    expect(asked.every(({ type, token }) => type === 0 && !token.equals(TOKEN))).toBe(true);
    expect(seen).toMatchObject([{ observe: 62_354, payload: whole, confirmable: true, token: TOKEN }]);
    expect(seen[0]?.receivedAt).toBe(harness.now - 500);
    expect(harness.layer.held).toMatchObject({ heldNotifications: 0, requests: 0, replyBytes: 0 });
  });

  it('has its rest asked for with the query, Accept and method of the observation', async () => {
    const composite: OutgoingRequest = {
      method: 'FETCH',
      path: ['x'],
      query: ['a=1'],
      accept: 112,
      contentFormat: 110,
      observe: 0,
      payload: '[]',
    };
    const { harness, seen } = await observing(undefined, composite);
    harness.receive(notify(1, 2, { type: 1, ...piece(text(70), 0, 'v') }));
    const [asked] = await serveRest(harness, text(70), 'v');
    const options = [option(11, 'x'), option(12, 110), option(15, 'a=1'), option(17, 112)];
    expect(asked?.options).toEqual([...options, option(BLOCK2, block(1, 0, 64))]);
    expect(asked).toMatchObject({ code: 5, payload: Buffer.alloc(0) });
    expect(seen).toMatchObject([{ confirmable: false, payload: text(70) }]);
  });

  it('lets nothing of its observation overtake it, others go on', async () => {
    const { harness, payloads } = await observing();
    const whole = Buffer.from('L'.repeat(100));
    harness.receive(notify(1, 2, { type: 1, ...piece(whole, 0, 'v') }));
    harness.receive(notify(2, 3, { type: 1, payload: Buffer.from('after') }));
    harness.receive(notify(3, 4, { type: 1, ...piece(whole, 0, 'v') }));
    harness.receive(notify(4, 3, { type: 1, token: Buffer.from('o'), payload: Buffer.from('other') }));
    harness.receive(notify(1, 2, { type: 1, payload: Buffer.from('elsewhere') }), '192.0.2.2');
    expect(payloads()).toEqual(['other', 'elsewhere']);
    await serveRest(harness, whole, 'v');
    expect(payloads().slice(2)).toEqual([whole.toString(), 'after', whole.toString()]);
    expect(harness.layer.held.heldNotifications).toBe(0);
  });

  it('is asked for anew when it changed meanwhile, and is then the newer', async () => {
    const { harness, payloads } = await observing();
    const [old, fresh] = [Buffer.from('o'.repeat(100)), Buffer.from('f'.repeat(100))];
    harness.receive(notify(1, 2, { type: 1, ...piece(old, 0, 'v1') }));
    const asked = await serveRest(harness, fresh, 'v2');
    expect(asked.map(block2Number)).toEqual([1, 0, 1]);
    expect(payloads()).toEqual([fresh.toString()]);
  });

  it('is lost when its rest cannot be had, and the next one goes on', async () => {
    const { harness, payloads } = await observing();
    harness.receive(notify(1, 2, { type: 1, ...piece(text(100), 0, 'v1') }));
    harness.receive(notify(2, 3, { type: 1, payload: Buffer.from('next') }));
    harness.answer(harness.takeOne(), { code: 0x84 });
    await settled();
    expect(payloads()).toEqual(['next']);
    harness.receive(notify(3, 4, { type: 1, ...piece(text(100), 0, 'v1') }));
    harness.advance(100_000);
    await settled();
    expect(harness.layer.counters.brokenNotifications).toBe(2);
    expect(harness.layer.held).toMatchObject({ heldNotifications: 0, requests: 0, replyBytes: 0 });
  });

  it('is bounded like a reply', async () => {
    const { harness, seen } = await observing(undefined, OBSERVE_TEMPERATURE, { limits: { replyBytes: 100 } });
    harness.receive(notify(1, 2, { type: 1, ...piece(text(1_000), 0, 'v1') }));
    await serveRest(harness, text(1_000), 'v1');
    expect([seen.length, harness.layer.counters.brokenNotifications]).toEqual([0, 1]);
    expect(harness.layer.held.replyBytes).toBe(0);
  });

  it('goes before the requests that wait, and not between the blocks of an upload', async () => {
    const { harness } = await observing();
    watch(harness.layer.request(DEVICE, { method: 'PUT', path: ['5'], payload: text(2_000) }));
    watch(harness.layer.request(DEVICE, { method: 'GET', path: ['3'] }));
    const upload = harness.takeOne();
    harness.receive(notify(1, 2, { type: 1, ...piece(text(100), 0, 'v') }));
    expect(harness.sent).toEqual([]);
    harness.answer(upload, { code: 0x5f, options: [option(27, block(0, 1, 1024))] });
    harness.answer(harness.takeOne(), { code: 0x44 });
    expect(numberIn(harness.takeOne(), BLOCK2)).toBe(block(1, 0, 64));
  });

  it('of an observation that nobody knows is reset: it could not be had whole', async () => {
    const { harness, seen } = listening();
    harness.receive(notify(1, 2, piece(text(100), 0, 'v')));
    expect([seen.length, harness.takeHex()]).toEqual([0, [`${RST}0001`]]);
  });

  it('of an observation that ended is reset: cancelled, refused, or ended by the device', async () => {
    const ends: ((harness: LayerHarness) => void)[] = [
      (harness) => {
        watch(harness.layer.request(DEVICE, { ...OBSERVE_TEMPERATURE, observe: 1 }, { token: TOKEN }));
        harness.answer(harness.takeOne(), {});
      },
      (harness) => harness.receive(notify(50, 2, { payload: Buffer.from('no') })),
      (harness) => harness.receive({ type: 0, code: 0xa0, messageId: 50, token: TOKEN }),
    ];
    for (const end of ends) {
      const { harness } = await observing(({ payload }) => payload.toString() !== 'no');
      end(harness);
      await settled();
      harness.sent.length = 0;
      harness.receive(notify(60, 3, piece(text(100), 0, 'v')));
      expect(harness.takeHex()).toEqual([`${RST}003c`]);
    }
  });

  it('of an earlier run, or of a device that moved, is known to whoever says so', async () => {
    const { harness, seen } = listening(undefined, {
      observed: (peer, token) => (peer.key === DEVICE.key && token.equals(TOKEN) ? OBSERVE_TEMPERATURE : undefined),
    });
    harness.receive(notify(1, 2, piece(text(100), 0, 'v')));
    harness.sent.shift();
    const [asked] = await serveRest(harness, text(100), 'v');
    expect(asked?.options[0]).toEqual(option(URI_PATH, 'temperature'));
    expect(seen).toMatchObject([{ observe: 2, payload: text(100) }]);
  });

  it('remembers so many observations and no more', async () => {
    const { harness, seen } = listening(undefined, { limits: { observations: 2 } });
    for (const token of ['a', 'b', 'c']) {
      watch(harness.layer.request(DEVICE, OBSERVE_TEMPERATURE, { token: Buffer.from(token) }));
      harness.answer(harness.takeOne(), { options: [option(OBSERVE, 1)] });
    }
    for (const [id, token] of [...'abc'].entries()) {
      harness.receive(notify(id, 2, { type: 1, token: Buffer.from(token), ...piece(text(100), 0, 'v') }));
      if (token === 'a') expect(harness.takeHex()).toEqual([`${RST}0000`]);
      else await serveRest(harness, text(100), 'v');
    }
    expect(seen.map(({ token }) => token.toString())).toEqual(['b', 'c']);
  });

  it('waiting for another is handed on when we stop, if it is whole', async () => {
    const { harness, payloads } = await observing();
    harness.receive(notify(1, 2, { type: 1, ...piece(text(100), 0, 'v') }));
    harness.receive(notify(2, 3, { payload: Buffer.from('whole') }));
    harness.layer.stop();
    await settled();
    expect(payloads()).toEqual(['whole']);
    expect(harness.layer.held).toMatchObject({ heldNotifications: 0, requests: 0 });
  });
});
