import { describe, expect, it } from 'vitest';
import { IpeError } from '../../../common/index.ts';
import type { CoapMessage } from '../../../lwm2m/coap/message.ts';
import type { OutgoingRequest } from '../../../lwm2m/coap/outgoing-request.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import { block, LayerHarness, numberIn, option, settled, text, watch } from './layer-harness.ts';
import {
  ACK,
  DEVICE,
  listening,
  notify,
  OBSERVE_TEMPERATURE,
  observing,
  piece,
  RST,
  TOKEN,
} from './notification-harness.ts';

const OBSERVE = 6;

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
        messageId: 0x7b50,
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

  it('as CON whose taking takes a while is acknowledged when that is over, and each duplicate after it', async () => {
    for (const fails of [false, true]) {
      let end!: () => void;
      const taking = new Promise<void>((resolve, reject) => {
        end = fails ? () => reject(new IpeError('test/failed', 'no')) : resolve;
      });
      const { harness, seen } = await observing(() => taking);
      const message = notify(0x7b51, 2, { payload: Buffer.from('x') });
      harness.receive(message);
      harness.receive(message);
      expect(harness.takeHex()).toEqual([]);
      end();
      await settled();
      expect(harness.takeHex()).toEqual([`${ACK}7b51`]);
      harness.receive(message);
      expect(harness.takeHex()).toEqual([`${ACK}7b51`]);
      expect(seen).toHaveLength(1);
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

  it('in an acknowledgement, as some devices send it, is taken as well, and never answered', async () => {
    for (const takes of [true, false]) {
      const { harness, seen } = await observing(() => takes);
      harness.receive(notify(9, 2, { type: 2 }));
      expect(seen.map(({ observe, confirmable }) => [observe, confirmable])).toEqual(takes ? [[2, false]] : []);
      expect([harness.sent.length, harness.layer.counters.unmatched]).toEqual([0, takes ? 0 : 1]);
    }
  });

  it('is no acknowledgement without Observe that matches nothing (RFC 7252 4.2)', async () => {
    const { harness, seen } = await observing();
    harness.receive({ type: 2, code: 0x45, messageId: 9, token: TOKEN });
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
  it('that overtakes the reply is the reply, and the late one a notification that its number shows to be older (RFC 7641 3.4)', async () => {
    const { harness, seen } = listening();
    const reply = watch(harness.layer.request(DEVICE, OBSERVE_TEMPERATURE, { token: TOKEN }));
    const request = harness.takeOne();
    harness.receive(notify(4, 2, { payload: Buffer.from('newer') }));
    harness.answer(request, { options: [option(OBSERVE, 1)], payload: Buffer.from('older') });
    await settled();
    expect(reply.reply).toMatchObject({ observe: 2, payload: Buffer.from('newer') });
    expect(seen.map(({ observe }) => observe)).toEqual([1]);
    expect(harness.takeHex()).toEqual([`${ACK}0004`]);
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
    expect(harness.takeHex()).toEqual([]);
    expect(harness.layer.held.heldNotifications).toBe(2);
    harness.answer(rest, piece(whole, 1, 'a'));
    harness.receive(notify(6, 4, { payload: Buffer.from('four') }));
    expect(payloads()).toEqual([]);
    await settled();
    expect(order).toEqual(['reply']);
    harness.advance(0);
    expect(payloads()).toEqual(['two', 'three', 'four']);
    expect(harness.takeHex()).toEqual([`${ACK}0004`, `${ACK}0006`]);
    expect(harness.layer.held).toMatchObject({ heldNotifications: 0, requests: 0 });
  });

  it('is acknowledged before the reply where that takes long, for its device may send nothing until then', async () => {
    const { harness, payloads } = listening();
    const first = piece(text(100), 0, 'a');
    watch(harness.layer.request(DEVICE, OBSERVE_TEMPERATURE, { token: TOKEN }));
    harness.answer(harness.takeOne(), { ...first, options: [option(OBSERVE, 1), ...first.options] });
    harness.take();
    harness.receive(notify(4, 2, { payload: Buffer.from('two') }));
    harness.advance(1_000);
    expect(harness.takeHex()).toEqual([]);
    harness.advance(1_000);
    expect([harness.takeHex(), payloads()]).toEqual([[`${ACK}0004`], []]);
  });

  it('as a separate answer is acknowledged when what it brought is kept, and each copy after it', async () => {
    let keep!: () => void;
    const durable = () =>
      new Promise<void>((resolve) => {
        keep = resolve;
      });
    const { harness } = listening(undefined, { durable });
    const reply = watch(harness.layer.request(DEVICE, OBSERVE_TEMPERATURE, { token: TOKEN }));
    const { messageId } = harness.takeOne();
    harness.receive({ type: 2, code: 0, messageId });
    const answer = notify(4, 2, { payload: Buffer.from('first') });
    harness.receive(answer);
    await settled();
    expect(reply.reply?.payload.toString()).toBe('first');
    harness.advance(0);
    harness.receive(answer);
    harness.advance(10_000);
    expect(harness.takeHex()).toEqual([]);
    keep();
    await settled();
    harness.receive(answer);
    expect(harness.takeHex()).toEqual([`${ACK}0004`, `${ACK}0004`]);
    expect(harness.layer.held.deadlines).toBe(1);
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
    expect(harness.takeHex()).toEqual([]);
    expect(harness.layer.counters.droppedBusy).toBe(4 + 10);
    for (const [address, { messageId, token }] of rests) {
      harness.receive({ type: 2, code: 0x45, messageId, token, ...piece(text(100), 1, 'a') }, address);
    }
    await settled();
    harness.advance(0);
    expect(harness.takeHex()).toHaveLength(8 + 2);
    harness.receive(notify(9, 10));
    expect([seen.length, harness.takeHex()]).toEqual([11, [`${ACK}0009`]]);
  });
});
