import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../common/index.ts';
import { valueFromJson, valueToJson } from '../../../lwm2m/content/json-value.ts';
import type { Value } from '../../../lwm2m/content/value.ts';
import { anyValueOf } from './arbitraries.ts';
import { TYPES } from './models.ts';

type Type = (typeof TYPES)[number];

describe('values as applications write them in JSON', () => {
  const CASES: readonly (readonly [type: Type | undefined, json: unknown, value: Value])[] = [
    ['integer', -5, -5],
    ['integer', '9223372036854775807', 9_223_372_036_854_775_807n],
    ['integer', 1e3, 1000],
    ['unsigned', '18446744073709551615', 18_446_744_073_709_551_615n],
    ['float', 21.5, 21.5],
    ['float', '21.5', 21.5],
    ['float', 'NaN', Number.NaN],
    ['boolean', true, true],
    ['boolean', 0, false],
    ['boolean', 'true', true],
    ['string', 'on', 'on'],
    ['corelnk', '</3/0>', '</3/0>'],
    ['opaque', 'AQID', Buffer.from([1, 2, 3])],
    ['opaque', '-_8', Buffer.from([0xfb, 0xff])],
    ['time', 1_363_896_240, 1_363_896_240],
    ['time', '1363896240', 1_363_896_240],
    ['time', '2013-03-21T20:04:00Z', 1_363_896_240],
    ['time', '2013-03-21T22:04:00.5+02:00', 1_363_896_240],
    ['time', '20130321T200400', 1_363_896_240],
    ['time', '20130321T200400,000000', 1_363_896_240],
    ['time', '20130321', 1_363_824_000],
    ['objlnk', { objectId: 3, instanceId: 0 }, { objectId: 3, instanceId: 0 }],
    ['objlnk', '3:0', { objectId: 3, instanceId: 0 }],
    [undefined, 1.5, 1.5],
    [undefined, 'x', 'x'],
    [undefined, false, false],
    [undefined, { objectId: 3, instanceId: 0 }, { objectId: 3, instanceId: 0 }],
  ];
  for (const [type, json, value] of CASES) {
    test(`${JSON.stringify(json)} for ${type ?? 'an unknown resource'}`, () => {
      expect(valueFromJson(type === undefined ? undefined : { type }, json)).toEqual(value);
    });
  }

  const WRONG: readonly (readonly [type: Type | 'none' | undefined, json: unknown])[] = [
    ['integer', 1.5],
    ['integer', '1.5'],
    ['integer', ''],
    ['integer', '9223372036854775808'],
    ['unsigned', -1],
    ['float', ''],
    ['float', 'warm'],
    ['boolean', 2],
    ['boolean', 'on'],
    ['string', 5],
    ['string', '\ud800'],
    ['opaque', 'A*'],
    ['time', 1.5],
    ['time', '2013-02-30T00:00:00Z'],
    ['time', 'tomorrow'],
    ['objlnk', { objectId: 3 }],
    ['objlnk', { objectId: 3, instanceId: 65_536 }],
    ['none', 1],
    [undefined, null],
    [undefined, [1]],
    [undefined, Number.NaN],
    ['integer', undefined],
  ];
  for (const [type, json] of WRONG) {
    test(`${JSON.stringify(json)} is refused for ${type ?? 'an unknown resource'}`, () => {
      expect(() => valueFromJson(type === undefined ? undefined : { type }, json)).toThrow(DecodeError);
    });
  }

  for (const type of TYPES) {
    test(`any ${type} comes back from JSON`, () => {
      fc.assert(
        fc.property(anyValueOf(type), (value) => {
          const json = JSON.parse(JSON.stringify(valueToJson({ type }, value))) as unknown;
          expect(valueFromJson({ type }, json)).toEqual(Object.is(value, -0) ? 0 : value);
        }),
        { numRuns: 100 },
      );
    });
  }

  test('any JSON is a value or a DecodeError', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TYPES, 'none' as const, undefined), fc.jsonValue(), (type, json) => {
        try {
          valueFromJson(type === undefined ? undefined : { type }, json);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });
});
