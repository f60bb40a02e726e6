import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError, IpeError } from '../../../common/index.ts';
import { formatPath, type Path, parsePath } from '../../../lwm2m/model/path.ts';

const id = fc.integer({ min: 0, max: 65_534 });
const path = fc.array(id, { minLength: 1, maxLength: 4 }).map(([objectId = 0, ...rest]): Path => {
  const names = ['instanceId', 'resourceId', 'resourceInstanceId'] as const;
  return Object.assign({ objectId }, ...rest.map((value, level) => ({ [names[level] as string]: value })));
});

describe('paths', () => {
  test.each<[string, Path]>([
    ['/3', { objectId: 3 }],
    ['/3/0', { objectId: 3, instanceId: 0 }],
    ['/3303/0/5700', { objectId: 3303, instanceId: 0, resourceId: 5700 }],
    ['/3/0/6/65534', { objectId: 3, instanceId: 0, resourceId: 6, resourceInstanceId: 65_534 }],
  ])('%s is read level by level', (text, read) => {
    expect(parsePath(text)).toStrictEqual(read);
  });

  test.each([
    '',
    '/',
    '//',
    '3',
    '/3/',
    '/03',
    '/3//1',
    '/65535',
    '/3/65535',
    '/99999',
    '/1/2/3/4/5',
    '/-1',
    '/3/0?x',
    ' /3',
  ])('"%s" is no path', (text) => {
    expect(() => parsePath(text)).toThrow(expect.objectContaining({ code: 'lwm2m/path', name: 'DecodeError' }));
  });

  test('every path is read back as it was written', () => {
    fc.assert(
      fc.property(path, (one) => {
        expect(parsePath(formatPath(one))).toStrictEqual(one);
      }),
    );
  });

  test('any text is a path that is written back the same, or a DecodeError', () => {
    const text = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[/0-9]{0,26}$/),
      fc.string({ unit: 'binary', size: 'large' }),
    );
    fc.assert(
      fc.property(text, (one) => {
        const read = outcome(() => parsePath(one));
        if (read instanceof Error) expect(read).toBeInstanceOf(DecodeError);
        else expect(formatPath(read)).toBe(one);
      }),
      { numRuns: 1_000 },
    );
  });

  test('what a refusal shows of a foreign text is short and printable', () => {
    const error = outcome(() => parsePath(`/\u0000\n${'9'.repeat(10_000)}`)) as DecodeError;
    expect(error.message).toMatch(/^[\x20-\x7e]{1,200}$/);
  });

  test.each<[string, unknown]>([
    ['a level without the one before it', { objectId: 3, resourceId: 1 }],
    ['the reserved id 65535', { objectId: 3, instanceId: 65_535 }],
    ['an id that is no whole number', { objectId: 1.5 }],
    ['an id below 0', { objectId: -1 }],
    ['no Object ID', {}],
  ])('a path with %s cannot be written', (_, wrong) => {
    expect(() => formatPath(wrong as Path)).toThrow(IpeError);
  });
});

function outcome<T>(run: () => T): T | Error {
  try {
    return run();
  } catch (error) {
    return error as Error;
  }
}
