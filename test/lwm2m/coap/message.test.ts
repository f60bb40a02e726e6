import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../../common/index.ts';
import { decodeMessage } from '../../../lwm2m/coap/message.ts';
import { encodeMessage } from '../../support/coap-message.ts';
import { message, option } from './layer-harness.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('CoAP messages', () => {
  it('reads and writes the request of RFC 7252 appendix A, figure 16', () => {
    const datagram = hex('40 01 7d34 bb 74656d7065726174757265');
    const expected = message({ messageId: 0x7d34, options: [option(11, 'temperature')] });
    expect(decodeMessage(datagram)).toEqual(expected);
    expect(encodeMessage(expected)).toEqual(datagram);
  });

  it('reads and writes the response of RFC 7252 appendix A, figure 17, with token and payload', () => {
    const datagram = hex('61 45 7d35 20 ff 32322e332043');
    const expected = message({
      type: 2,
      code: 0x45,
      messageId: 0x7d35,
      token: hex('20'),
      payload: Buffer.from('22.3 C'),
    });
    expect(decodeMessage(datagram)).toEqual(expected);
    expect(encodeMessage(expected)).toEqual(datagram);
  });

  it.each([
    ['is shorter than a header', '40 01 00'],
    ['has another version', '80 01 0001'],
    ['has a token of 9 bytes (RFC 7252 3)', '49 01 0001 010203040506070809'],
    ['ends within its token', '44 01 0001 0102'],
    ['has a payload marker without payload (RFC 7252 3)', '40 01 0001 ff'],
    ['has an option delta of 15 that is no marker (RFC 7252 3.1)', '40 01 0001 f1 00'],
    ['has an option length of 15 (RFC 7252 3.1)', '40 01 0001 1f 00'],
    ['ends within an option', '40 01 0001 b5 7264'],
    ['ends within an extended delta', '40 01 0001 d0'],
    ['ends within an extended delta of two bytes', '40 01 0001 e0 01'],
    ['ends within an extended length', '40 01 0001 1d'],
    ['has an option number above 65535', '40 01 0001 e0 ffff e0 ffff'],
    ['is empty but has content (RFC 7252 4.1)', '40 00 0001 00'],
  ])('refuses a datagram that %s', (_, text) => {
    expect(() => decodeMessage(hex(text))).toThrow(DecodeError);
  });

  it('gives a message or a DecodeError for any bytes', () => {
    const nearly = fc
      .tuple(fc.constantFrom(0x40, 0x44, 0x50, 0x60, 0x70), fc.uint8Array({ maxLength: 60 }))
      .map(([first, rest]) => Buffer.from([first, ...rest]));
    fc.assert(
      fc.property(fc.oneof(nearly, fc.uint8Array({ maxLength: 40 }).map(Buffer.from)), (bytes) => {
        try {
          const { payload, options } = decodeMessage(Buffer.from(bytes));
          const inside = options.reduce((sum, one) => sum + one.value.length, payload.length);
          expect(inside).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads back what it wrote, for any message', () => {
    const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((value) => Buffer.from(value));
    const anOption = fc.record({
      number: fc.oneof(fc.nat(40), fc.nat(300), fc.nat(65_535)),
      value: fc.oneof(bytes(20), bytes(300)),
    });
    const any = fc.record({
      type: fc.nat(3),
      code: fc.integer({ min: 1, max: 255 }),
      messageId: fc.nat(65_535),
      token: bytes(8),
      options: fc.array(anOption, { maxLength: 8 }).map((list) => list.sort((a, b) => a.number - b.number)),
      payload: bytes(100),
    });
    fc.assert(
      fc.property(any, (value) => {
        expect(decodeMessage(encodeMessage(value))).toEqual(value);
      }),
    );
  });
});
