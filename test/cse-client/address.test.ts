import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressToPath, pathToAddress, percentDecode } from '../../cse-client/index.ts';

/** The rows of TS-0009 table 6.2.2.1-1. */
const EXAMPLES: readonly [string, string, string][] = [
  ['structured CSE-relative', 'CSEBase/ae12/cont27/contInst696', '/CSEBase/ae12/cont27/contInst696'],
  ['unstructured CSE-relative', 'cin00856', '/cin00856'],
  ['structured SP-relative', '/CSE178/CSEBase/ae12/cont27/contInst696', '/~/CSE178/CSEBase/ae12/cont27/contInst696'],
  ['unstructured SP-relative', '/CSE178/cin00856', '/~/CSE178/cin00856'],
  ['structured absolute', '//mym2msp.org/CSE178/CSEBase/ae12', '/_/mym2msp.org/CSE178/CSEBase/ae12'],
  ['unstructured absolute', '//mym2msp.org/CSE178/cin00856', '/_/mym2msp.org/CSE178/cin00856'],
];

describe('resource addresses in paths (TS-0009 6.2.2.1)', () => {
  it.each(EXAMPLES)('a %s address and its path are each other', (_name, to, path) => {
    expect(addressToPath(to)).toBe(path);
    expect(pathToAddress(path)).toBe(to);
  });

  it('drops the trailing slash that the first example of the table has', () => {
    expect(pathToAddress('/CSEBase/ae12/cont27/contInst696/')).toBe('CSEBase/ae12/cont27/contInst696');
  });

  it('percent-encodes what is not unreserved, segment by segment', () => {
    expect(addressToPath("cse-in/urn:imei 1/ä?#%'*")).toBe('/cse-in/urn%3Aimei%201/%C3%A4%3F%23%25%27%2A');
  });

  it('keeps a CSE-relative name that is the marker of another form apart from it', () => {
    for (const to of ['~', '_', '~/x', '_/x/y']) expect(pathToAddress(addressToPath(to))).toBe(to);
    expect(addressToPath('_x/~y')).toBe('/_x/~y');
  });

  it('gives any address back, in all three forms', () => {
    const segment = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).filter((text) => !text.includes('/'));
    const address = fc
      .tuple(fc.constantFrom('', '/', '//'), fc.array(segment, { minLength: 1, maxLength: 4 }))
      .map(([form, segments]) => form + segments.join('/'));
    fc.assert(
      fc.property(address, (to) => {
        expect(pathToAddress(addressToPath(to))).toBe(to);
      }),
    );
  });

  it('makes a path of visible ASCII out of any string, and an address out of any path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (to, path) => {
        expect(addressToPath(to)).toMatch(/^\/[\x21-\x7e]*$/);
        expect(typeof pathToAddress(path)).toBe('string');
      }),
    );
    expect(addressToPath('a\uD800b')).toBe('/a%EF%BF%BDb');
  });

  it('leaves alone what is not percent-encoded UTF-8', () => {
    expect(percentDecode('%zz%FF%')).toBe('%zz%FF%');
  });
});
