import { describe, expect, it } from 'vitest';
import type { CoapResponse } from '../../../lwm2m/coap/types.ts';
import { LayerHarness, message, option, settled } from './layer-harness.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const CONTENT: CoapResponse = { code: '2.05', payload: '22.3 C' };
const REQUEST = hex('41 01 7d38 53 bb 74656d7065726174757265');
const SEPARATE = (id: string): string => `4145${id}53ff32322e332043`;

/** A handler whose answers are given by hand, in the order of the requests. */
function slowHandler() {
  const answers: ((response: CoapResponse) => void)[] = [];
  const handler = () => new Promise<CoapResponse>((resolve) => answers.push(resolve));
  const answer = async (response: CoapResponse = CONTENT): Promise<void> => {
    answers.shift()?.(response);
    await settled();
  };
  return { handler, answer, waiting: () => answers.length };
}

describe('A duplicate (RFC 7252 4.2, 4.5)', () => {
  it('of a CON request is answered from memory and never reaches the handler', () => {
    let calls = 0;
    const harness = new LayerHarness(() => ({ code: '2.01', locationPath: ['rd', String(++calls)] }));
    harness.receive(REQUEST);
    harness.advance(246_000);
    harness.receive(REQUEST);
    const [first, second] = harness.takeHex();
    expect(second).toBe(first);
    expect(calls).toBe(1);
    expect(harness.layer.counters).toMatchObject({ requests: 1, duplicates: 1, sent: 2 });
  });

  it('is a new request after EXCHANGE_LIFETIME, and nothing of the old one is left', () => {
    let calls = 0;
    const harness = new LayerHarness(() => ({ code: '2.01', locationPath: ['rd', String(++calls)] }));
    const before = harness.layer.held;
    harness.receive(REQUEST);
    harness.advance(247_000 + 1_000);
    expect(harness.layer.held).toEqual(before);
    harness.receive(REQUEST);
    expect(calls).toBe(2);
  });

  it('of a NON request is ignored for NON_LIFETIME', () => {
    let calls = 0;
    const harness = new LayerHarness(() => {
      calls++;
      return { code: '2.04' };
    });
    const request = hex('51 02 0001 aa');
    harness.receive(request);
    harness.advance(144_999);
    harness.receive(request);
    expect([calls, harness.sent.length]).toEqual([1, 1]);
    harness.advance(1);
    harness.receive(request);
    expect([calls, harness.sent.length]).toEqual([2, 2]);
  });

  it('while the answer is awaited draws nothing, then the empty acknowledgement again', async () => {
    const slow = slowHandler();
    const harness = new LayerHarness(slow.handler);
    harness.receive(REQUEST);
    harness.receive(REQUEST);
    expect(harness.sent).toEqual([]);
    harness.advance(1_000);
    harness.receive(REQUEST);
    expect(harness.takeHex()).toEqual(['60007d38', '60007d38']);
    await slow.answer();
    harness.take();
    harness.receive(REQUEST);
    expect(harness.takeHex()).toEqual(['60007d38']);
    expect(slow.waiting()).toBe(0);
  });

  it('is only one from the same peer: equal ids and tokens of two peers are two requests', () => {
    const seen: string[] = [];
    const harness = new LayerHarness((request) => {
      seen.push(request.peer.key);
      return { code: '2.01', locationPath: ['rd', String(seen.length)] };
    });
    const peers = ['192.0.2.1#5683', '192.0.2.1#5684', '192.0.2.2#5683'];
    for (const peer of [...peers, ...peers]) {
      const [address, port] = peer.split('#');
      harness.receive(REQUEST, address, Number(port));
    }
    expect(seen).toEqual(peers);
    const sent = harness.sent.map(({ to, bytes }) => `${to} ${bytes.toString('hex')}`);
    expect(sent.slice(3)).toEqual(sent.slice(0, 3));
    expect(new Set(sent).size).toBe(3);
  });

  it('is none when a device that started again uses its ids anew for another message', () => {
    let calls = 0;
    const harness = new LayerHarness(() => {
      calls++;
      return { code: '2.04' };
    });
    harness.receive(message({ messageId: 1, token: hex('01') }));
    harness.receive(message({ messageId: 1, token: hex('02') }));
    harness.receive(message({ messageId: 1, token: hex('02') }));
    expect(calls).toBe(2);
    expect(harness.take().map(({ token }) => token.toString('hex'))).toEqual(['01', '02', '02']);
  });
});

