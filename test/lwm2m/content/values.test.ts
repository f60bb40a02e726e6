import { describe, expect, test } from 'vitest';
import { decodeContent, encodeContent } from '../../../lwm2m/content/content.ts';
import type { Value } from '../../../lwm2m/content/value.ts';
import { parsePath } from '../../../lwm2m/model/path.ts';
import { find, TYPES } from './models.ts';
import { hex, nodes } from './vectors.ts';

type Type = (typeof TYPES)[number];

const pathOf = (type: Type): string => `/33000/0/${TYPES.indexOf(type)}`;
const base = parsePath('/33000/0');
const encode = (format: number, type: Type, value: Value): Buffer =>
  encodeContent(format, nodes([pathOf(type), value]), { base, find });
const decode = (format: number, type: Type, payload: Buffer): Value | undefined =>
  decodeContent(format, payload, { base: parsePath(pathOf(type)), find })[0]?.value;

describe('the fewest bytes that hold a value', () => {
  const TLV: readonly (readonly [type: Type, value: Value, tlv: string])[] = [
    ['integer', 0, 'C1 01 00'],
    ['integer', -128, 'C1 01 80'],
    ['integer', 127, 'C1 01 7F'],
    ['integer', 128, 'C2 01 00 80'],
    ['integer', -129, 'C2 01 FF 7F'],
    ['integer', 32_768, 'C4 01 00 00 80 00'],
    ['integer', -2_147_483_648, 'C4 01 80 00 00 00'],
    ['integer', 2_147_483_648, 'C8 01 08 00 00 00 00 80 00 00 00'],
    ['integer', -2_147_483_649, 'C8 01 08 FF FF FF FF 7F FF FF FF'],
    ['integer', Number.MIN_SAFE_INTEGER, 'C8 01 08 FF E0 00 00 00 00 00 01'],
    ['integer', 9_223_372_036_854_775_807n, 'C8 01 08 7F FF FF FF FF FF FF FF'],
    ['integer', -9_223_372_036_854_775_808n, 'C8 01 08 80 00 00 00 00 00 00 00'],
    ['unsigned', 255, 'C1 02 FF'],
    ['unsigned', 65_535, 'C2 02 FF FF'],
    ['unsigned', 4_294_967_295, 'C4 02 FF FF FF FF'],
    ['unsigned', 18_446_744_073_709_551_615n, 'C8 02 08 FF FF FF FF FF FF FF FF'],
    ['float', 21.5, 'C4 03 41 AC 00 00'],
    ['float', 0.1, 'C8 03 08 3F B9 99 99 99 99 99 9A'],
    ['boolean', true, 'C1 04 01'],
    ['time', 1_367_491_215, 'C4 06 51 82 42 8F'],
    ['objlnk', { objectId: 66, instanceId: 1 }, 'C4 07 00 42 00 01'],
    ['string', 'ä', 'C2 00 C3 A4'],
    ['opaque', Buffer.alloc(0), 'C0 05'],
  ];
  for (const [type, value, tlv] of TLV) {
    test(`TLV of ${type} ${typeof value === 'object' ? JSON.stringify(value) : value}`, () => {
      expect(encode(11542, type, value)).toEqual(hex(tlv));
      expect(decode(11542, type, hex(tlv))).toEqual(value);
    });
  }

  const CBOR: readonly (readonly [type: Type, value: Value, cbor: string])[] = [
    ['integer', 23, '17'],
    ['integer', 24, '18 18'],
    ['integer', -1, '20'],
    ['integer', -500, '39 01F3'],
    ['integer', 1_000_000_000_000, '1B 000000E8D4A51000'],
    ['integer', -9_223_372_036_854_775_808n, '3B 7FFFFFFFFFFFFFFF'],
    ['unsigned', 18_446_744_073_709_551_615n, '1B FFFFFFFFFFFFFFFF'],
    ['float', 1, 'FA 3F800000'],
    ['float', 1.1, 'FB 3FF199999999999A'],
    ['boolean', false, 'F4'],
    ['string', 'IETF', '64 49455446'],
    ['opaque', Buffer.from([1, 2, 3, 4]), '44 01020304'],
    ['objlnk', { objectId: 10, instanceId: 3 }, '64 31303A33'],
    ['corelnk', '</3>', '64 3C2F333E'],
  ];
  for (const [type, value, cbor] of CBOR) {
    test(`CBOR of ${type} ${typeof value === 'object' ? JSON.stringify(value) : value}`, () => {
      expect(encode(60, type, value)).toEqual(hex(cbor));
      expect(decode(60, type, hex(cbor))).toEqual(value);
    });
  }

  const TEXT: readonly (readonly [type: Type, value: Value, text: string])[] = [
    ['integer', -12, '-12'],
    ['integer', 9_007_199_254_740_993n, '9007199254740993'],
    ['unsigned', 18_446_744_073_709_551_615n, '18446744073709551615'],
    ['float', -0.000_000_15, '-0.00000015'],
    ['float', 1.5e21, '1500000000000000000000'],
    ['boolean', true, '1'],
    ['boolean', false, '0'],
    ['opaque', Buffer.from([1, 2, 3, 4, 5]), 'AQIDBAU='],
    ['time', 1_476_186_613, '1476186613'],
    ['objlnk', { objectId: 10, instanceId: 3 }, '10:3'],
    ['string', '', ''],
  ];
  for (const [type, value, text] of TEXT) {
    test(`LwM2M 1.1 C.2: text of ${type} ${text}`, () => {
      expect(encode(0, type, value).toString()).toBe(text);
      expect(decode(0, type, Buffer.from(text))).toEqual(value);
    });
  }
});

