import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../../../lwm2m/coap/message.ts';
import type { CoapRequest } from '../../../lwm2m/coap/types.ts';
import { LayerHarness, message, option } from './layer-harness.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const GET = 1;
const POST = 2;
const BAD_REQUEST = 0x80;
const BAD_OPTION = 0x82;
const METHOD_NOT_ALLOWED = 0x85;
const PROXYING_NOT_SUPPORTED = 0xa5;

describe('A request of a peer', () => {
  it('is answered in the acknowledgement (RFC 7252 5.2.1, appendix A, figures 16 and 17)', () => {
    const harness = new LayerHarness(() => ({ code: '2.05', payload: '22.3 C' }));
    harness.receive(hex('40 01 7d34 bb 74656d7065726174757265'));
    harness.receive(hex('41 01 7d35 20 bb 74656d7065726174757265'));
    expect(harness.takeHex()).toEqual(['60457d34ff32322e332043', '61457d3520ff32322e332043']);
  });

  it('is answered by NON with an id of ours when it was NON (RFC 7252 5.2.3)', () => {
    const harness = new LayerHarness(() => ({ code: '2.05', payload: '22.3 C' }));
    harness.receive(hex('51 01 7d40 75 bb 74656d7065726174757265'));
    const [answer] = harness.take();
    expect(answer).toMatchObject({ type: 1, code: 0x45, token: hex('75'), payload: Buffer.from('22.3 C') });
  });

  it('reaches the handler with everything it says', () => {
    let seen: CoapRequest | undefined;
    const harness = new LayerHarness((request) => {
      seen = request;
      return { code: '2.01', locationPath: ['rd', 'a b/ü'], contentFormat: 40, maxAge: 60, payload: 'x' };
    });
    harness.receive(
      message({
        code: POST,
        messageId: 7,
        token: hex('0102030405060708'),
        options: [
          option(3, 'example.org'),
          option(6, 0),
          option(7, 5683),
          option(11, 'rd'),
          option(11, ''),
          option(11, 'ü'),
          option(12, 40),
          option(15, 'ep=a&b'),
          option(15, 'lt=60'),
          option(17, 11542),
          option(28, 0),
          option(2048, 'elective'),
        ],
        payload: Buffer.from('</1/0>'),
      }),
      '2001:db8::1',
      1234,
    );
    expect(seen).toEqual({
      peer: { address: '2001:db8::1', port: 1234, key: '2001:db8::1#1234' },
      method: 'POST',
      path: ['rd', '', 'ü'],
      query: ['ep=a&b', 'lt=60'],
      observe: 0,
      contentFormat: 40,
      accept: 11542,
      token: hex('0102030405060708'),
      payload: Buffer.from('</1/0>'),
      messageId: 7,
    });
    expect(harness.take()).toEqual([
      message({
        type: 2,
        code: 0x41,
        messageId: 7,
        token: hex('0102030405060708'),
        options: [option(8, 'rd'), option(8, 'a b/ü'), option(12, 40), option(14, 60)],
        payload: Buffer.from('x'),
      }),
    ]);
  });

  it('has the path and the query that were sent, for any texts and however often', () => {
    let seen: CoapRequest | undefined;
    const harness = new LayerHarness((request) => {
      seen = request;
      return { code: '2.04' };
    });
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constant('rd'),
    );
    let messageId = 0;
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), fc.array(text, { maxLength: 6 }), (path, query) => {
        const options = [...path.map((one) => option(11, one)), ...query.map((one) => option(15, one))];
        harness.receive(message({ messageId: messageId++ & 0xffff, options }));
        expect([seen?.path, seen?.query]).toEqual([path, query]);
      }),
      { numRuns: 500 },
    );
  });

  it('has no property for an option that it does not carry', () => {
    const seen: CoapRequest[] = [];
    const harness = new LayerHarness((request) => {
      seen.push(request);
      return { code: '2.04' };
    });
    harness.receive(message({}));
    const always = ['messageId', 'method', 'path', 'payload', 'peer', 'query', 'token'];
    expect(Object.keys(seen[0] as CoapRequest).sort()).toEqual(always);
    expect(seen[0]?.path).toEqual([]);
  });

  it.each([
    ['an unknown critical option (RFC 7252 5.4.1)', [option(9, 'x')], BAD_OPTION],
    ['If-Match, which no handler sees', [option(1, 'x')], BAD_OPTION],
    ['If-None-Match, which no handler sees', [option(5, '')], BAD_OPTION],
    ['a critical option of a wrong length (RFC 7252 5.4.3)', [option(17, hex('010203'))], BAD_OPTION],
    ['a Uri-Path above 255 bytes (RFC 7252 5.4.3)', [option(11, 'a'.repeat(256))], BAD_OPTION],
    ['an empty Uri-Host (RFC 7252 5.4.3)', [option(3, '')], BAD_OPTION],
    ['Accept twice (RFC 7252 5.4.5)', [option(17, 40), option(17, 60)], BAD_OPTION],
    ['Proxy-Uri (RFC 7252 5.10.2)', [option(35, 'coap://a/')], PROXYING_NOT_SUPPORTED],
    ['Proxy-Scheme (RFC 7252 5.10.2)', [option(39, 'coap')], PROXYING_NOT_SUPPORTED],
    ['a Uri-Path that is not UTF-8 (RFC 7252 3.2)', [option(11, hex('c328'))], BAD_REQUEST],
    ['a Uri-Query that is not UTF-8 (RFC 7252 3.2)', [option(15, hex('ff'))], BAD_REQUEST],
    ['the reserved block size (RFC 7959 2.2)', [option(27, hex('07'))], BAD_REQUEST],
    ['more segments than any path has', Array.from({ length: 200 }, () => option(11, 'a')), BAD_REQUEST],
  ])('with %s is refused without text', (_, options, code) => {
    const harness = new LayerHarness(() => expect.unreachable());
    harness.receive(message({ code: POST, messageId: 9, token: hex('aa'), options }));
    expect(harness.take()).toEqual([message({ type: 2, code, messageId: 9, token: hex('aa') })]);
    expect(harness.layer.counters.refused).toBe(1);
    expect(harness.layer.held).toMatchObject({ peers: 0, messages: 0 });
  });

  it('with an unknown method is answered 4.05 (RFC 7252 5.8)', () => {
    const harness = new LayerHarness(() => expect.unreachable());
    harness.receive(message({ code: 31, messageId: 9 }));
    expect(harness.take()).toEqual([message({ type: 2, code: METHOD_NOT_ALLOWED, messageId: 9 })]);
  });

  it('with an unknown critical option is dropped when it is NON (RFC 7252 5.4.1)', () => {
    const harness = new LayerHarness(() => expect.unreachable());
    harness.receive(message({ type: 1, options: [option(9, 'x')] }));
    expect(harness.sent).toEqual([]);
  });

  it('is served when an elective option is unknown, repeated or of a wrong length (RFC 7252 5.4.1, 5.4.3, 5.4.5)', () => {
    let seen: CoapRequest | undefined;
    const harness = new LayerHarness((request) => {
      seen = request;
      return { code: '2.04' };
    });
    const options = [option(6, hex('01020304')), option(12, 40), option(12, 60), option(28, hex('0102030405'))];
    harness.receive(message({ code: GET, options }));
    expect(harness.take()[0]?.code).toBe(0x44);
    expect(seen).toMatchObject({ contentFormat: 40 });
    expect(seen).not.toHaveProperty('observe');
  });

  it('is answered 5.00 without text when its handler throws or rejects', async () => {
    const harness = new LayerHarness((request) => {
      if (request.path[0] === 'later') return Promise.reject(new TypeError('secret'));
      throw new TypeError('secret');
    });
    harness.receive(message({ messageId: 1 }));
    harness.receive(message({ messageId: 2, options: [option(11, 'later')] }));
    await Promise.resolve();
    await Promise.resolve();
    expect(harness.take()).toEqual([
      message({ type: 2, code: 0xa0, messageId: 1 }),
      message({ type: 2, code: 0xa0, messageId: 2 }),
    ]);
    expect(harness.layer.counters.handlerFailures).toBe(2);
  });
});