describe('An answer that takes its time', () => {
  it('is piggybacked within the patience of the endpoint', async () => {
    const slow = slowHandler();
    const harness = new LayerHarness(slow.handler);
    harness.receive(REQUEST);
    harness.advance(999);
    await slow.answer();
    expect(harness.takeHex()).toEqual(['61457d3853ff32322e332043']);
    harness.receive(REQUEST);
    expect(harness.takeHex()).toEqual(['61457d3853ff32322e332043']);
    harness.advance(10_000);
    expect(harness.sent).toEqual([]);
  });

  it('comes separately after an empty acknowledgement (RFC 7252 5.2.2, appendix A, figure 20)', async () => {
    const slow = slowHandler();
    const harness = new LayerHarness(slow.handler);
    harness.chances.push(0xad7b / 65_536); // our first message id towards this peer
    harness.receive(REQUEST);
    harness.advance(1_000);
    expect(harness.takeHex()).toEqual(['60007d38']);
    await slow.answer();
    expect(harness.takeHex()).toEqual([SEPARATE('ad7b')]);
    harness.receive(hex('60 00 ad7b'));
    harness.advance(100_000);
    expect(harness.sent).toEqual([]);
    expect(harness.layer.counters).toMatchObject({ separate: 1, retransmissions: 0, givenUp: 0 });
  });

  it('is sent again when it or its acknowledgement is lost, at 2 to 3 s and then twice as late each time', async () => {
    for (const [chance, first] of [
      [0, 2_000],
      [0.5, 2_500],
      [0.999_999, 3_000],
    ] as const) {
      const slow = slowHandler();
      const harness = new LayerHarness(slow.handler);
      harness.receive(REQUEST);
      harness.advance(1_000);
      harness.sent.length = 0;
      harness.chances.push(chance);
      const start = harness.now;
      await slow.answer();
      harness.advance(first * 31 - 1);
      const times = harness.sent.map(({ at }) => Math.round(at - start));
      expect(times).toEqual([0, first, first * 3, first * 7, first * 15]);
      expect(new Set(harness.takeHex()).size).toBe(1);
      expect(harness.layer.counters).toMatchObject({ retransmissions: 4, givenUp: 0 });
      harness.advance(10);
      expect(harness.layer.counters.givenUp).toBe(1);
      harness.advance(100_000);
      expect(harness.sent).toEqual([]);
    }
  });

  it('ends when the peer answers it with a reset (RFC 7252 4.2)', async () => {
    const slow = slowHandler();
    const harness = new LayerHarness(slow.handler);
    harness.receive(REQUEST);
    harness.advance(1_000);
    await slow.answer();
    const [, separate] = harness.take();
    harness.receive(message({ type: 3, code: 0, messageId: separate?.messageId as number }));
    harness.advance(100_000);
    expect(harness.sent).toEqual([]);
    expect(harness.layer.counters).toMatchObject({ reset: 1, retransmissions: 0 });
    expect(harness.layer.held).toMatchObject({ transmissions: 0, inProgress: 0 });
  });

  it('is not ended by another peer that acknowledges the same id', async () => {
    const slow = slowHandler();
    const harness = new LayerHarness(slow.handler);
    harness.receive(REQUEST);
    harness.receive(REQUEST, '192.0.2.9');
    harness.advance(1_000);
    await slow.answer();
    const [, , separate] = harness.take();
    harness.receive(message({ type: 2, code: 0, messageId: separate?.messageId as number }), '192.0.2.9');
    harness.receive(message({ type: 3, code: 0, messageId: separate?.messageId as number }), '192.0.2.9');
    expect(harness.layer.held.transmissions).toBe(1);
    expect(harness.layer.counters.unmatched).toBe(2);
    harness.advance(3_000);
    expect(harness.layer.counters.retransmissions).toBe(1);
  });

  it('to a NON request is a NON, however late (RFC 7252 5.2.3)', async () => {
    const slow = slowHandler();
    const harness = new LayerHarness(slow.handler);
    harness.receive(hex('51 01 7d40 75'));
    harness.advance(30_000);
    expect(harness.sent).toEqual([]);
    await slow.answer();
    expect(harness.take()).toMatchObject([{ type: 1, code: 0x45, token: hex('75') }]);
    harness.advance(100_000);
    expect(harness.sent).toEqual([]);
  });

  it('goes out under an id that no other message of ours to the peer has', async () => {
    const slow = slowHandler();
    const harness = new LayerHarness(slow.handler);
    for (let id = 0; id < 50; id++) harness.receive(message({ messageId: id, token: Buffer.from([id]) }));
    harness.advance(1_000);
    harness.sent.length = 0;
    for (let id = 0; id < 50; id++) await slow.answer();
    const answers = harness.take();
    expect(new Set(answers.map(({ messageId }) => messageId)).size).toBe(50);
    expect(new Set(answers.map(({ token }) => token[0])).size).toBe(50);
  });

  it('that comes after the duplicate of its request was forgotten is sent all the same', async () => {
    const slow = slowHandler();
    const harness = new LayerHarness(slow.handler);
    harness.receive(REQUEST);
    harness.advance(300_000);
    harness.sent.length = 0;
    await slow.answer();
    expect(harness.take()).toMatchObject([{ type: 0, code: 0x45 }]);
    harness.advance(400_000);
    expect(harness.layer.held).toMatchObject({ peers: 0, messages: 0, transmissions: 0, deadlines: 0 });
  });
});

