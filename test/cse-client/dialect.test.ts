import { describe, expect, it } from 'vitest';
import { DIALECTS, type DialectName, degradations, detectDialect } from '../../cse-client/index.ts';

/** CSEBases as these CSEs show them. */
const ACME_SRT = [
  1, 2, 3, 4, 5, 9, 10, 13, 14, 15, 16, 17, 18, 23, 24, 25, 26, 27, 28, 29, 30, 34, 43, 44, 47, 48, 58, 60, 62, 63, 64,
  65, 66,
];
const SEEN: readonly [DialectName, Parameters<typeof detectDialect>[0]][] = [
  ['acme', { ri: 'id-in', rn: 'cse-in', csi: '/id-in', srt: ACME_SRT, srv: ['2a', '3', '4', '5'] }],
  ['acme', { ri: 'x', rn: 'other', csi: '/other', srt: [...ACME_SRT, 10001] }],
  ['mobius4', { ri: 'x', rn: 'Mobius', csi: '/Mobius4', srt: [1, 2, 3, 4, 5, 9, 16, 23, 28], srv: ['4', '3', '2a'] }],
  [
    'tinyiot',
    { ri: 'x', rn: 'TinyIoT', csi: '/tinyiot', srt: [1, 2, 3, 4, 5, 9, 16, 23, 28, 29, 30, 58], srv: ['3', '4'] },
  ],
  ['standard', { ri: 'x', rn: 'cse-in', csi: '/id-in', srt: [1, 2, 3, 4, 5, 9, 14, 23] }],
  ['standard', { ri: 'x' }],
];

describe('dialects', () => {
  it.each(SEEN)('%s is known by its CSEBase', (name, cseBase) => {
    expect(detectDialect(cseBase)).toBe(name);
  });

  it('go by the name they are found under', () => {
    for (const [name, dialect] of Object.entries(DIALECTS)) expect(dialect.name).toBe(name);
  });

  it('take names that design allows everywhere, and no slash or colon', () => {
    for (const { resourceNamePattern } of Object.values(DIALECTS)) {
      expect(resourceNamePattern.test('imei_3A1234-x')).toBe(true);
      for (const name of ['', 'a/b', 'a:b', 'a b', 'ä']) expect(resourceNamePattern.test(name)).toBe(false);
    }
    expect(DIALECTS.mobius4.resourceNamePattern.test('_x')).toBe(false);
  });

  it('say in plain sentences what will be missing', () => {
    expect(degradations(DIALECTS.standard)).toEqual([]);
    expect(degradations(DIALECTS.acme)).toEqual([]);
    expect(degradations(DIALECTS.mobius4)).toContain('there is no <node>: a device is its AE alone');
    expect(degradations(DIALECTS.mobius4)).toContain('AE-IDs are cut to 30 characters');
    expect(degradations(DIALECTS.tinyiot)).toContain('content is text only: numbers are written as text');
  });

  it('and what the CSEBase does not list goes missing too, each thing said once', () => {
    const cseBase = { ri: 'x', srt: [1, 2, 3, 4, 5, 14] };
    expect(degradations(DIALECTS.standard, cseBase)).toEqual([
      'the CSE lists no m2m:grp: many resources take many requests',
      'the CSE lists no m2m:sub: nobody can be notified',
    ]);
    const mobius = degradations(DIALECTS.mobius4, { ri: 'x', srt: [1, 2, 3, 4, 5, 9, 23] });
    expect(mobius.filter((sentence) => sentence.includes('AE alone'))).toHaveLength(1);
    expect(degradations(DIALECTS.standard, { ri: 'x' })).toEqual([]);
  });
});
