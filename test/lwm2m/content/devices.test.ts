import { describe, expect, test } from 'vitest';
import { decodeContent } from '../../../lwm2m/content/content.ts';
import { find } from './models.ts';
import { baseOf, hex, nodes } from './vectors.ts';

const decode = (format: number | undefined, base: string | undefined, payload: Buffer) =>
  decodeContent(format, payload, { base: baseOf(base), find });
const text = (payload: string): Buffer => Buffer.from(payload);

describe('what devices send beside the textbook (payloads made by ourselves)', () => {
  test('TLV of an instance, wrapped in an object instance TLV', () => {
    expect(decode(11542, '/3/0', hex('08 00 06 C1 09 64 C1 10 55'))).toEqual(nodes(['/3/0/9', 100], ['/3/0/16', 'U']));
  });

  test('TLV of a resource, wrapped in an object instance TLV', () => {
    expect(decode(11542, '/3/0/9', hex('03 00 C1 09 64'))).toEqual(nodes(['/3/0/9', 100]));
  });

  test('TLV of a resource with instances: whole, or its instances alone', () => {
    const expected = nodes(['/3/0/6/0', 1], ['/3/0/6/1', 5]);
    expect(decode(11542, '/3/0/6', hex('86 06 41 00 01 41 01 05'))).toEqual(expected);
    expect(decode(11542, '/3/0/6', hex('41 00 01 41 01 05'))).toEqual(expected);
  });

  test('TLV of a resource instance: alone, or within its resource', () => {
    expect(decode(11542, '/3/0/6/1', hex('41 01 05'))).toEqual(nodes(['/3/0/6/1', 5]));
    expect(decode(11542, '/3/0/6/1', hex('83 06 41 01 05'))).toEqual(nodes(['/3/0/6/1', 5]));
  });

  test('TLV of a single object without the instance TLV', () => {
    expect(decode(11542, '/3', hex('C1 09 64'))).toEqual(nodes(['/3/0/9', 100]));
    expect(() => decode(11542, '/1', hex('C1 00 01'))).toThrow(expect.objectContaining({ code: 'content/path' }));
  });

  test('TLV with 16-bit ids, lengths in 8, 16 and 24 bits', () => {
    expect(decode(11542, '/3303/0', hex('E4 16 44 41 AC 00 00'))).toEqual(nodes(['/3303/0/5700', 21.5]));
    expect(decode(11542, '/3303/0', hex('F8 16 45 00 00 03 43 65 6C'))).toEqual(nodes(['/3303/0/5701', 'Cel']));
    expect(decode(11542, '/3303/0', hex('F0 16 45 00 03 43 65 6C'))).toEqual(nodes(['/3303/0/5701', 'Cel']));
  });

  test('TLV of another instance, resource or resource instance than asked for is refused', () => {
    for (const [base, payload] of [
      ['/3/0', '03 01 C1 09 64'],
      ['/3/0/9', 'C1 0A 64'],
      ['/3/0/6/1', '41 00 05'],
      ['/3/0/6/1', 'C1 06 05'],
    ] as const) {
      expect(() => decode(11542, base, hex(payload))).toThrow(expect.objectContaining({ code: 'content/path' }));
    }
  });

  test('the pre-standard numbers of TLV and JSON', () => {
    expect(decode(1542, '/3/0', hex('C1 09 64'))).toEqual(nodes(['/3/0/9', 100]));
    expect(decode(1543, '/3/0', text('{"e":[{"n":"9","v":100}]}'))).toEqual(nodes(['/3/0/9', 100]));
  });

  test('no content format: text of a resource, TLV of an instance', () => {
    expect(decode(undefined, '/3/0/9', text('100'))).toEqual(nodes(['/3/0/9', 100]));
    expect(decode(undefined, '/3/0', hex('C1 09 64'))).toEqual(nodes(['/3/0/9', 100]));
  });

  test('LwM2M JSON: base name without the final slash, a resource with an empty name, an opaque value', () => {
    expect(decode(11543, '/3/0', text('{"bn":"/3/0","e":[{"n":"9","v":100}]}'))).toEqual(nodes(['/3/0/9', 100]));
    expect(decode(11543, '/3/0/9', text('{"bn":"/3/0/9","e":[{"n":"","v":100}]}'))).toEqual(nodes(['/3/0/9', 100]));
    expect(decode(11543, '/5/0/0', text('{"e":[{"sv":"AQID"}]}'))).toEqual(nodes(['/5/0/0', Buffer.from([1, 2, 3])]));
  });

  test('LwM2M JSON: a time of zero or below is relative to now', () => {
    const payload = text('{"bn":"/3303/0/5700","e":[{"v":2,"t":0},{"v":1,"t":-5}]}');
    expect(decodeContent(11543, payload, { base: baseOf('/3303/0'), find, now: 1_800_000_000_000 })).toEqual(
      nodes(['/3303/0/5700', 1, 1_799_999_995_000], ['/3303/0/5700', 2, 1_800_000_000_000]),
    );
  });

  test('LwM2M CBOR with indefinite maps and keys', () => {
    const expected = nodes(['/3/0/9', 100], ['/3/0/16', 'U']);
    expect(decode(11544, '/3/0', hex('BF 82 03 00 BF 09 18 64 10 61 55 FF FF'))).toEqual(expected);
    expect(decode(11544, '/3/0', hex('BF 9F 03 FF BF 9F 00 FF BF 09 18 64 9F 10 FF 61 55 FF FF FF'))).toEqual(expected);
  });

  test('LwM2M CBOR with compound keys of every length', () => {
    const expected = nodes(['/3/0/9', 100], ['/3/0/6/0', 1]);
    expect(decode(11544, '/3', hex('A2 83 03 00 09 18 64 84 03 00 06 00 01'))).toEqual(expected);
    expect(decode(11544, '/3', hex('A2 82 03 00 A1 09 18 64 83 03 00 06 A1 00 01'))).toEqual(expected);
    expect(decode(11544, '/3', hex('A1 03 A1 81 00 A2 09 18 64 82 06 00 01'))).toEqual(expected);
  });

  test('LwM2M CBOR that starts below the path of the request', () => {
    expect(decode(11544, '/3/0', hex('A1 09 18 64'))).toEqual(nodes(['/3/0/9', 100]));
    expect(decode(11544, '/3/0/6', hex('A2 00 01 01 05'))).toEqual(nodes(['/3/0/6/0', 1], ['/3/0/6/1', 5]));
  });

  test('LwM2M CBOR: null says that there is no value', () => {
    expect(decode(11544, '/3/0/6', hex('A1 83 03 00 06 A2 00 F6 01 05'))).toEqual(nodes(['/3/0/6/1', 5]));
  });

  test('LwM2M CBOR outside of the path of the request, with keys that are no ids, or with keys twice is refused', () => {
    for (const payload of ['A1 83 04 00 09 01', 'A1 61 33 A1 00 01', 'A1 80 01', 'A1 03 A1 00 A1 06 A1 00 A1 00 01']) {
      expect(() => decode(11544, '/3/0', hex(payload))).toThrow(expect.objectContaining({ name: 'DecodeError' }));
    }
    for (const payload of ['A2 83 03 00 09 01 83 03 00 09 02', 'A2 03 A1 00 A1 09 01 03 A1 00 A1 0A 01']) {
      expect(() => decode(11544, '/3/0', hex(payload))).toThrow(expect.objectContaining({ code: 'content/duplicate' }));
    }
  });

  test('SenML CBOR of indefinite length, with labels as text, integers as floats and decimal fractions', () => {
    expect(decode(112, '/3/0', hex('9F BF 21 65 2F332F302F 00 61 39 02 FA 42C80000 FF FF'))).toEqual(
      nodes(['/3/0/9', 100]),
    );
    expect(decode(112, '/3/0', hex('81 A3 62 626E 65 2F332F302F 61 6E 61 39 61 76 18 64'))).toEqual(
      nodes(['/3/0/9', 100]),
    );
    expect(decode(112, '/3303/0', hex('81 A2 00 6C 2F333330332F302F35373030 02 C4 82 20 18 D7'))).toEqual(
      nodes(['/3303/0/5700', 21.5]),
    );
  });

  test('SenML CBOR with strings in chunks', () => {
    expect(decode(112, '/3/0', hex('81 A2 00 7F 64 2F332F30 63 2F3136 FF 03 7F 61 55 61 51 FF'))).toEqual(
      nodes(['/3/0/16', 'UQ']),
    );
  });

  test('a time as date in CBOR, tagged or not (LwM2M 1.1 C.2, RFC 8949 3.4.1)', () => {
    const expected = nodes(['/3/0/13', 1_363_896_240]);
    expect(decode(60, '/3/0/13', hex('C0 74 323031332D30332D32315432303A30343A30305A'))).toEqual(expected);
    expect(decode(60, '/3/0/13', hex('74 323031332D30332D32315432303A30343A30305A'))).toEqual(expected);
    expect(decode(60, '/3/0/13', hex('C1 1A 514B67B0'))).toEqual(expected);
    expect(decode(60, '/3/0/13', hex('C1 FB 41D452D9EC200000'))).toEqual(expected);
  });

  test('octet-stream for a string resource', () => {
    expect(decode(42, '/3/0/0', text('ACME'))).toEqual(nodes(['/3/0/0', 'ACME']));
  });

  test('an instance without resources, and an empty payload', () => {
    expect(decode(11542, '/3', hex('00 00'))).toEqual([]);
    expect(decode(110, '/3/0', text('[]'))).toEqual([]);
    expect(decode(11543, '/3/0', text('{"bn":"/3/0/"}'))).toEqual([]);
    expect(decode(11544, '/3/0', hex('A0'))).toEqual([]);
    for (const format of [110, 112, 320, 322, 11542, 11543, 11544]) {
      expect(decode(format, '/3/0', Buffer.alloc(0))).toEqual([]);
    }
  });
});

