import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../common/index.ts';
import {
  LINK_FORMAT_LIMITS,
  type Link,
  linkAttribute,
  parseLinkFormat,
  printLinkFormat,
} from '../../../lwm2m/index.ts';

const parse = (text: string) => parseLinkFormat(Buffer.from(text));

describe('link format is read as RFC 6690 2 has it', () => {
  test('the examples of RFC 6690 5', () => {
    expect(parse('</sensors>;ct=40;title="Sensor Index",</t>;anchor="/sensors/temp";rel="alternate"')).toEqual([
      {
        target: '/sensors',
        attributes: [
          { name: 'ct', value: '40' },
          { name: 'title', value: 'Sensor Index' },
        ],
      },
      {
        target: '/t',
        attributes: [
          { name: 'anchor', value: '/sensors/temp' },
          { name: 'rel', value: 'alternate' },
        ],
      },
    ]);
    expect(parse('<http://www.example.com/sensors/t123>;anchor="/sensors/temp";rel="describedby"')).toHaveLength(1);
  });

  test('the empty document and one of blanks hold no link', () => {
    expect(parse('')).toEqual([]);
    expect(parse(' \r\n\t')).toEqual([]);
  });

  test('blanks may stand after and before commas and semicolons', () => {
    expect(parse('</1/101>, </1/102> ,\t</2/0> ; rt="a" ;\n ct=1 ').map(({ target }) => target)).toEqual([
      '/1/101',
      '/1/102',
      '/2/0',
    ]);
  });

  test('a flag has no value, and an empty value is a value', () => {
    expect(parse('</a>;hb;obs;rt="";ct=')[0]?.attributes).toEqual([
      { name: 'hb' },
      { name: 'obs' },
      { name: 'rt', value: '' },
      { name: 'ct', value: '' },
    ]);
  });

  test('quoted values may hold separators, brackets and escapes', () => {
    expect(parse('</a>;title="a,b;c>d\\"e\\\\f\\g",</b>')[0]?.attributes).toEqual([
      { name: 'title', value: 'a,b;c>d"e\\fg' },
    ]);
  });

  test('bare values may hold what a ptoken holds, and letters beyond ASCII', () => {
    expect(parse('</a>;ct=LWM2M+JSON;x=a=b/c:d;t=\u00e4')[0]?.attributes).toEqual([
      { name: 'ct', value: 'LWM2M+JSON' },
      { name: 'x', value: 'a=b/c:d' },
      { name: 't', value: '\u00e4' },
    ]);
  });

  test('names do not distinguish case, and the first of a name counts', () => {
    const [link] = parse('</a>;RT="x";rt="y"');
    expect(linkAttribute(link!, 'rt')?.value).toBe('x');
  });

  test.each([
    ['no bracket', '/1/0'],
    ['an unfinished target', '</1/0'],
    ['a target with a blank', '</1 /0>'],
    ['a target with a control character', '</1\u0000>'],
    ['two links without comma', '</1></2>'],
    ['a comma at the end', '</1>,'],
    ['two commas', '</1>,,</2>'],
    ['a comma alone', ','],
    ['a semicolon without attribute', '</1>;'],
    ['a semicolon before a comma', '</1>;,</2>'],
    ['an attribute without name', '</1>;="x"'],
    ['an attribute name with a bracket', '</1>;a<b'],
    ['an unfinished quote', '</1>;rt="x'],
    ['a quote that ends in an escape', '</1>;rt="x\\'],
    ['something after a quote', '</1>;rt="x"y'],
    ['a quote inside a bare value', '</1>;rt=x"y"'],
    ['a control character in a quote', '</1>;rt="\u0007"'],
    ['a byte of zero at the end', '</1>\u0000'],
  ])('%s is refused', (_what, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'lwm2m/link-format' }));
  });

  test('bytes that are no UTF-8 are refused', () => {
    expect(() => parseLinkFormat(Buffer.from([0x3c, 0x2f, 0xff, 0x3e]))).toThrow(DecodeError);
    expect(() => parseLinkFormat(Buffer.from('<\u00c3>', 'latin1'))).toThrow(DecodeError);
  });

  test('what is too much is refused: bytes, links, attributes, lengths', () => {
    const { bytes, links, attributes, target, name, value } = LINK_FORMAT_LIMITS;
    const list = (count: number) => Array.from({ length: count }, (_, i) => `</${i}>`).join();
    expect(parse(list(links))).toHaveLength(links);
    expect(() => parse(list(links + 1))).toThrow('more than 1000 links');
    expect(() => parseLinkFormat(Buffer.alloc(bytes + 1, 0x20))).toThrow('65536 bytes');
    expect(parseLinkFormat(Buffer.alloc(bytes, 0x20))).toEqual([]);
    expect(() => parse(`</1>${';a'.repeat(attributes + 1)}`)).toThrow('too many attributes');
    expect(() => parse(`</${'a'.repeat(target)}>`)).toThrow('target longer');
    expect(() => parse(`</1>;${'a'.repeat(name + 1)}`)).toThrow('attribute name longer');
    expect(() => parse(`</1>;a=${'a'.repeat(value + 1)}`)).toThrow('value longer');
    expect(() => parse(`</1>;a="${'a'.repeat(value + 1)}"`)).toThrow('value longer');
  });

  test('a refusal says where', () => {
    expect(() => parse('</1>,!')).toThrow(expect.objectContaining({ offset: 5 }));
  });
});

const PIECES = [
  '<',
  '>',
  '</1/0>',
  ',',
  ';',
  '"',
  '\\',
  '=',
  'rt',
  'ct',
  '"oma.lwm2m"',
  ' ',
  'ver=1.1',
  '\u00e9',
  '\u0000',
];

describe('any bytes', () => {
  test('give links, or a DecodeError and nothing else', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => Buffer.from(pieces.join(''))),
    );
    fc.assert(
      fc.property(anything, (bytes) => {
        try {
          expect(Array.isArray(parseLinkFormat(bytes))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('what is printed is read back the same', () => {
    const text = fc
      .string({ unit: 'grapheme', maxLength: 30 })
      .filter((value) => !/[\p{Cc}\p{Surrogate}]/u.test(value));
    const attribute = fc.record(
      { name: fc.stringMatching(/^[a-z][a-z0-9-]{0,9}\*?$/), value: text },
      { requiredKeys: ['name'] },
    );
    const link = fc.record({
      target: text.filter((value) => !/[<>" ]/.test(value)),
      attributes: fc.array(attribute, { maxLength: 5 }),
    }) as fc.Arbitrary<Link>;
    fc.assert(
      fc.property(fc.array(link, { maxLength: 10 }), (links) => {
        expect(parse(printLinkFormat(links))).toEqual(links);
      }),
    );
  });
});
