import { describe, expect, test } from 'vitest';
import { decodeContent, encodeContent } from '../../../lwm2m/content/content.ts';
import { DEFAULT_CONTENT_LIMITS } from '../../../lwm2m/content/limits.ts';
import { resolveRecords } from '../../../lwm2m/content/resolved-record.ts';
import { readSenmlCbor } from '../../../lwm2m/content/senml-cbor.ts';
import { readSenmlJson } from '../../../lwm2m/content/senml-json.ts';
import { parsePath } from '../../../lwm2m/model/path.ts';
import { find } from './models.ts';
import { hex, nodes } from './vectors.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const json = (text: string) => resolveRecords(readSenmlJson(Buffer.from(text), DEFAULT_CONTENT_LIMITS));
const sensor = parsePath('/3303/0');
const decode = (text: string, now: number | undefined = NOW) =>
  decodeContent(110, Buffer.from(text), { base: sensor, find, now });
const decodeSend = (text: string) => decodeContent(110, Buffer.from(text), { base: undefined, find, now: NOW });

describe('records of RFC 8428', () => {
  test('5.1.1: a single datapoint', () => {
    expect(json('[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]')).toEqual([
      { name: 'urn:dev:ow:10e2073a01080063', time: undefined, value: 23.1 },
    ]);
  });

  test('5.1.2: a base name holds for the records after it', () => {
    const pack =
      '[{"bn":"urn:dev:ow:10e2073a01080063:","n":"voltage","u":"V","v":120.1},{"n":"current","u":"A","v":1.2}]';
    expect(json(pack).map(({ name, value }) => [name, value])).toEqual([
      ['urn:dev:ow:10e2073a01080063:voltage', 120.1],
      ['urn:dev:ow:10e2073a01080063:current', 1.2],
    ]);
  });

  const CURRENTS = [-5, -4, -3, -2, -1, 0].map((t, index) => [1276020076.001 + t, 1.2 + index / 10]);

  test('5.1.2: base time, times and a base unit', () => {
    const records = json(`[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,
      "n":"voltage","u":"V","v":120.1},{"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3},
      {"n":"current","t":-3,"v":1.4},{"n":"current","t":-2,"v":1.5},{"n":"current","t":-1,"v":1.6},
      {"n":"current","v":1.7}]`);
    expect(records[0]).toEqual({ name: 'urn:dev:ow:10e2073a0108006:voltage', time: 1276020076.001, value: 120.1 });
    for (const [index, [time, value]] of CURRENTS.entries()) {
      expect(records[index + 1]?.time).toBeCloseTo(time as number, 6);
      expect(records[index + 1]?.value).toBeCloseTo(value as number, 9);
    }
  });

  test('6: the same pack in CBOR, with a half-precision float and labels as numbers', () => {
    const pack = hex(`87 a7 21 78 1b 75 72 6e 3a 64 65 76 3a 6f 77 3a 31 30 65 32 30 37 33 61 30 31 30 38 30 30 36 3a
      22 fb 41 d3 03 a1 5b 00 10 62 23 61 41 20 05 00 67 76 6f 6c 74 61 67 65 01 61 56 02 fb 40 5e 06 66 66 66 66 66
      a3 00 67 63 75 72 72 65 6e 74 06 24 02 fb 3f f3 33 33 33 33 33 33 a3 00 67 63 75 72 72 65 6e 74 06 23 02 fb 3f
      f4 cc cc cc cc cc cd a3 00 67 63 75 72 72 65 6e 74 06 22 02 fb 3f f6 66 66 66 66 66 66 a3 00 67 63 75 72 72 65
      6e 74 06 21 02 f9 3e 00 a3 00 67 63 75 72 72 65 6e 74 06 20 02 fb 3f f9 99 99 99 99 99 9a a3 00 67 63 75 72 72
      65 6e 74 06 00 02 fb 3f fb 33 33 33 33 33 33`);
    const records = resolveRecords(readSenmlCbor(pack, DEFAULT_CONTENT_LIMITS));
    expect(records.map(({ value }) => value)).toEqual([120.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7]);
    expect(records.map(({ time }) => Math.round((time as number) * 1000) - 1276020076001)).toEqual([
      0, -5000, -4000, -3000, -2000, -1000, 0,
    ]);
    expect(records.at(-1)?.name).toBe('urn:dev:ow:10e2073a0108006:current');
  });

  test('5.1.3: records without a name hold that of the base', () => {
    const records = json(
      '[{"bn":"urn:dev:ow:10e2073a01080063","bt":1.3200674641e+09,"bu":"%RH","v":21.2},{"t":10,"v":21.3},{"t":20,"v":21.4}]',
    );
    expect(records.map(({ name }) => name)).toEqual(Array(3).fill('urn:dev:ow:10e2073a01080063'));
    expect(records.map(({ time }) => (time as number) - 1320067464.1)).toEqual([0, 10, 20]);
  });

  test('5.1.5: several data types', () => {
    const records = json(`[{"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},
      {"n":"label","vs":"Machine Room"},{"n":"open","vb":false},{"n":"nfc-reader","vd":"aGkgCg"}]`);
    expect(records.map(({ value }) => value)).toEqual([23.1, 'Machine Room', false, Buffer.from('hi \n')]);
  });

  test('4.1: a base value is added, also to integers that a number cannot hold', () => {
    expect(json('[{"bn":"a:","bv":20,"v":3},{"v":0.5},{"vs":"x"}]').map(({ value }) => value)).toEqual([23, 20.5, 'x']);
    expect(json('[{"bn":"a:","bv":9007199254740993,"v":2}]')[0]?.value).toBe(9007199254740995n);
  });

  test('4.4: a label that ends in _ and is unknown refuses the pack, others are passed over', () => {
    expect(() => json('[{"n":"a","v":1,"foo_":2}]')).toThrow('must be understood');
    expect(json('[{"n":"a","v":1,"foo":{"bar":[2]}}]')).toHaveLength(1);
  });

  test('4.4: a later version of SenML refuses the pack', () => {
    expect(() => json('[{"bver":11,"n":"a","v":1}]')).toThrow('version');
  });

  test('4.2: two values in a record refuse the pack', () => {
    expect(() => json('[{"n":"a","v":1,"vs":"1"}]')).toThrow('Two values');
  });

  test('a label that stands twice in a CBOR record refuses the pack', () => {
    expect(() => readSenmlCbor(hex('81 a3 00 61 61 02 01 02 02'), DEFAULT_CONTENT_LIMITS)).toThrow('twice');
  });
});

