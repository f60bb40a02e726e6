import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../common/index.ts';
import { type ContentContext, decodeContent } from '../../../lwm2m/content/content.ts';
import { CONTENT_FORMATS } from '../../../lwm2m/content/content-formats.ts';
import { decodePaths } from '../../../lwm2m/content/path-list.ts';
import type { Path } from '../../../lwm2m/model/path.ts';
import { ALL_TYPES, find } from './models.ts';
import { baseOf, hex, VECTORS } from './vectors.ts';

const formats = [...CONTENT_FORMATS.keys()];
const BASES: readonly (Path | undefined)[] = [
  undefined,
  ...['/3', '/3/0', '/3/0/6', '/3/0/6/0', '/33000', '/33000/0', '/33000/0/305'].map(baseOf),
];

/** Nodes, or a DecodeError of ours; anything else fails. */
function staysCalm(format: number, payload: Uint8Array, context: ContentContext): void {
  try {
    for (const { path, value } of decodeContent(format, payload, context)) {
      expect(path.resourceId).toBeTypeOf('number');
      expect(value).toBeDefined();
    }
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    expect((error as DecodeError).code).toMatch(/^content\/[a-z]+$/);
  }
}

const refusal = (code: string) => expect.objectContaining({ name: 'DecodeError', code: `content/${code}` });

