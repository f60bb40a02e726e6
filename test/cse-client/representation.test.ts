import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  debugInfo,
  fromReferenceList,
  fromRepresentation,
  fromUriList,
  type ResourceMap,
} from '../../cse-client/index.ts';

describe('resources in answers', () => {
  it('are put right where another JSON type says the same', () => {
    const content = {
      'm2m:ae': {
        ri: 7,
        ty: '2.0',
        lbl: 'one',
        srv: [2, '3'],
        rr: 'true',
        poa: null,
        et: '20270101T000000',
        vendor: { a: 1 },
      },
    };
    expect(fromRepresentation(2, content)).toEqual({
      ri: '7',
      ty: 2,
      lbl: ['one'],
      srv: ['2', '3'],
      rr: true,
      et: '20270101T000000',
      vendor: { a: 1 },
    });
    expect(fromRepresentation(5, { 'm2m:cb': { ri: 'x', srt: ['1', 2.0] } }).srt).toEqual([1, 2]);
    expect(fromRepresentation(5, { 'm2m:cb': { ri: 'x', srt: 14 } }).srt).toEqual([14]);
  });

  it.each([
    ['a list where text is due', { rn: ['x'] }],
    ['a fraction where a whole number is due', { ty: 2.5 }],
    ['words where a number is due', { ty: 'two' }],
    ['a list with an object in it', { lbl: ['a', {}] }],
    ['a list where an object is due', { pv: [] }],
    ['a number where a truth is due', { rr: 2 }],
  ])('with %s are refused', (_name, attributes) => {
    expect(() => fromRepresentation(2, { 'm2m:ae': { ri: 'x', ...attributes } })).toThrow(
      expect.objectContaining({
        code: 'cse/not-a-cse',
        message: expect.stringContaining(Object.keys(attributes)[0] ?? ''),
      }),
    );
  });

  it('and lists that are garbage are refused with cse/not-a-cse and nothing else', () => {
    const names = fc.constantFrom('m2m:ae', 'm2m:cb', 'm2m:uril', 'm2m:rrl');
    const attributes = fc.dictionary(
      fc.constantFrom('ri', 'ty', 'lbl', 'rr', 'srt', 'pv', 'rrf', '__proto__'),
      fc.jsonValue(),
    );
    const garbage = fc.oneof(fc.jsonValue(), fc.dictionary(names, fc.oneof(attributes, fc.jsonValue())));
    const readers = [
      (content: unknown) => fromRepresentation(2 as keyof ResourceMap, content),
      (content: unknown) => fromRepresentation(5 as keyof ResourceMap, content),
      fromUriList,
      fromReferenceList,
      debugInfo,
    ];
    fc.assert(
      fc.property(garbage, fc.constantFrom(...readers), (content, read) => {
        try {
          read(content);
        } catch (error) {
          expect(error).toMatchObject({ code: 'cse/not-a-cse' });
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('of a refusal say why in one short line', () => {
    expect(debugInfo({ 'm2m:dbg': ' a\n b\t' })).toBe('a b');
    expect(debugInfo('x'.repeat(1000))).toHaveLength(300);
    expect(debugInfo({ 'm2m:dbg': 7 })).toBeUndefined();
  });
});