describe('names', () => {
  const CASES: readonly (readonly [what: string, pack: string])[] = [
    ['base name with a final slash', '[{"bn":"/3303/0/","n":"5700","v":21}]'],
    ['base name without, name with a slash', '[{"bn":"/3303/0","n":"/5700","v":21}]'],
    ['neither slash', '[{"bn":"/3303/0","n":"5700","v":21}]'],
    ['both slashes', '[{"bn":"/3303/0/","n":"/5700","v":21}]'],
    ['the whole path as base name', '[{"bn":"/3303/0/5700","v":21}]'],
    ['the whole path as name', '[{"n":"/3303/0/5700","v":21}]'],
    ['the root as base name', '[{"bn":"/","n":"3303/0/5700","v":21}]'],
    ['no first slash', '[{"bn":"3303/0/","n":"5700","v":21}]'],
    ['a name below the path of the request', '[{"n":"5700","v":21}]'],
    ['a base record of its own', '[{"bn":"/3303/0/"},{"n":"5700","v":21}]'],
    ['under the alternate root path', '[{"bn":"/lwm2m/3303/0/","n":"5700","v":21}]'],
  ];
  for (const [what, pack] of CASES) {
    test(what, () => {
      const found = decodeContent(110, Buffer.from(pack), { base: sensor, find, rootPath: '/lwm2m' });
      expect(found).toEqual(nodes(['/3303/0/5700', 21]));
    });
  }

  test('a pack for the root holds several objects and changes its base name', () => {
    const pack = '[{"bn":"/3303/0/","n":"5700","v":21.5},{"n":"5701","vs":"Cel"},{"bn":"/3/0/","n":"9","v":80}]';
    expect(decodeSend(pack)).toEqual(nodes(['/3303/0/5700', 21.5], ['/3303/0/5701', 'Cel'], ['/3/0/9', 80]));
  });

  for (const name of [
    '/3304/0/5700',
    '/3303/1/5700',
    '/3303',
    '/3303/0',
    '/3303/0/5700/0/1',
    '/3303/0/x',
    '/3303/0/65535',
  ]) {
    test(`the name ${name} under /3303/0 refuses the pack`, () => {
      expect(() => decode(`[{"n":"${name}","v":1}]`)).toThrow(expect.objectContaining({ code: 'content/path' }));
    });
  }

  test('names are written under the alternate root path', () => {
    const payload = encodeContent(110, nodes(['/3303/0/5700', 21]), { base: sensor, find, rootPath: '/lwm2m/' });
    expect(payload.toString()).toBe('[{"bn":"/lwm2m/3303/0/5700","v":21}]');
  });

  test('the names of several objects are whole', () => {
    const payload = encodeContent(110, nodes(['/3303/0/5700', 21], ['/3/0/9', 80]), { base: undefined, find });
    expect(payload.toString()).toBe('[{"n":"/3303/0/5700","v":21},{"n":"/3/0/9","v":80}]');
  });
});