describe('any bytes are nodes or a DecodeError', () => {
  for (const format of formats) {
    test(`format ${format}: random bytes`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...BASES), (bytes, base) =>
          staysCalm(format, bytes, { base, find, now: 0 }),
        ),
        { numRuns: 400 },
      );
    });
  }

  for (const format of [110, 320, 11543]) {
    test(`format ${format}: random JSON, with fields that mean something`, () => {
      const key = fc.constantFrom(
        'bn',
        'bt',
        'bv',
        'n',
        't',
        'v',
        'vs',
        'vb',
        'vd',
        'vlo',
        'sv',
        'bver',
        'ov',
        'x_',
        '__proto__',
      );
      const value = fc.oneof(
        fc.constantFrom('/3/0/', '9', '6/0', '3:0', 'AQ==', 1e308, -1, 12345678901234567890n, true, null),
        fc.jsonValue({ maxDepth: 2 }),
      );
      const print = (json: unknown): string =>
        JSON.stringify(json, (_, part: unknown) => (typeof part === 'bigint' ? `#${part}#` : part)).replace(
          /"#(\d+)#"/g,
          '$1',
        );
      const records = fc.array(fc.dictionary(key, value, { maxKeys: 5 }), { maxLength: 4 });
      fc.assert(
        fc.property(records, fc.constantFrom(...BASES), (pack, base) => {
          const payload = Buffer.from(print(format === 11543 ? { bn: '/3/0/', e: pack } : pack));
          staysCalm(format, payload, { base, find, now: 0 });
        }),
        { numRuns: 400 },
      );
    });
  }

  for (const { name, format, base, payload } of VECTORS) {
    test(`mutations of ${name}`, () => {
      const mutation = fc.record({
        at: fc.nat({ max: payload.length - 1 }),
        byte: fc.nat({ max: 255 }),
        cut: fc.nat({ max: 3 }),
        grow: fc.uint8Array({ maxLength: 3 }),
      });
      fc.assert(
        fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), fc.boolean(), (mutations, isTyped) => {
          let bytes = Buffer.from(payload);
          for (const { at, byte, cut, grow } of mutations) {
            if (at < bytes.length) bytes[at] = byte;
            bytes = Buffer.concat([bytes.subarray(0, at), grow, bytes.subarray(at + cut)]);
          }
          staysCalm(format, bytes, isTyped ? { base: baseOf(base), find } : { base: undefined });
          staysCalm(format, payload.subarray(0, mutations[0]?.at), { base: baseOf(base), find });
        }),
        { numRuns: 150 },
      );
    });
  }

  test('random bytes as a list of paths', () => {
    fc.assert(
      fc.property(fc.constantFrom(110, 112, 320, 322, 0), fc.uint8Array({ maxLength: 60 }), (format, bytes) => {
        try {
          decodePaths(format, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });
});

describe('bounds', () => {
  const object = { base: { objectId: ALL_TYPES.id }, find };
  const root = { base: undefined, find };

  test('a payload beyond the limit of bytes', () => {
    for (const format of formats) {
      expect(() => decodeContent(format, Buffer.alloc(101), { ...object, limits: { bytes: 100 } })).toThrow(
        refusal('limit'),
      );
    }
  });

  test('more values than the limit', () => {
    const limits = { nodes: 2 };
    const payloads: readonly (readonly [format: number, payload: Buffer])[] = [
      [110, Buffer.from('[{"n":"/33000/0/1","v":1},{"n":"/33000/0/2","v":1},{"n":"/33000/0/3","v":1}]')],
      [112, hex('83 A0 A0 A0')],
      [11542, hex('08 00 09 C1 01 01 C1 02 01 C1 06 01')],
      [11543, Buffer.from('{"bn":"/33000/0/","e":[{"n":"1","v":1},{"n":"2","v":1},{"n":"3","v":1}]}')],
      [11544, hex('A1 82 19 80E8 00 A3 01 01 02 01 06 01')],
    ];
    for (const [format, payload] of payloads) {
      expect(() => decodeContent(format, payload, { ...object, limits })).toThrow(refusal('limit'));
    }
  });

  test('counts and lengths that the payload cannot hold are refused before anything is made', () => {
    for (const payload of [
      '9B FFFFFFFFFFFFFFFF',
      '9A FFFFFFFF A0',
      '81 BB 7FFFFFFFFFFFFFFF',
      '81 A1 00 7B 00000000FFFFFFFF 61',
    ]) {
      expect(() => decodeContent(112, hex(payload), root)).toThrow(refusal('syntax'));
    }
    for (const payload of ['BB FFFFFFFFFFFFFFFF', 'A1 9B FFFFFFFFFFFFFFFF', 'A1 03 BA FFFFFFFF 00']) {
      expect(() => decodeContent(11544, hex(payload), root)).toThrow(refusal('syntax'));
    }
    expect(() => decodeContent(11542, hex('F8 16 45 FF FF FF 00'), object)).toThrow(refusal('syntax'));
    expect(() => decodeContent(11542, hex('08 00 03 C1 09 64 C1'), object)).toThrow(refusal('syntax'));
    expect(() => decodeContent(11542, hex('08 00 02 C1 09 64'), object)).toThrow(refusal('syntax'));
  });

  test('CBOR nested without end: arrays, maps, tags, fractions', () => {
    const deep = (start: string, part: string, count: number): Buffer => hex(start + part.repeat(count));
    for (const part of ['81', '9F', 'A100', 'BF00', 'C1', 'C482', 'C48200', 'D818']) {
      for (const [format, start] of [
        [112, '81A10A'],
        [112, '81A102'],
        [112, ''],
        [11544, 'A103'],
        [11544, 'A1'],
        [11544, ''],
      ] as const) {
        expect(() => decodeContent(format, deep(start, part, 200_000), root)).toThrow(DecodeError);
      }
      expect(() => decodeContent(60, deep('', part, 200_000), { base: baseOf('/33000/0/3'), find })).toThrow(
        DecodeError,
      );
    }
  });

  test('JSON nested without end, in both readers', () => {
    for (const part of ['[', '{"a":', '[{"a":']) {
      expect(() => decodeContent(110, Buffer.from(part.repeat(100_000)), root)).toThrow(DecodeError);
      expect(() => decodeContent(110, Buffer.from(`[12345678901234567890,${part.repeat(100_000)}`), root)).toThrow(
        DecodeError,
      );
    }
  });

  test('a bignum and an exponent without end', () => {
    const base = baseOf('/33000/0/1');
    expect(() => decodeContent(60, hex(`C2 59 FFFF ${'FF'.repeat(65_535)}`), { base, find })).toThrow(refusal('limit'));
    expect(() => decodeContent(60, hex('C4 82 1A FFFFFFFF 01'), { base, find })).toThrow(refusal('limit'));
    expect(() => decodeContent(0, Buffer.from('9'.repeat(100_000)), { base, find })).toThrow(refusal('value'));
  });

  test('a string in chunks without end, and digits without end, cost no more than reading them', () => {
    const chunks = Buffer.concat([hex('81 A1 00 7F'), Buffer.alloc(100_000, 0x60), hex('FF')]);
    expect(() => decodeContent(112, chunks, root)).toThrow(refusal('limit'));
    const digits = (base: string): unknown =>
      decodeContent(110, Buffer.from(`[{"v":${'9'.repeat(200_000)}}]`), { base: baseOf(base), find });
    expect(() => digits('/33000/0/1')).toThrow(refusal('type'));
  });

  test('a TLV within a TLV of the same kind, and kinds out of place', () => {
    for (const payload of ['05 00 03 00 C1 09 64', '03 00 41 00 64', '83 01 C1 09 64', '83 01 81 41 00', '41 00 01']) {
      expect(() => decodeContent(11542, hex(payload), object)).toThrow(DecodeError);
    }
  });

  test('the reserved id 65535', () => {
    expect(() => decodeContent(11542, hex('23 FF FF C1 09 64'), object)).toThrow(refusal('path'));
    expect(() => decodeContent(11544, hex('A1 83 19 80E8 00 19 FFFF 01'), object)).toThrow(refusal('path'));
  });

  test('a resource that stands twice where no time tells them apart', () => {
    expect(() => decodeContent(11542, hex('C1 09 64 C1 09 65'), { base: baseOf('/3/0'), find })).toThrow(
      refusal('duplicate'),
    );
    expect(() => decodeContent(11542, hex('03 00 C1 09 64 03 00 C1 09 65'), { base: baseOf('/3'), find })).toThrow(
      DecodeError,
    );
  });

  test('text that is not UTF-8', () => {
    for (const [format, payload] of [
      [0, 'FF'],
      [40, 'C3'],
      [60, '62 C3 28'],
      [60, '7F 61 C3 61 A4 FF'],
      [110, '5B 22 FF 22 5D'],
      [11543, 'FF'],
    ] as const) {
      expect(() => decodeContent(format, hex(payload), { base: baseOf('/33000/0/0'), find })).toThrow(
        refusal('syntax'),
      );
    }
  });

  test('an unknown format, a format for one resource at an instance, TLV at the root', () => {
    expect(() => decodeContent(50, Buffer.alloc(0), object)).toThrow(refusal('format'));
    for (const format of [0, 40, 42, 60])
      expect(() => decodeContent(format, hex('00'), object)).toThrow(refusal('base'));
    expect(() => decodeContent(11542, hex('C1 09 64'), root)).toThrow(refusal('base'));
  });

  test('what was decoded stays when the payload is overwritten', () => {
    const payload = hex('C1 05 07 C2 00 68 69');
    const nodes = decodeContent(11542, payload, { base: baseOf('/33000/0'), find });
    payload.fill(0);
    expect(nodes.map(({ value }) => value)).toEqual([Buffer.from([7]), 'hi']);
  });
});