describe('RFC 8949 appendix A', () => {
  const EXAMPLES: readonly (readonly [type: Type, cbor: string, value: Value])[] = [
    ['integer', '00', 0],
    ['integer', '1864', 100],
    ['integer', '1903e8', 1000],
    ['integer', '1a000f4240', 1_000_000],
    ['unsigned', '1bffffffffffffffff', 18_446_744_073_709_551_615n],
    ['integer', '29', -10],
    ['integer', '3863', -100],
    ['unsigned', 'c24401020304', 0x01020304],
    ['integer', 'c34401020304', -0x01020305],
    ['float', 'f90000', 0],
    ['float', 'f98000', -0],
    ['float', 'f93c00', 1],
    ['float', 'f97bff', 65_504],
    ['float', 'f90001', 2 ** -24],
    ['float', 'f90400', 0.00006103515625],
    ['float', 'f9c400', -4],
    ['float', 'f97c00', Number.POSITIVE_INFINITY],
    ['float', 'f97e00', Number.NaN],
    ['float', 'f9fc00', Number.NEGATIVE_INFINITY],
    ['float', 'fa47c35000', 100_000],
    ['float', 'fb7e37e43c8800759c', 1e300],
    ['float', 'c48221196ab3', 273.15],
    ['float', 'c5822003', 1.5],
    ['boolean', 'f5', true],
    ['time', 'c11a514b67b0', 1_363_896_240],
    ['string', '62c3bc', 'ü'],
    ['string', '64f0908591', '\u{10151}'],
    ['string', '7f657374726561646d696e67ff', 'streaming'],
    ['opaque', '5f42010243030405ff', Buffer.from([1, 2, 3, 4, 5])],
    ['opaque', 'd74401020304', Buffer.from([1, 2, 3, 4])],
  ];
  for (const [type, cbor, value] of EXAMPLES) {
    test(`${cbor} is ${typeof value === 'object' ? JSON.stringify(value) : Object.is(value, -0) ? '-0' : value}`, () => {
      expect(decode(60, type, hex(cbor))).toEqual(value);
    });
  }

  test('appendix F: items that are not well-formed are refused', () => {
    const BAD = `18 19 1a 1b 1901 1a0102 1b01020304050607 38 58 78 98 9a01ff00 b8 d8 f8 f900 fa0000 fb000000
      41 61 5affffffff00 5bffffffffffffffff010203 7affffffff00 7b7fffffffffffffff010203 81 818181818181818181 a1 a20102
      c0 5f4100 7f6100 9f bf bf01 f800 f818 5f00ff 5f21ff 5f6100ff 5f80ff 7f4100ff 5f5f4100ffff 1c 1d 1e 1f 3c 5c 7c
      9c bc dc fc ff 3f df 81ff 8200ff a1ff bf00ff`;
    for (const item of BAD.split(/\s+/)) {
      expect(() => decode(60, 'opaque', hex(item)), item).toThrow(expect.objectContaining({ name: 'DecodeError' }));
    }
  });
});

