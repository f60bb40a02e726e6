import { describe, expect, it } from 'vitest';
import type { OutgoingRequest } from '../../../lwm2m/coap/outgoing-request.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import { LayerHarness, message, option, settled, watch } from './layer-harness.ts';

const DEVICE = peerAt('192.0.2.1', 5683);
const READ: OutgoingRequest = { method: 'GET', path: ['3', '0', '0'] };

describe('A request to a device', () => {
  it('goes out as CON with a token of ours and without Uri-Host', () => {
    const harness = new LayerHarness();
    watch(
      harness.layer.request(DEVICE, {
        method: 'PUT',
        path: ['3303', '0'],
        query: ['pmin=1', 'pmax=10'],
        contentFormat: 11542,
        accept: 110,
        observe: 0,
        payload: 'x',
      }),
    );
    const [sent] = harness.take();
    expect(sent?.token.length).toBeGreaterThanOrEqual(4);
    expect(sent).toMatchObject({
      type: 0,
      code: 3,
      options: [
        option(6, 0),
        option(11, '3303'),
        option(11, '0'),
        option(12, 11542),
        option(15, 'pmin=1'),
        option(15, 'pmax=10'),
        option(17, 110),
      ],
      payload: Buffer.from('x'),
    });
  });

  it('resolves to the piggybacked reply with its options', async () => {
    const harness = new LayerHarness();
    const seen = watch(harness.layer.request(DEVICE, READ));
    const [{ messageId, token }] = harness.take() as [ReturnType<typeof message>];
    const options = [option(4, 'e'), option(6, 7), option(8, 'a'), option(12, 40), option(14, 5), option(23, 6)];
    harness.receive(message({ type: 2, code: 0x45, messageId, token, options, payload: Buffer.from('Open') }));
    await settled();
    expect(seen.reply).toEqual({
      code: '2.05',
      etag: Buffer.from('e'),
      observe: 7,
      locationPath: ['a'],
      contentFormat: 40,
      maxAge: 5,
      payload: Buffer.from('Open'),
    });
    harness.advance(100_000);
    expect(harness.sent).toEqual([]);
    expect(harness.layer.counters).toMatchObject({ replies: 1, retransmissions: 0 });
  });

  it('resolves to the separate reply and acknowledges it, and its duplicate (RFC 7252 4.2, 5.2.2)', async () => {
    const harness = new LayerHarness();
    const seen = watch(harness.layer.request(DEVICE, READ));
    const [{ messageId, token }] = harness.take() as [ReturnType<typeof message>];
    harness.receive(message({ type: 2, code: 0, messageId }));
    harness.advance(20_000);
    expect(harness.sent).toEqual([]);
    const separate = message({ type: 0, code: 0x45, messageId: 0x7777, token });
    harness.receive(separate);
    harness.receive(separate);
    await settled();
    expect(seen.reply?.code).toBe('2.05');
    expect(harness.takeHex()).toEqual(['60007777', '60007777']);
    expect(harness.layer.counters.duplicates).toBe(1);
  });

  it('takes a separate reply that overtakes the acknowledgement', async () => {
    const harness = new LayerHarness();
    const seen = watch(harness.layer.request(DEVICE, READ));
    const [{ messageId, token }] = harness.take() as [ReturnType<typeof message>];
    harness.receive(message({ type: 1, code: 0x84, messageId: 1, token }));
    harness.receive(message({ type: 2, code: 0, messageId }));
    await settled();
    expect(seen.reply?.code).toBe('4.04');
    harness.advance(100_000);
    expect(harness.sent).toEqual([]);
  });

  it('is sent again until it is acknowledged, then rejects with coap/timeout (RFC 7252 4.2)', async () => {
    const harness = new LayerHarness();
    harness.chances.push(0, 0, 0, 0); // message id, token, and the first interval: ACK_TIMEOUT
    const seen = watch(harness.layer.request(DEVICE, READ, { timeout: 600_000 }));
    harness.advance(61_999);
    await settled();
    expect(harness.sent.map(({ at }) => at - 1_000_000)).toEqual([0, 2_000, 6_000, 14_000, 30_000]);
    expect(seen).toEqual({});
    harness.advance(1);
    await settled();
    expect(seen).toEqual({ code: 'coap/timeout', retryable: true });
  });

  it('rejects with coap/timeout when the device acknowledges and never replies', async () => {
    const harness = new LayerHarness();
    const seen = watch(harness.layer.request(DEVICE, READ, { timeout: 10_000 }));
    const [{ messageId }] = harness.take() as [ReturnType<typeof message>];
    harness.receive(message({ type: 2, code: 0, messageId }));
    harness.advance(9_999);
    await settled();
    expect(seen).toEqual({});
    harness.advance(1);
    await settled();
    expect(seen.code).toBe('coap/timeout');
  });

  it('rejects with coap/reset when the device resets it, CON or NON', async () => {
    const harness = new LayerHarness();
    for (const confirmable of [true, false]) {
      const seen = watch(harness.layer.request(DEVICE, { ...READ, confirmable }));
      const [{ messageId, type }] = harness.take() as [ReturnType<typeof message>];
      expect(type).toBe(confirmable ? 0 : 1);
      harness.receive(message({ type: 3, code: 0, messageId }));
      await settled();
      expect(seen.code).toBe('coap/reset');
    }
    expect(harness.layer.counters.reset).toBe(2);
  });

  it('as NON takes a reply in a NON, a CON, or an acknowledgement', async () => {
    const harness = new LayerHarness();
    for (const type of [1, 0, 2]) {
      const seen = watch(harness.layer.request(DEVICE, { ...READ, confirmable: false }));
      const [{ messageId, token }] = harness.take() as [ReturnType<typeof message>];
      harness.receive(message({ type, code: 0x45, messageId: type === 2 ? messageId : 99 + type, token }));
      await settled();
      expect(seen.reply?.code).toBe('2.05');
      harness.sent.length = 0;
    }
  });

  it('rejects with coap/aborted as soon as it is called off, and is not sent again', async () => {
    const harness = new LayerHarness();
    const abort = new AbortController();
    const seen = watch(harness.layer.request(DEVICE, READ, { signal: abort.signal }));
    const [{ token }] = harness.take() as [ReturnType<typeof message>];
    abort.abort();
    await settled();
    expect(seen.code).toBe('coap/aborted');
    harness.advance(100_000);
    expect(harness.sent).toEqual([]);
    harness.receive(message({ type: 0, code: 0x45, messageId: 5, token }));
    expect(harness.takeHex()).toEqual(['70000005']);
    const again = watch(harness.layer.request(DEVICE, READ, { signal: abort.signal }));
    await settled();
    expect(again.code).toBe('coap/aborted');
    expect(harness.sent).toEqual([]);
  });

  it('waits for the one before it to the same device, not for other devices (NSTART, RFC 7252 4.7)', async () => {
    const harness = new LayerHarness();
    const other = peerAt('192.0.2.2', 5683);
    const first = watch(harness.layer.request(DEVICE, READ));
    const second = watch(harness.layer.request(DEVICE, { ...READ, path: ['1'] }));
    watch(harness.layer.request(other, READ));
    expect(harness.sent.map(({ to }) => to)).toEqual([DEVICE.key, other.key]);
    const [{ messageId, token }] = harness.take() as [ReturnType<typeof message>];
    harness.receive(message({ type: 2, code: 0x45, messageId, token }));
    const [next] = harness.take() as [ReturnType<typeof message>];
    expect(next.options).toEqual([option(11, '1')]);
    expect(next.messageId).not.toBe(messageId);
    harness.receive(message({ type: 2, code: 0x44, messageId: next.messageId, token: next.token }));
    await settled();
    expect([first.reply?.code, second.reply?.code]).toEqual(['2.05', '2.04']);
  });

  it('rejects with coap/busy when too many wait, for one device or in all', async () => {
    const harness = new LayerHarness(undefined, { limits: { requestsPerPeer: 2, requestsInAll: 3 } });
    const seen = [1, 1, 1, 2, 2].map((n) => watch(harness.layer.request(peerAt(`192.0.2.${n}`, 1), READ)));
    await settled();
    expect(seen.map(({ code }) => code)).toEqual([undefined, undefined, 'coap/busy', undefined, 'coap/busy']);
    expect(seen[2]?.retryable).toBe(true);
  });

  it('rejects with coap/closed when the endpoint stops, running or waiting or afterwards', async () => {
    const harness = new LayerHarness();
    const seen = [watch(harness.layer.request(DEVICE, READ)), watch(harness.layer.request(DEVICE, READ))];
    harness.layer.stop();
    seen.push(watch(harness.layer.request(DEVICE, READ)));
    await settled();
    expect(seen.map(({ code }) => code)).toEqual(['coap/closed', 'coap/closed', 'coap/closed']);
    expect(harness.sent.length).toBe(1);
  });

  it('rejects with coap/too-large when no datagram can carry it', async () => {
    const harness = new LayerHarness();
    const query = Array.from({ length: 300 }, () => 'q'.repeat(250));
    const seen = watch(harness.layer.request(DEVICE, { ...READ, query }));
    await settled();
    expect(seen.code).toBe('coap/too-large');
    expect(harness.sent).toEqual([]);
  });

  it('is answered by its device alone: the same id and token from elsewhere change nothing', async () => {
    const harness = new LayerHarness();
    const seen = watch(harness.layer.request(DEVICE, READ));
    const other = watch(harness.layer.request(peerAt('192.0.2.9', 5683), READ));
    const [{ messageId, token }] = harness.take() as [ReturnType<typeof message>];
    const forged = message({ type: 2, code: 0x45, messageId, token, payload: Buffer.from('forged') });
    harness.receive(forged, '192.0.2.66');
    harness.receive({ ...forged, token: Buffer.from('abcdef') });
    harness.receive({ ...forged, messageId: messageId ^ 1 });
    await settled();
    expect(seen).toEqual({});
    expect(harness.layer.counters.unmatched).toBe(3);
    harness.receive(forged);
    await settled();
    expect(seen.reply?.code).toBe('2.05');
    expect(other).toEqual({});
  });

  it('is not answered by a reply with an unknown critical option (RFC 7252 5.4.1)', async () => {
    const harness = new LayerHarness();
    const seen = watch(harness.layer.request(DEVICE, READ));
    const [{ token }] = harness.take() as [ReturnType<typeof message>];
    harness.receive(message({ type: 0, code: 0x45, messageId: 3, token, options: [option(9, 'x')] }));
    await settled();
    expect(seen).toEqual({});
    expect(harness.takeHex()).toEqual(['70000003']);
  });

  it('leaves nothing behind once EXCHANGE_LIFETIME is over', async () => {
    const harness = new LayerHarness();
    const before = harness.layer.held;
    for (let n = 0; n < 20; n++) watch(harness.layer.request(peerAt(`192.0.2.${n}`, 1), READ));
    harness.advance(700_000);
    await settled();
    expect(harness.layer.held).toEqual(before);
  });
});
