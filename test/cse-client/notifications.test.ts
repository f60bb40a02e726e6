import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../common/index.ts';
import { decodeNotification } from '../../cse-client/index.ts';

const cin = { 'm2m:cin': { ri: 'cin1', con: 'x' } };

describe('the content of notifications', () => {
  it('TS-0004 6.3.5.13: the creation of a child, with the subscription it was asked for by', () => {
    const content = { 'm2m:sgn': { nev: { rep: cin, net: 3 }, sur: '/id-in/sub1', cr: 'Cipe' } };
    expect(decodeNotification(content)).toEqual([
      { kind: 'event', subscription: '/id-in/sub1', creator: 'Cipe', eventType: 3, representation: cin },
    ]);
  });

  it('numbers as 3.0, as text and as a list of one are the same event type', () => {
    for (const net of [JSON.parse('3.0'), '3', '3.0', [3]]) {
      expect(decodeNotification({ 'm2m:sgn': { nev: { net }, sur: 's' } })).toMatchObject([{ eventType: 3 }]);
    }
  });

  it('TS-0001 10.2.10.2: a verification request, also without a subscription', () => {
    expect(decodeNotification({ 'm2m:sgn': { vrq: true, sur: '/id-in/sub1', cr: 'Cipe' } })).toEqual([
      { kind: 'verification', subscription: '/id-in/sub1', creator: 'Cipe' },
    ]);
    expect(decodeNotification({ 'm2m:sgn': { vrq: true } })).toMatchObject([{ kind: 'verification' }]);
  });

  it('TS-0001 10.2.10.5: a deleted subscription says so', () => {
    expect(decodeNotification({ 'm2m:sgn': { sud: true, sur: 'a/b' } })).toMatchObject([
      { kind: 'deletion', subscription: 'a/b' },
    ]);
  });

  it('TS-0004 8.2.5: a batch is its notifications in order', () => {
    const one = (sur: string) => ({ nev: { rep: cin, net: 3 }, sur });
    for (const batch of [
      { 'm2m:sgn': [one('a'), one('b')] },
      [one('a'), one('b')],
      [{ 'm2m:sgn': one('a') }, { 'm2m:sgn': one('b') }],
    ]) {
      const found = decodeNotification({ 'm2m:agn': batch });
      expect(found.map(({ subscription }) => subscription)).toEqual(['a', 'b']);
    }
  });

  it.each([
    ['nothing', undefined],
    ['a text', 'm2m:sgn'],
    ['an empty object', {}],
    ['a notification without a subscription', { 'm2m:sgn': { nev: { net: 3 } } }],
    ['a notification of nothing', { 'm2m:sgn': { sur: 'a' } }],
    ['a subscription that is no text', { 'm2m:sgn': { nev: {}, sur: 5 } }],
    ['an endless address', { 'm2m:sgn': { nev: {}, sur: 'a'.repeat(5000) } }],
    ['an event type that is none', { 'm2m:sgn': { nev: { net: 3.5 }, sur: 'a' } }],
    ['an endless batch', { 'm2m:agn': Array.from({ length: 5000 }, () => ({})) }],
    ['a batch of texts', { 'm2m:agn': ['a'] }],
  ])('%s is refused', (_what, content) => {
    expect(() => decodeNotification(content)).toThrow(DecodeError);
  });

  it('whatever JSON comes, it is read or refused with a DecodeError', () => {
    const sgn = fc.record(
      { nev: fc.jsonValue(), sur: fc.jsonValue(), vrq: fc.jsonValue(), sud: fc.jsonValue(), cr: fc.jsonValue() },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      fc.jsonValue(),
      fc.record({ 'm2m:sgn': sgn }),
      fc.record({ 'm2m:agn': fc.oneof(fc.array(sgn), fc.record({ 'm2m:sgn': fc.array(sgn) })) }),
    );
    fc.assert(
      fc.property(body, (content) => {
        try {
          expect(decodeNotification(content)).toBeInstanceOf(Array);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });
});