describe('integers that a JSON number does not hold', () => {
  const LARGE = 9_223_372_036_854_775_807n;
  for (const format of [110, 11543]) {
    test(`keep their digits in format ${format}`, () => {
      const payload = encode(format, 'integer', LARGE);
      expect(payload.toString()).toContain('9223372036854775807');
      expect(decode(format, 'integer', payload)).toBe(LARGE);
    });
  }

  test('also beside texts, fractions and escapes', () => {
    const json = String.raw`[{"bn":"/33000/0/","n":"0","vs":"1234567890123456789 \"\\ \u00e4"},
      {"n":"3","v":0.1234567890123456789},{"n":"1","v":-9007199254740993},{"n":"4","vb":true,"x":{"y":[null,false,[]],"z":{}}}]`;
    expect(decodeContent(110, Buffer.from(json), { base, find })).toEqual(
      nodes(
        ['/33000/0/0', '1234567890123456789 "\\ ä'],
        ['/33000/0/3', 0.12345678901234568],
        ['/33000/0/1', -9_007_199_254_740_993n],
        ['/33000/0/4', true],
      ),
    );
  });

  test('a number with an exponent is an integer where it is one (LwM2M 1.1 7.4.5)', () => {
    expect(decode(110, 'time', Buffer.from('[{"bn":"/33000/0/6","v":1.638435E9}]'))).toBe(1_638_435_000);
  });
});

describe('values that are not of the type of their resource', () => {
  const READ: readonly (readonly [format: number, type: Type, payload: string])[] = [
    [110, 'integer', '[{"v":1.5}]'],
    [110, 'integer', '[{"vs":"1"}]'],
    [110, 'integer', '[{"v":9223372036854775808}]'],
    [110, 'unsigned', '[{"v":-1}]'],
    [110, 'string', '[{"v":1}]'],
    [110, 'boolean', '[{"v":2}]'],
    [110, 'opaque', '[{"vs":"AQ=="}]'],
    [110, 'objlnk', '[{"vlo":"3"}]'],
    [110, 'objlnk', '[{"vlo":"3:65536"}]'],
    [110, 'time', '[{"vs":"soon"}]'],
    [11543, 'opaque', '{"e":[{"sv":"*"}]}'],
    [11543, 'float', '{"e":[{"v":"1"}]}'],
    [11543, 'float', '{"e":[{"v":1,"sv":"1"}]}'],
    [0, 'integer', '1.5'],
    [0, 'integer', ''],
    [0, 'unsigned', '-1'],
    [0, 'float', 'NaN'],
    [0, 'boolean', 'yes'],
    [0, 'opaque', 'A'],
    [0, 'objlnk', '3/0'],
    [42, 'integer', '1'],
  ];
  for (const [format, type, payload] of READ) {
    test(`${payload} in format ${format} is no ${type}`, () => {
      expect(() => decode(format, type, Buffer.from(payload))).toThrow(
        expect.objectContaining({ name: 'DecodeError', code: expect.stringMatching(/^content\/(type|value)$/) }),
      );
    });
  }

  test('TLV of the wrong length is refused', () => {
    for (const [type, tlv] of [
      ['integer', 'C3 01 00 00 00'],
      ['integer', 'C0 01'],
      ['unsigned', 'C5 02 00 00 00 00 00'],
      ['float', 'C2 03 00 00'],
      ['boolean', 'C1 04 02'],
      ['objlnk', 'C3 07 00 00 00'],
      ['string', 'C1 00 FF'],
    ] as const) {
      expect(() => decode(11542, type, hex(tlv))).toThrow(expect.objectContaining({ name: 'DecodeError' }));
    }
  });

  test('what devices confuse without loss is taken', () => {
    expect(decode(110, 'integer', Buffer.from('[{"v":21.0}]'))).toBe(21);
    expect(decode(110, 'boolean', Buffer.from('[{"v":1}]'))).toBe(true);
    expect(decode(110, 'objlnk', Buffer.from('[{"vs":"3:0"}]'))).toEqual({ objectId: 3, instanceId: 0 });
    expect(decode(110, 'float', Buffer.from('[{"v":9007199254740993}]'))).toBe(9_007_199_254_740_992);
  });
});