describe('A datagram that is no request', () => {
  it('is answered by a reset when it is a ping (RFC 7252 4.3)', () => {
    const harness = new LayerHarness();
    harness.receive(hex('40 00 1234'));
    expect(harness.takeHex()).toEqual(['70001234']);
  });

  it.each([
    ['a token of 15 bytes', '4f 01 1234'],
    ['options that do not parse', '40 02 1234 b5 72'],
    ['a marker without payload', '40 02 1234 ff'],
    ['the reserved class 1', '40 3f 1234'],
    ['the reserved class 6', '40 c1 1234'],
    ['the reserved class 7', '40 e1 1234'],
    ['content although it is empty', '40 00 1234 00'],
    ['a response that nobody waits for', '40 45 1234'],
    ['a response with options that do not parse', '40 45 1234 b5'],
  ])('is answered by a reset when it is CON with %s (RFC 7252 4.2)', (_, text) => {
    const harness = new LayerHarness();
    harness.receive(hex(text));
    expect(harness.takeHex()).toEqual(['70001234']);
    expect(harness.layer.counters.undecodable + harness.layer.counters.unmatched).toBe(1);
  });

  it.each([
    ['nothing at all', ''],
    ['three bytes', '40 01 12'],
    ['another version', '00 01 1234'],
    ['a NON with a format error', '50 02 1234 ff'],
    ['an empty NON', '50 00 1234'],
    ['a NON response that nobody waits for', '50 45 1234'],
    ['an acknowledgement of nothing', '60 00 1234'],
    ['an acknowledgement with a request', '60 01 1234'],
    ['a reset of nothing', '70 00 1234'],
    ['a reset with a response', '70 45 1234'],
  ])('is dropped when it is %s', (_, text) => {
    const harness = new LayerHarness(() => expect.unreachable());
    harness.receive(hex(text));
    expect(harness.sent).toEqual([]);
    expect(harness.layer.counters.undecodable + harness.layer.counters.unmatched).toBe(1);
    expect(harness.layer.held).toMatchObject({ peers: 0, messages: 0, deadlines: 0 });
  });

  it('never draws more than it was from the layer, so that nobody can use it to amplify', () => {
    const harness = new LayerHarness();
    for (const text of ['40 02 1234 ff', '40 00 1234', '40 45 1234']) {
      harness.receive(hex(text));
      expect(harness.sent.pop()?.bytes.length).toBeLessThanOrEqual(hex(text).length);
    }
    expect(decodeMessage(hex('70001234')).payload.length).toBe(0);
  });
});
