import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../common/index.ts';
import { readJson } from '../../../lwm2m/content/json-reader.ts';
import { DEFAULT_CONTENT_LIMITS } from '../../../lwm2m/content/limits.ts';

const LARGE = 12345678901234567890n;
const limits = { ...DEFAULT_CONTENT_LIMITS, depth: 20 };
const read = (text: string): unknown => readJson(Buffer.from(text), limits);
/** Reads the text beside an integer that needs the exact reader. */
const readExactly = (text: string): unknown => (read(`[${LARGE},${text}]`) as unknown[])[1];

/** The same with numbers for the integers that were kept exact. */
function rounded(json: unknown): unknown {
  if (typeof json === 'bigint') return Number(json);
  if (Array.isArray(json)) return json.map(rounded);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, rounded(value)]));
}

describe('the exact JSON reader', () => {
  test('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.nat({ max: 3 }), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        expect(rounded(readExactly(spaced))).toEqual(JSON.parse(spaced));
      }),
    );
  });

  test('refuses what JSON.parse refuses', () => {
    const parts = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '\\',
      '1',
      '-',
      '0',
      '.5',
      'e3',
      'true',
      'nul',
      'null',
      ' ',
      '\n',
      '\u0001',
    ];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...parts), { maxLength: 8 }).map((list) => list.join('')),
        (text) => {
          const whole = `[${LARGE},[${text}]]`;
          let expected: unknown;
          try {
            expected = JSON.parse(whole);
          } catch {
            expect(() => read(whole)).toThrow(DecodeError);
            return;
          }
          expect(rounded(read(whole))).toEqual(expected);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('keeps the digits of integers, rounds fractions as JSON.parse does', () => {
    expect(read(`{"a":${LARGE},"b":-${LARGE},"c":9007199254740993,"d":${LARGE}.5,"e":${LARGE}e1}`)).toEqual({
      a: LARGE,
      b: -LARGE,
      c: 9_007_199_254_740_993n,
      d: Number(`${LARGE}.5`),
      e: Number(`${LARGE}e1`),
    });
    expect(readExactly('0.12345678901234567890')).toBe(Number('0.12345678901234567890'));
  });

  test('a key __proto__ is a key like any other', () => {
    const found = readExactly('{"__proto__":{"n":"x"}}') as object;
    expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
    expect(Object.keys(found)).toEqual(['__proto__']);
  });
});