describe('Loss, duplication and reordering', () => {
  it('of anything between a device and the endpoint leave each request served once', async () => {
    // A device that sends each request up to five times over a network that loses, doubles and delays.
    let seed = 7;
    const chance = (): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return seed / 0x8000_0000;
    };
    const served = new Map<string, number>();
    const harness = new LayerHarness((request) => {
      const name = request.query[0] as string;
      served.set(name, (served.get(name) ?? 0) + 1);
      return { code: '2.04', payload: name };
    });
    const arrivals: { at: number; id: number; peer: string }[] = [];
    for (let id = 0; id < 400; id++) {
      for (let attempt = 0; attempt < 5; attempt++) {
        const at = harness.now + id * 50 + 2_500 * (2 ** attempt - 1);
        if (chance() > 0.3) arrivals.push({ at: at + chance() * 2_000, id, peer: `192.0.2.${id % 3}` });
        if (chance() > 0.8) arrivals.push({ at: at + chance() * 9_000, id, peer: `192.0.2.${id % 3}` });
      }
    }
    arrivals.sort((a, b) => a.at - b.at);
    for (const { at, id, peer } of arrivals) {
      harness.advance(at - harness.now);
      const options = [option(15, `n=${id}`)];
      harness.receive(message({ code: 2, messageId: id, token: Buffer.from([id & 255]), options }), peer);
    }
    expect([...served.values()].every((times) => times === 1)).toBe(true);
    expect(served.size).toBe(new Set(arrivals.map(({ id }) => id)).size);
    for (const answer of harness.take()) expect(answer.payload.toString()).toBe(`n=${answer.messageId}`);
    expect(harness.layer.counters.duplicates).toBe(arrivals.length - served.size);
  });
});