describe('objects and resources that the model does not know', () => {
  test('TLV values come as their bytes', () => {
    expect(decode(11542, '/33333/0', hex('C1 09 64 83 0A 41 00 01'))).toEqual(
      nodes(['/33333/0/9', Buffer.from([0x64])], ['/33333/0/10/0', Buffer.from([1])]),
    );
    expect(decode(11542, '/3/0', hex('E1 75 30 64'))).toEqual(nodes(['/3/0/30000', Buffer.from([0x64])]));
  });

  test('SenML, JSON and CBOR values come by their own types', () => {
    const values = nodes(
      ['/33333/0/0', 'x'],
      ['/33333/0/1', 1.5],
      ['/33333/0/2', true],
      ['/33333/0/3', Buffer.from([1])],
      ['/33333/0/4', { objectId: 3, instanceId: 0 }],
      ['/33333/0/5', 18446744073709551615n],
    );
    const json = `[{"bn":"/33333/0/","n":"0","vs":"x"},{"n":"1","v":1.5},{"n":"2","vb":true},{"n":"3","vd":"AQ"},
      {"n":"4","vlo":"3:0"},{"n":"5","v":18446744073709551615}]`;
    expect(decode(110, '/33333/0', text(json))).toEqual(values);
    expect(decode(11544, '/33333/0', hex('A1 82 19 8235 00 A3 00 61 78 03 41 01 05 1B FFFFFFFFFFFFFFFF'))).toEqual(
      nodes(['/33333/0/0', 'x'], ['/33333/0/3', Buffer.from([1])], ['/33333/0/5', 18446744073709551615n]),
    );
  });

  test('text comes as text, octet-stream as bytes', () => {
    expect(decode(0, '/33333/0/0', text('12'))).toEqual(nodes(['/33333/0/0', '12']));
    expect(decode(42, '/33333/0/0', hex('FF'))).toEqual(nodes(['/33333/0/0', Buffer.from([255])]));
    expect(decode(60, '/33333/0/0', hex('F5'))).toEqual(nodes(['/33333/0/0', true]));
  });

  test('a value of an executable resource comes untyped', () => {
    expect(decode(110, '/3/0', text('[{"n":"/3/0/4","vs":"x"}]'))).toEqual(nodes(['/3/0/4', 'x']));
  });
});
