import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../../common/index.ts';
import { objectLinksText, parseObjectLinksText } from '../../../ipe/store/object-links-text.ts';
import { openRecord, type RecordFormat, sealRecord } from '../../../ipe/store/record-format.ts';
import { RECORD_FORMATS } from '../../../ipe/store/records.ts';
import { decodeObjectLinks } from '../../../lwm2m/index.ts';
import { KIND_SAMPLES, registrationOf } from './samples.ts';

describe('records', () => {
  it.each(KIND_SAMPLES)('of kind %s come back as they were', (kind, record) => {
    const format = RECORD_FORMATS[kind] as RecordFormat<unknown>;
    expect(openRecord(format, sealRecord(format, record))).toEqual({ record, old: false });
  });

  it.each(KIND_SAMPLES)('of kind %s with any bit turned are refused as damaged', (kind, record) => {
    const format = RECORD_FORMATS[kind] as RecordFormat<unknown>;
    const bytes = sealRecord(format, record);
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const damaged = Buffer.from(bytes);
        damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(() => openRecord(format, damaged)).toThrow(DecodeError);
      }),
    );
  });

  it.each(KIND_SAMPLES)('of kind %s: any JSON is read or refused with DecodeError, nothing else', (kind, record) => {
    const format = RECORD_FORMATS[kind] as RecordFormat<unknown>;
    const whole = format.encode(record) as Record<string, unknown>;
    const spoiled = fc
      .tuple(fc.constantFrom(...(typeof whole === 'object' ? Object.keys(whole) : ['x'])), fc.jsonValue())
      .map(([name, value]) => (typeof whole === 'object' ? { ...whole, [name]: value } : value));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), spoiled), (json) => {
        try {
          format.decode(JSON.parse(JSON.stringify(json)));
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });

  it.each([
    { kind: 'psk', identity: 'dev-1' } as const,
    { kind: 'rpk', fingerprint: 'ab12' } as const,
    { kind: 'x509', fingerprint: 'ab12', alternativeNames: ['urn:dev:1'] } as const,
    { kind: 'x509', fingerprint: 'ab12', commonName: 'dev', alternativeNames: [] } as const,
  ])('of registrations keep who the device has proved to be: %o', (identity) => {
    const registration = registrationOf('dev');
    const proved = { ...registration, peer: { ...registration.peer, key: 'proved', identity } };
    const sealed = sealRecord(RECORD_FORMATS.registration, proved);
    expect(openRecord(RECORD_FORMATS.registration, sealed).record).toEqual(proved);
  });

  it('any bytes are refused with DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(() => openRecord(RECORD_FORMATS.registration, Buffer.from(bytes))).toThrow(DecodeError);
      }),
    );
  });

  it('of an old version are migrated step by step', () => {
    const first: RecordFormat<{ name: string }> = { version: 1, encode: (it) => it, decode: (it) => it as never };
    const third: RecordFormat<{ endpoint: string; lives: number }> = {
      version: 3,
      encode: (it) => it,
      decode: (it) => it as never,
      migrations: {
        1: (old) => ({ endpoint: (old as { name: string }).name }),
        2: (old) => ({ ...(old as object), lives: 7 }),
      },
    };
    const bytes = sealRecord(first, { name: 'dev' });
    expect(openRecord(third, bytes)).toEqual({ record: { endpoint: 'dev', lives: 7 }, old: true });
    expect(() => openRecord(first, sealRecord(third, { endpoint: 'x', lives: 1 }))).toThrow('newer');
  });
});

describe('object links as text', () => {
  const identifier = fc.integer({ min: 1, max: 65_534 });
  const version = fc.constantFrom('', ';ver=1.0', ';ver="2.11"');
  const link = fc
    .tuple(identifier, fc.option(identifier, { nil: undefined }), version)
    .map(([object, instance, ver]) => ({ path: instance === undefined ? `${object}` : `${object}/${instance}`, ver }));
  const formats = fc.constantFrom('', ';ct=11543', ';ct="110 112 LWM2M+JSON"', ';ct="a\\"b 60"');

  it('say what decodeObjectLinks read, whatever the device listed', () => {
    fc.assert(
      fc.property(fc.constantFrom('/', '/lwm2m', '/a/b'), formats, fc.array(link), (root, ct, links) => {
        const prefix = root === '/' ? '' : root;
        const listed = links.map(({ path, ver }) => `<${prefix}/${path}>${ver}`);
        const read = decodeObjectLinks(Buffer.from([`<${root}>;rt="oma.lwm2m"${ct}`, ...listed].join(',')));
        expect(parseObjectLinksText(objectLinksText(read))).toEqual(read);
      }),
    );
  });

  it('give devices that list the same one value', () => {
    const [a, b] = ['</1/0>,</3/0>', '</1/0>,</3/0>'].map((text) => decodeObjectLinks(Buffer.from(text)));
    expect(parseObjectLinksText(objectLinksText(a!))).toBe(parseObjectLinksText(objectLinksText(b!)));
  });
});
