import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../common/index.ts';
import type { DataType, ObjectDefinition } from '../../../lwm2m/model/definition.ts';
import { readObjectXml } from '../../../lwm2m/model/object-xml.ts';
import { packDefinition, unpackDefinition } from '../../../lwm2m/model/packed-definition.ts';
import { objectXml } from './object-file.ts';

const valid = objectXml({ id: 33_000, version: '1.1' });

function refusal(text: string): DecodeError {
  try {
    readObjectXml(text);
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return error as DecodeError;
  }
  throw new Error('was accepted');
}

describe('object definition files', () => {
  test('are read with all fields of object and resources', () => {
    expect(readObjectXml(valid)).toEqual([
      {
        id: 33_000,
        name: 'Object',
        urn: 'urn:oma:lwm2m:x:33000:1.1',
        version: '1.1',
        lwm2mVersion: '1.1',
        multiple: true,
        mandatory: false,
        resources: new Map([
          [
            2,
            {
              id: 2,
              name: 'Reset',
              type: 'none',
              operations: { read: false, write: false, execute: true },
              multiple: false,
              mandatory: false,
            },
          ],
          [
            7,
            {
              id: 7,
              name: 'Rate & limit',
              type: 'unsigned',
              operations: { read: true, write: true, execute: false },
              multiple: true,
              mandatory: true,
              units: 'm/s',
              range: '0..10 20..30',
            },
          ],
        ]),
      } satisfies ObjectDefinition,
    ]);
  });

  test('may leave out ObjectVersion, LWM2MVersion and ObjectURN: version 1.0, nothing, the URN of the number', () => {
    const bare = (id: number): string =>
      objectXml({ id })
        .replace(/<ObjectURN>.*<\/ObjectURN>/, '')
        .replace(/<LWM2MVersion>.*<\/LWM2MVersion>/, '');
    const [object] = readObjectXml(bare(33_000));
    expect([object?.version, object?.lwm2mVersion, object?.urn]).toEqual(['1.0', undefined, 'urn:oma:lwm2m:x:33000']);
    expect(readObjectXml(bare(28))[0]?.urn).toBe('urn:oma:lwm2m:oma:28');
    expect(readObjectXml(bare(3303))[0]?.urn).toBe('urn:oma:lwm2m:ext:3303');
  });

  test('may hold several objects', () => {
    const object = (id: number): string => objectXml({ id }).match(/<Object [\s\S]*<\/Object>/)?.[0] ?? '';
    expect(readObjectXml(`<LWM2M>${object(1)}${object(2)}</LWM2M>`).map(({ id }) => id)).toEqual([1, 2]);
  });

  test('may begin with a byte order mark', () => {
    expect(readObjectXml(`\ufeff${valid}`)).toHaveLength(1);
  });

  test.each([
    ['String', 'string'],
    ['Integer', 'integer'],
    ['Unsigned Integer', 'unsigned'],
    ['Float', 'float'],
    ['Boolean', 'boolean'],
    ['Opaque', 'opaque'],
    ['Time', 'time'],
    ['Objlnk', 'objlnk'],
    ['Corelnk', 'corelnk'],
    ['', 'none'],
  ] satisfies [string, DataType][])('Type "%s" is %s (LwM2M 1.1 appendix C)', (written, type) => {
    const text = valid.replace('Unsigned Integer', written);
    expect(readObjectXml(text)[0]?.resources.get(7)?.type).toBe(type);
  });

  test.each([
    ['an unknown Type', 'Unsigned Integer', 'Number', 'object 33000, resource 7: unknown Type "Number"'],
    ['unknown Operations', '<Operations>RW<', '<Operations>RX<', 'object 33000, resource 7: Operations'],
    ['the same operation twice', '<Operations>RW<', '<Operations>RR<', 'object 33000, resource 7: Operations'],
    ['an Object ID out of range', '<ObjectID>33000', '<ObjectID>65535', 'ObjectID "65535"'],
    ['an Object ID that is no number', '<ObjectID>33000', '<ObjectID>0x10', 'ObjectID "0x10"'],
    ['a Resource ID out of range', 'ID="7"', 'ID="70000"', 'Item ID "70000"'],
    ['a Resource ID used twice', 'ID="7"', 'ID="2"', 'a Resource ID is used twice'],
    ['no Resource ID', 'ID="7"', '', 'Item ID ""'],
    ['no Name', '<Name>Object</Name>', '', 'object 33000 has no Name'],
    ['two Names', '<Name>Object</Name>', '<Name>A</Name><Name>B</Name>', 'Name stands twice'],
    ['a version that is none', '<ObjectVersion>1.1', '<ObjectVersion>one', 'ObjectVersion "one"'],
    ['an LwM2M version that is none', '<LWM2MVersion>1.1', '<LWM2MVersion>x', 'LWM2MVersion "x"'],
    ['a URN of another object', 'lwm2m:x:33000', 'lwm2m:x:33001', 'contradicts'],
    ['a URN of another version', 'lwm2m:x:33000:1.1', 'lwm2m:x:33000:1.2', 'contradicts'],
    ['an unknown MultipleInstances', '<MultipleInstances>Single', '<MultipleInstances>Some', 'multiple or single'],
    ['an unknown Mandatory', '<Mandatory>Mandatory', '<Mandatory>Yes', 'mandatory or optional'],
    ['another root element', /LWM2M(?=[ >])/g, 'LWM3M', 'root element'],
    ['no object definition', 'MODefinition', 'CommonResources', 'no Object'],
    ['a document type declaration', '<LWM2M ', '<!DOCTYPE LWM2M [<!ENTITY a "b">]><LWM2M ', 'not allowed'],
    ['an entity that XML does not know', '&amp;', '&lol;', 'undefined entity'],
  ])('with %s are refused with the reason', (_, search, replacement, reason) => {
    const text = valid.replace(search, replacement);
    expect(text).not.toBe(valid);
    expect(refusal(text).message).toContain(reason);
  });

  test('that are not well-formed are refused with line and column', () => {
    expect(refusal(valid.replace('</ObjectID>', '</Object>'))).toMatchObject({
      code: 'lwm2m/xml',
      message: expect.stringMatching(/^\d+:\d+: unexpected close tag/),
    });
    expect(refusal('').code).toBe('lwm2m/xml');
  });

  test.each([
    ['characters', `<LWM2M>${'x'.repeat(1_048_577)}</LWM2M>`, 'longer than'],
    ['depth', '<a>'.repeat(300_000), 'nested deeper'],
    ['elements', `<a>${'<b/>'.repeat(50_000)}</a>`, 'more than 40000 elements'],
    ['attributes', `<a ${Array.from({ length: 20 }, (_, i) => `x${i}="1"`).join(' ')}/>`, 'more than 16 attributes'],
    ['a field', valid.replace('<Name>Object<', `<Name>${'N'.repeat(1_001)}<`), 'Name is longer than 1000'],
  ])('with too many %s are refused', (_, text, reason) => {
    const { message } = refusal(text);
    expect(message).toContain(reason);
    expect(message.length).toBeLessThan(300);
  });

  test('changed in any way are read or refused with a DecodeError', () => {
    const fragment = fc.constantFrom(
      '<',
      '>',
      '&',
      '"',
      '</Object>',
      '<Item ID="1">',
      '<![CDATA[',
      ']]>',
      '<!--',
      '<?',
      '<!DOCTYPE a>',
      '&#0;',
      '&#x10FFFF;',
      '__proto__',
      'constructor',
      '\u0000',
      '\ud800',
      'ID=',
      '-1',
      '99999999999999999999',
      ' ',
      '\n',
    );
    const change = fc.record({
      at: fc.nat(valid.length),
      cut: fc.oneof(fc.constant(0), fc.nat(40), fc.nat(valid.length)),
      insert: fc.oneof(fragment, fc.string({ unit: 'binary' }), fc.constant('')),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        let text = valid;
        for (const { at, cut, insert } of changes) text = text.slice(0, at) + insert + text.slice(at + cut);
        try {
          expect(readObjectXml(text).length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('packed definitions', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  const id = fc.integer({ min: 0, max: 65_534 });
  const type = fc.constantFrom<DataType>('string', 'unsigned', 'float', 'opaque', 'objlnk', 'none');
  const operations = fc.record({ read: fc.boolean(), write: fc.boolean(), execute: fc.boolean() });
  const resource = fc.record(
    { id, name: text, type, operations, multiple: fc.boolean(), mandatory: fc.boolean(), units: text, range: text },
    { requiredKeys: ['id', 'name', 'type', 'operations', 'multiple', 'mandatory'] },
  );
  const definition = fc.record(
    {
      id,
      name: text,
      urn: text,
      version: fc.tuple(fc.nat(999), fc.nat(999)).map((parts) => parts.join('.')),
      lwm2mVersion: fc.constantFrom('1.0', '1.1', '1.2'),
      multiple: fc.boolean(),
      mandatory: fc.boolean(),
      resources: fc
        .uniqueArray(resource, { selector: (one) => one.id, maxLength: 8 })
        .map((resources) => new Map(resources.map((one) => [one.id, one]))),
    },
    { requiredKeys: ['id', 'name', 'urn', 'version', 'multiple', 'mandatory', 'resources'] },
  );

  test('give back the definition that was packed', () => {
    fc.assert(
      fc.property(definition, (one) => {
        expect(unpackDefinition(packDefinition(one as ObjectDefinition))).toEqual(one);
      }),
    );
  });
});
