import { describe, expect, it } from 'vitest';
import type { CoapMessage } from '../../../lwm2m/coap/message.ts';
import type { OutgoingRequest } from '../../../lwm2m/coap/outgoing-request.ts';
import { block, type LayerHarness, numberIn, option, settled, text, watch } from './layer-harness.ts';
import {
  ACK,
  block2Number,
  DEVICE,
  listening,
  notify,
  OBSERVE_TEMPERATURE,
  observing,
  piece,
  RST,
  serveRest,
  TOKEN,
} from './notification-harness.ts';

const [OBSERVE, URI_PATH, BLOCK2] = [6, 11, 23];

describe('A notification in blocks (RFC 7959 2.6)', () => {
  it('has its rest asked for without Observe, is handed on whole, and acknowledged when that was taken', async () => {
    const whole = text(181);
    let taken!: () => void;
    const taking = new Promise<void>((resolve) => {
      taken = resolve;
    });
    const { harness, seen } = await observing(() => taking);
    harness.receive(notify(0xaf9c, 62_354, piece(whole, 0, 'v2')));
    harness.now += 500;
    const asked = await serveRest(harness, whole, 'v2');
    harness.receive(notify(0xaf9c, 62_354, piece(whole, 0, 'v2')));
    harness.advance(60_000);
    expect(harness.takeHex()).toEqual([]);
    harness.now -= 60_000;
    taken();
    await settled();
    expect(harness.takeHex()).toEqual([`${ACK}af9c`]);
    expect(asked.map(({ options }) => options)).toEqual(
      [1, 2].map((number) => [option(URI_PATH, 'temperature'), option(BLOCK2, block(number, 0, 64))]),
    );
    expect(asked.every(({ type, token }) => type === 0 && !token.equals(TOKEN))).toBe(true);
    expect(seen).toMatchObject([{ observe: 62_354, payload: whole, confirmable: true, token: TOKEN }]);
    expect(seen[0]?.receivedAt).toBe(harness.now - 500);
    expect(harness.layer.held).toMatchObject({ heldNotifications: 0, requests: 0, replyBytes: 0 });
  });

  it('is acknowledged before that where its device sends nothing until then, or takes too long for all of it', async () => {
    const whole = text(64 * 20);
    const { harness, payloads } = await observing();
    harness.receive(notify(7, 2, piece(whole, 0, 'v')));
    const [request] = harness.take();
    harness.advance(1_999);
    expect(harness.takeHex()).toEqual([]);
    harness.advance(1);
    expect(harness.takeHex()).toEqual([`${ACK}0007`]);
    harness.answer(request as CoapMessage, piece(whole, 1, 'v'));
    await serveRest(harness, whole, 'v');
    harness.receive(notify(8, 3, piece(whole, 0, 'v')));
    const began = harness.now;
    const acknowledged: number[] = [];
    for (let [block] = harness.take(); block !== undefined; [block] = harness.take()) {
      harness.advance(1_500);
      acknowledged.push(
        ...harness.sent.filter(({ bytes }) => bytes.toString('hex') === `${ACK}0008`).map(({ at }) => at),
      );
      harness.sent.length = 0;
      harness.answer(block, piece(whole, block2Number(block), 'v'));
      await settled();
    }
    expect(acknowledged).toEqual([began + 16_000]);
    expect(payloads()).toEqual([whole.toString(), whole.toString()]);
  });

  it('is reset when nobody wants it, if it was not acknowledged before', async () => {
    const { harness } = await observing(() => false);
    harness.receive(notify(7, 2, piece(text(100), 0, 'v')));
    await serveRest(harness, text(100), 'v');
    harness.receive(notify(8, 3, piece(text(100), 0, 'v')));
    expect(harness.takeHex()).toEqual([`${RST}0008`]);
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
    const [asked] = await serveRest(harness, text(100), 'v');
    expect(asked?.options[0]).toEqual(option(URI_PATH, 'temperature'));
    expect(seen).toMatchObject([{ observe: 2, payload: text(100) }]);
  });

  it('is reset, and harms nobody, when whoever knows observations fails', () => {
    const { harness } = listening(undefined, {
      observed: () => {
        throw new TypeError('a mistake');
      },
    });
    harness.receive(notify(1, 2, piece(text(100), 0, 'v')));
    expect(harness.takeHex()).toEqual([`${RST}0001`]);
    expect(harness.layer.counters.handlerFailures).toBe(1);
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

  it('waiting for another is handed on when we stop, if it is whole; what is not acknowledged comes again', async () => {
    const { harness, payloads } = await observing();
    harness.receive(notify(1, 2, piece(text(100), 0, 'v')));
    harness.receive(notify(2, 3, { payload: Buffer.from('whole') }));
    harness.sent.length = 0;
    harness.layer.stop();
    await settled();
    harness.advance(10_000);
    expect(payloads()).toEqual(['whole']);
    expect(harness.takeHex()).not.toContain(`${ACK}0001`);
    expect(harness.layer.held).toMatchObject({ heldNotifications: 0, requests: 0 });
  });
});
