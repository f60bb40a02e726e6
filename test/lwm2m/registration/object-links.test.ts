import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../common/index.ts';
import { decodeObjectLinks, type ObjectLink, sameObjectLinks } from '../../../lwm2m/index.ts';
import { ObjectLinksCache } from '../../../lwm2m/registration/object-links-cache.ts';

const decode = (text: string) => decodeObjectLinks(Buffer.from(text));
const paths = (text: string) => decode(text).links.map(pathOf);

function pathOf({ objectId, instanceId, version }: ObjectLink): string {
  return `/${objectId}${instanceId === undefined ? '' : `/${instanceId}`}${version === undefined ? '' : ` ${version}`}`;
}

describe('the lists of LwM2M 1.0 5.3.1', () => {
  test('Objects without instances', () => {
    expect(paths('</1>, </2>, </3>, </4>, </5>')).toEqual(['/1', '/2', '/3', '/4', '/5']);
  });

  test('Objects and instances, with blanks after the commas', () => {
    expect(paths('</1/101>, </1/102>, </2/0>, </2/1>, </2/2>, </3/0>, </4/0>, </5>')).toEqual([
      '/1/101',
      '/1/102',
      '/2/0',
      '/2/1',
      '/2/2',
      '/3/0',
      '/4/0',
      '/5',
    ]);
  });

  test('an alternate path, marked by rt="oma.lwm2m"', () => {
    const links = decode(
      '</lwm2m>;rt="oma.lwm2m", </lwm2m/1/101>, </lwm2m/1/102>, </lwm2m/2/0>, </lwm2m/2/1>, </lwm2m/2/2>, </lwm2m/3/0>,</lwm2m/4/0>,</lwm2m/5>',
    );
    expect(links.rootPath).toBe('/lwm2m');
    expect(links.links.map(pathOf)).toEqual(['/1/101', '/1/102', '/2/0', '/2/1', '/2/2', '/3/0', '/4/0', '/5']);
  });

  test('a Content-Format in the root link', () => {
    const links = decode('</>;rt="oma.lwm2m";ct=100, </1/101>, </1/102>, </2/0>, </2/1>, </2/2>, </3/0>, </4/0>, </5>');
    expect(links).toMatchObject({ rootPath: '/', contentFormats: [100], contentFormatNames: [] });
    expect(links.links).toHaveLength(8);
  });

  test('the list of the change request to the registration interface', () => {
    expect(paths('</1/0>, </2/0>, </2/1>, </3/0>,</4/0>,</5>')).toHaveLength(6);
  });
});

describe('the lists of the TS-0014 draft', () => {
  test('6.3.2: Objects 1 to 5, two of them with two instances', () => {
    expect(paths('</1/0>, </1/1>, </2/0>, </2/1>, </3/0>, </4/0>, </5>')).toHaveLength(7);
  });

  test('6.3.2: ct=LWM2M+JSON, and an Object that stands outside of the alternate path', () => {
    expect(decode('</lwm2m>;rt="oma.lwm2m";ct=LWM2M+JSON,</1/0>')).toEqual({
      rootPath: '/lwm2m',
      contentFormats: [],
      contentFormatNames: ['LWM2M+JSON'],
      links: [{ objectId: 1, instanceId: 0 }],
    });
  });
});

