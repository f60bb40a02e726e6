import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../lwm2m/coap/digest.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import type { CoapRequest } from '../../../lwm2m/coap/types.ts';
import { encodeMessage } from '../../support/coap-message.ts';
import { BadNetwork } from './bad-network.ts';
import { block, message, option, text, watch } from './layer-harness.ts';

const [SERVER, DEVICE] = ['192.0.2.1', '192.0.2.2'];
const refuse = () => ({ code: '4.04' }) as const;

const weather = fc.record({
  loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
  duplication: fc.double({ min: 0, max: 0.3, noNaN: true }),
  delay: fc.constantFrom(0, 100, 3_000),
});
const seed = fc.integer();

describe('On a network that loses, doubles and reorders', () => {
  it('a long request with a long reply is carried out once and comes back whole, or it fails by timeout', async () => {
    let successes = 0;
    await fc.assert(
      fc.asyncProperty(seed, weather, fc.nat(3_000), fc.nat(3_000), async (one, bad, there, back) => {
        const network = new BadNetwork(one, bad);
        const asked: CoapRequest[] = [];
        const parameters = { blockSize: 256 };
        network.add(DEVICE, {
          parameters,
          handler: (request) => {
            asked.push(request);
            return { code: '2.04', payload: text(back) };
          },
        });
        const server = network.add(SERVER, { handler: refuse, parameters });
        const request = { method: 'POST', path: ['5'], payload: text(there) } as const;
        const seen = watch(server.request(peerAt(DEVICE, 5_683), request, { exchangeTimeout: 200_000 }));
        await network.run(6_000_000);
        expect(asked.length).toBeLessThanOrEqual(1);
        if (seen.reply === undefined) {
          expect(seen.code).toBe('coap/timeout');
        } else {
          successes++;
          expect(seen.reply).toMatchObject({ code: '2.04', payload: text(back) });
          expect(asked[0]?.payload).toEqual(text(there));
        }
        expect(server.held).toMatchObject({ requests: 0, transmissions: 0, replyBytes: 0 });
      }),
      { numRuns: 60 },
    );
    expect(successes).toBeGreaterThan(30);
  });

  it('a value that changes while it is read comes back as one of its states, never as a mixture', async () => {
    await fc.assert(
      fc.asyncProperty(seed, weather, async (one, bad) => {
        const network = new BadNetwork(one, bad);
        let version = 0;
        network.add(DEVICE, {
          parameters: { blockSize: 64 },
          handler: () => ({ code: '2.05', payload: String.fromCharCode(97 + version++).repeat(400) }),
        });
        const server = network.add(SERVER, { handler: refuse });
        const seen = [0, 1].map(() => watch(server.request(peerAt(DEVICE, 5_683), { method: 'GET', path: ['1'] })));
        await network.run(6_000_000);
        for (const { reply, code } of seen) {
          if (reply === undefined) expect(code).toBe('coap/timeout');
          else expect(reply.payload.toString()).toMatch(/^(.)\1{399}$/);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('each notification is handed on once and whole, and each CON that is sent often enough arrives', async () => {
    await fc.assert(
      fc.asyncProperty(seed, weather, async (one, bad) => {
        const network = new BadNetwork(one, bad);
        const token = Buffer.from('tok');
        const states = Array.from({ length: 12 }, (_, n) =>
          Buffer.from(String.fromCharCode(97 + n).repeat(n % 3 === 0 ? 150 : 5)),
        );
        let current = 0;
        network.add(DEVICE, {
          parameters: { blockSize: 64 },
          handler: () => ({ code: '2.05', payload: states[current] as Buffer }),
        });
        const seen = new Map<number | undefined, string>();
        const server = network.add(SERVER, {
          handler: refuse,
          observed: () => ({ method: 'GET', path: ['1'] }),
          notification: ({ observe, payload }) => {
            expect(seen.has(observe)).toBe(false);
            seen.set(observe, payload.toString());
            return true;
          },
        });
        for (const [n, state] of states.entries()) {
          current = n;
          const etag = Buffer.alloc(4);
          etag.writeInt32BE(digestOf(state)); // As the layer that plays the device makes them.
          const options = [option(4, etag), option(6, n)];
          if (state.length > 64) options.push(option(23, block(0, 1, 64)));
          const parts = { type: n % 2, code: 0x45, messageId: n, token, options, payload: state.subarray(0, 64) };
          for (let attempt = 0; attempt < 20; attempt++) network.send(DEVICE, SERVER, encodeMessage(message(parts)));
          await network.run(network.now + 4_000);
        }
        await network.run(6_000_000);
        for (const payload of seen.values()) expect(payload).toMatch(/^(.)\1*$/);
        if (server.counters.droppedBusy === 0) {
          const lost = states.filter((state, n) => state.length === 5 && !seen.has(n));
          expect(lost).toEqual([]);
        }
        expect(server.counters.handlerFailures).toBe(0);
        expect(server.held).toMatchObject({ heldNotifications: 0, requests: 0, replyBytes: 0 });
      }),
      { numRuns: 40 },
    );
  });
});