describe('times', () => {
  test('RFC 8428 4.5.3: times below 2^28 are relative to now, others absolute', () => {
    const pack = '[{"bn":"/3303/0/5700","v":1,"t":-60},{"v":2,"t":268435455},{"v":3,"t":268435456},{"v":4,"t":0}]';
    expect(decode(pack)).toEqual(
      nodes(
        ['/3303/0/5700', 3, 268_435_456_000],
        ['/3303/0/5700', 1, NOW - 60_000],
        ['/3303/0/5700', 4, NOW],
        ['/3303/0/5700', 2, NOW + 268_435_455_000],
      ),
    );
  });

  test('a Send with a negative base time in the first record only', () => {
    const pack = '[{"bn":"/3303/0/","bt":-30.5,"n":"5700","v":1},{"n":"5700","t":10,"v":2},{"n":"5700","t":20,"v":3}]';
    expect(decodeSend(pack)).toEqual(
      nodes(['/3303/0/5700', 1, NOW - 30_500], ['/3303/0/5700', 2, NOW - 20_500], ['/3303/0/5700', 3, NOW - 10_500]),
    );
  });

  test('a history comes in order of time, records of one moment in the order of the pack', () => {
    const pack = `[{"bn":"/3303/0/","bt":1700000000,"n":"5700","v":3,"t":20},{"n":"5700","v":1},{"n":"5601","v":0},
      {"n":"5700","v":2,"t":10}]`;
    expect(decode(pack).map(({ value, time }) => [value, time])).toEqual([
      [1, 1_700_000_000_000],
      [0, 1_700_000_000_000],
      [2, 1_700_000_010_000],
      [3, 1_700_000_020_000],
    ]);
  });

  test('without now, relative times order and are left off', () => {
    const pack = '[{"bn":"/3303/0/5700","v":2,"t":-1},{"v":1,"t":-2},{"v":0,"t":1700000000},{"v":3}]';
    expect(decodeContent(110, Buffer.from(pack), { base: sensor, find })).toEqual(
      nodes(['/3303/0/5700', 0, 1_700_000_000_000], ['/3303/0/5700', 1], ['/3303/0/5700', 2], ['/3303/0/5700', 3]),
    );
  });

  test('a history is written with a base time', () => {
    const history = nodes(['/3303/0/5700', 20.5, 1_700_000_000_250], ['/3303/0/5700', 21, 1_700_000_001_000]);
    const payload = encodeContent(110, history, { base: sensor, find });
    expect(payload.toString()).toBe('[{"bn":"/3303/0/5700","bt":1700000000.25,"v":20.5},{"v":21,"t":0.75}]');
    expect(decode(payload.toString())).toEqual(history);
  });

  test('a time too early to be absolute is written relative to now, and refused without', () => {
    const early = nodes(['/3303/0/5700', 1, 1000]);
    const payload = encodeContent(112, early, { base: sensor, find, now: NOW });
    expect(decodeContent(112, payload, { base: sensor, find, now: NOW })).toEqual(early);
    expect(() => encodeContent(112, early, { base: sensor, find })).toThrow(
      expect.objectContaining({ code: 'content/time' }),
    );
  });

  test('a time that no calendar holds refuses the pack', () => {
    expect(() => decode('[{"bn":"/3303/0/5700","v":1,"t":1e14}]')).toThrow('time');
  });
});