describe('the root path', () => {
  test('may be named after the Objects', () => {
    expect(decode('</lwm2m/3/0>,</lwm2m>;rt="oma.lwm2m"')).toMatchObject({
      rootPath: '/lwm2m',
      links: [{ objectId: 3, instanceId: 0 }],
    });
  });

  test('is marked by one of several resource types', () => {
    expect(decode('</a/b>;rt="core.x oma.lwm2m y",</a/b/3/0>')).toMatchObject({
      rootPath: '/a/b',
      links: [{ objectId: 3 }],
    });
    expect(decode('</a>;rt="xoma.lwm2m",</3/0>').rootPath).toBe('/');
    expect(decode('</a>;rt=oma.lwm2m,</a/3/0>').rootPath).toBe('/a');
  });

  test('loses a slash at its end, and may be empty', () => {
    expect(decode('</lwm2m/>;rt="oma.lwm2m",</lwm2m/3/0>')).toMatchObject({
      rootPath: '/lwm2m',
      links: [{ objectId: 3 }],
    });
    expect(decode('<>;rt="oma.lwm2m",</3/0>')).toMatchObject({ rootPath: '/', links: [{ objectId: 3 }] });
  });

  test('Objects outside of it are other resources of the device when some lie below it', () => {
    expect(paths('</lwm2m>;rt="oma.lwm2m",</3/0>,</lwm2m/1/0>,</lwm2mx/4/0>')).toEqual(['/1/0']);
  });

  test.each([
    ['a numeric segment', '</lwm2m/1>;rt="oma.lwm2m"'],
    ['a query', '</lwm2m?a>;rt="oma.lwm2m"'],
    ['an empty segment', '</a//b>;rt="oma.lwm2m"'],
    ['a scheme', '<coap://host/a>;rt="oma.lwm2m"'],
    ['more than 255 characters', `</${'a'.repeat(255)}>;rt="oma.lwm2m"`],
  ])('with %s is refused', (_what, text) => {
    expect(() => decode(text)).toThrow(expect.objectContaining({ code: 'lwm2m/object-links' }));
  });
});

describe('content formats of the root link', () => {
  test.each([
    ['ct=110', [110], []],
    ['ct="110"', [110], []],
    ['ct="60 110 112 11542 11543"', [60, 110, 112, 11542, 11543], []],
    ['ct="60  60 LWM2M+JSON"', [60], ['LWM2M+JSON']],
    ['ct=70000', [], []],
    ['ct=', [], []],
    ['ct', [], []],
    ['ct=110;ct=112', [110], []],
    [`ct=${'x'.repeat(65)}`, [], []],
  ])('%s', (attribute, contentFormats, contentFormatNames) => {
    expect(decode(`</>;rt="oma.lwm2m";${attribute},</3/0>`)).toMatchObject({ contentFormats, contentFormatNames });
  });

  test('the link to / is the root link also without rt', () => {
    expect(decode('</>;ct=11543;hb,</3/0>').contentFormats).toEqual([11543]);
  });

  test('ct of other links says nothing', () => {
    expect(decode('</lwm2m>;rt="oma.lwm2m",</>;ct=50,</lwm2m/3/0>;ct=60').contentFormats).toEqual([]);
  });

  test('are bounded', () => {
    const list = Array.from({ length: 100 }, (_, i) => i).join(' ');
    expect(decode(`</>;rt="oma.lwm2m";ct="${list}"`).contentFormats).toHaveLength(32);
  });
});

describe('Objects and instances', () => {
  test('0 Security and 21 OSCORE are never shown', () => {
    expect(paths('</0>,</0/1>,</21/0>,</21>,</3/0>')).toEqual(['/3/0']);
  });

  test('come in numeric order and once', () => {
    expect(paths('</3303/10>,</3303/9>,</10>,</9/0>,</3303/9>,</10>')).toEqual(['/9/0', '/10', '/3303/9', '/3303/10']);
  });

  test('an Object with instances yields its instances, the bare link gives them its version', () => {
    expect(paths('</1>;ver=1.1,</1/0>,</1/1>,</5>;ver=1.0')).toEqual(['/1/0 1.1', '/1/1 1.1', '/5 1.0']);
    expect(paths('</1/0>,</1>;ver="1.1"')).toEqual(['/1/0 1.1']);
  });

  test('a version on an instance link is that of the Object, unless the Object link names another', () => {
    expect(paths('</1/0>;ver="1.1",</1/1>')).toEqual(['/1/0 1.1', '/1/1 1.1']);
    expect(paths('</1/0>;ver=1.1,</1>;ver=1.2,</1/1>;ver=1.0')).toEqual(['/1/0 1.2', '/1/1 1.2']);
  });

  test.each(['2', 'x', '1.1.1', '01.1', '1.', '1.1000'])('a version %s is none', (version) => {
    expect(paths(`</1/0>;ver="${version}"`)).toEqual(['/1/0']);
  });

  test('resources, other paths, numbers out of bounds and with leading zeros are other resources of the device', () => {
    expect(
      paths(
        '</3/0/1>,</3/0/1/2>,</well/known>,</65536>,</3/65535>,</3/0x1>,</03/0>,</3/00>,</-1/0>,</3/>,<coap://x/4/0>,</4?a>',
      ),
    ).toEqual(['/3']);
    expect(paths('</65535/65534>')).toEqual(['/65535/65534']);
  });

  test('a relative target is resolved against the root (RFC 6690 2.1)', () => {
    expect(paths('<3/0>')).toEqual(['/3/0']);
  });

  test('the empty list', () => {
    expect(decode('')).toEqual({ rootPath: '/', contentFormats: [], contentFormatNames: [], links: [] });
  });

  test('500 links', () => {
    const list = Array.from({ length: 500 }, (_, i) => `</${3_300 + (i % 10)}/${499 - i}>`).join();
    const { links } = decode(list);
    expect(links).toHaveLength(500);
    expect(links[0]).toEqual({ objectId: 3_300, instanceId: 9 });
  });
});

