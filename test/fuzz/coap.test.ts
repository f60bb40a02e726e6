import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../../lwm2m/coap/message.ts';
import { mutations, readCorpus, seededNumbers } from './corpus.ts';
import { DeviceSide } from './device-side.ts';
import { count, SEED, timeLimit } from './seeds.ts';

const USUAL = 100_000;
const COUNT = count(USUAL);

const corpus = readCorpus();
const LONGEST_LIFETIME = 700_000;

/** What the datagrams in and out say of amplification: bytes out for bytes in. */
async function answersTo(datagram: Buffer, slow: boolean): Promise<number> {
  const side = new DeviceSide({}, slow);
  side.receive(datagram);
  if (slow) {
    side.advance(1_500);
    await side.settled();
    // Nobody acknowledges: it is sent again until it is given up.
    side.advance(LONGEST_LIFETIME);
  }
  await side.settled();
  return side.sent.reduce((sum, { length }) => sum + length, 0);
}

describe('datagrams of nobody knows whom', () => {
  it(
    'are answered with CoAP or not at all, by the tens of thousands; nothing throws, nothing grows',
    async () => {
      const limits = {
        rememberedMessages: 2_000,
        rememberedBytes: 1 << 20,
        blockTransfers: 50,
        blockTransferBytes: 1 << 20,
      };
      const side = new DeviceSide(limits);
      const before = side.layer.held;
      const below = seededNumbers(SEED);
      let tried = 0;
      for (const datagram of mutations([...corpus.values()], SEED)) {
        side.receive(datagram, `192.0.2.${below(250)}`, 1_024 + below(100));
        for (const answer of side.sent.splice(0)) decodeMessage(answer);
        tried += 1;
        if (tried % 5_000 === 0) {
          await side.settled();
          const held = side.layer.held;
          expect(held.messages).toBeLessThanOrEqual(limits.rememberedMessages);
          expect(held.messageBytes).toBeLessThan(2 << 20);
          expect(held.uploads).toBeLessThanOrEqual(limits.blockTransfers);
          expect(side.service.registrations.size).toBeLessThanOrEqual(1_000);
        }
        if (tried === COUNT) break;
      }
      await side.settled();
      side.advance(LONGEST_LIFETIME);
      expect(side.layer.held).toEqual(before);
      expect(side.layer.counters.handlerFailures).toBe(0);
    },
    timeLimit(USUAL),
  );

  it.each([...corpus])(
    '%s: the answer has at most three times the bytes of the question, repetitions included',
    async (_name, datagram) => {
      expect(await answersTo(datagram, false)).toBeLessThanOrEqual(3 * datagram.length);
      expect(await answersTo(datagram, true)).toBeLessThanOrEqual(3 * datagram.length);
    },
  );

  it('never get back more than three times what they brought, whatever they are', async () => {
    let tried = 0;
    for (const datagram of mutations([...corpus.values()], SEED + 1)) {
      const bytes = await answersTo(datagram, tried % 2 === 0);
      if (bytes > 3 * datagram.length) expect.fail(`${bytes} bytes for ${datagram.toString('hex')}`);
      tried += 1;
      if (tried === 500) break;
    }
  });

  it('do not see their own words again: nothing of path, query or payload is reflected', async () => {
    const mark = Buffer.from('REFLECT-ME');
    const side = new DeviceSide();
    side.receive(corpus.get('register') as Buffer);
    for (const datagram of corpus.values()) side.receive(datagram);
    let tried = 0;
    for (const datagram of mutations(
      [...corpus.values()].filter((one) => one.includes(mark)),
      SEED + 2,
    )) {
      side.receive(datagram);
      tried += 1;
      if (tried === 3_000) break;
    }
    await side.settled();
    expect(side.sent.length).toBeGreaterThan(500);
    expect(side.sent.filter((answer) => answer.includes(mark)).map((answer) => answer.toString('latin1'))).toEqual([]);
  });
});