describe('what a format cannot express is an IpeError', () => {
  const at =
    (path: string, value: Value, format = 110, under = '/33000/0') =>
    () =>
      encodeContent(format, nodes([path, value]), { base: under === '/' ? undefined : parsePath(under), find });
  const CASES: readonly (readonly [what: string, code: string, encode: () => unknown])[] = [
    ['a text for an integer', 'content/type', at('/33000/0/1', '1')],
    ['a fraction for an integer', 'content/type', at('/33000/0/1', 1.5)],
    ['a number for a text', 'content/type', at('/33000/0/0', 1)],
    ['a number for a boolean', 'content/type', at('/33000/0/4', 1)],
    ['a text for a link', 'content/type', at('/33000/0/7', '3:0')],
    ['a link out of range', 'content/type', at('/33000/0/7', { objectId: 65_536, instanceId: 0 })],
    ['a value for an executable resource', 'content/type', at('/33000/0/20', 1)],
    ['an integer beyond 64 bits', 'content/range', at('/33000/0/1', 2n ** 63n)],
    ['a negative unsigned', 'content/range', at('/33000/0/2', -1)],
    ['an unknown format', 'content/format', at('/33000/0/1', 1, 50)],
    ['a path above resources', 'content/path', at('/33000/0', 1)],
    ['a path outside of the base', 'content/path', at('/33000/1/1', 1)],
    ['infinity in JSON', 'content/value', at('/33000/0/3', Number.POSITIVE_INFINITY)],
    ['infinity in text', 'content/value', at('/33000/0/3', Number.NaN, 0)],
    ['half a surrogate pair', 'content/value', at('/33000/0/0', '\ud800')],
    ['half a surrogate pair in TLV', 'content/value', at('/33000/0/0', '\ud800', 11542)],
    ['half a surrogate pair in CBOR', 'content/value', at('/33000/0/0', '\ud800', 60)],
    ['a text in octet-stream', 'content/type', at('/33000/0/0', 'x', 42)],
    ['TLV for the root', 'content/base', at('/33000/0/1', 1, 11542, '/')],
  ];
  for (const [what, code, encodes] of CASES) {
    test(what, () => {
      expect(encodes).toThrow(expect.objectContaining({ name: 'IpeError', code }));
    });
  }

  test('several values, or none, in a format for one', () => {
    for (const format of [0, 40, 42, 60]) {
      for (const several of [[], nodes(['/33000/0/5', Buffer.alloc(1)], ['/33000/0/305/0', Buffer.alloc(1)])]) {
        expect(() => encodeContent(format, several, { base, find })).toThrow(
          expect.objectContaining({ code: 'content/single' }),
        );
      }
    }
  });

  test('a history, or a resource with a value and instances, in a format without times', () => {
    for (const format of [11542, 11544]) {
      const history = nodes(['/33000/0/1', 1, 1_700_000_000_000], ['/33000/0/1', 2, 1_700_000_001_000]);
      expect(() => encodeContent(format, history, { base, find })).toThrow(
        expect.objectContaining({ code: 'content/duplicate' }),
      );
      const both = nodes(['/33000/0/301', 1], ['/33000/0/301/0', 2]);
      expect(() => encodeContent(format, both, { base, find })).toThrow(
        expect.objectContaining({ code: 'content/path' }),
      );
    }
  });
});