describe('any bytes', () => {
  const pieces = [
    '</1/0>',
    '</>',
    '</a>',
    ';rt="oma.lwm2m"',
    ';ct="1 2"',
    ';ver=1.1',
    ',',
    '</',
    '65535',
    '>',
    '/',
    '\u00e4',
    '"',
  ];

  test('give frozen object links in order and without duplicates, or a DecodeError and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 30 }), (list) => {
        try {
          const links = decode(list.join(''));
          expect(Object.isFrozen(links) && Object.isFrozen(links.links) && links.links.every(Object.isFrozen)).toBe(
            true,
          );
          const numbers = links.links.map(({ objectId, instanceId }) => objectId * 65_536 + (instanceId ?? 0));
          expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('a list that is well formed comes back whole', () => {
    const id = fc.integer({ min: 1, max: 65_535 }).filter((number) => number !== 21);
    const path = fc.tuple(id, fc.integer({ min: 0, max: 65_534 }));
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 20, selector: String }), (list) => {
        const expected = [...list].sort(([a, b], [c, d]) => a - c || b - d).map(([a, b]) => `/${a}/${b}`);
        expect(paths(list.map(([a, b]) => `</${a}/${b}>`).join(', '))).toEqual(expected);
      }),
    );
  });
});

describe('equal payloads of many devices', () => {
  test('share one value', () => {
    const cache = new ObjectLinksCache();
    expect(cache.decode(Buffer.from('</1/0>,</3/0>'))).toBe(cache.decode(Buffer.from('</1/0>,</3/0>')));
    expect(cache.decode(Buffer.from('</1/0>'))).not.toBe(cache.decode(Buffer.from('</1/1>')));
  });

  test('are remembered in a bounded number, those in use longest', () => {
    const cache = new ObjectLinksCache({ entries: 10 });
    const often = cache.decode(Buffer.from('</9/0>'));
    for (let i = 0; i < 1_000; i += 1) {
      cache.decode(Buffer.from(`</3/${i}>`));
      expect(cache.decode(Buffer.from('</9/0>'))).toBe(often);
      expect(cache.size).toBeLessThanOrEqual(20);
    }
  });

  test('that are long or malformed are not remembered', () => {
    const cache = new ObjectLinksCache({ payload: 10 });
    cache.decode(Buffer.from('</1/0>,</3/0>'));
    expect(() => cache.decode(Buffer.from('</1'))).toThrow(DecodeError);
    expect(cache.size).toBe(0);
  });

  test('two payloads that say the same are told apart from two that do not', () => {
    expect(sameObjectLinks(decode('</1/0>, </3>'), decode('</3>,</1/0>'))).toBe(true);
    for (const other of [
      '</1/0>',
      '</1/0>,</3/0>',
      '</1/0>,</3>;ver=1.1',
      '</>;ct=1,</1/0>,</3>',
      '</a>;rt=oma.lwm2m,</1/0>,</3>',
    ]) {
      expect(sameObjectLinks(decode('</1/0>,</3>'), decode(other))).toBe(false);
    }
  });
});
