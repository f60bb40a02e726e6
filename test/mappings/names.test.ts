import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containerName, endpointNames, escapeName, isContainerName } from '../../mappings/index.ts';

const settings = { nodePrefix: 'node-' };

/** The endpoint name, without a leading `urn:`, that a name was made from. */
function unescapeName(name: string): string {
  const hexadecimal = name
    .replace(/^0_-/, '')
    .replace(
      /__|_([0-9A-F]{2})|[A-Za-z0-9-]/g,
      (token, hex) => hex ?? Buffer.from(token.at(-1) as string).toString('hex'),
    );
  return Buffer.from(hexadecimal, 'hex').toString('utf8');
}

describe('names of an endpoint on the CSE', () => {
  it.each([
    ['urn:imei:356938035643809', 'imei_3A356938035643809'],
    ['urn:dev:os:0023C7-000001', 'dev_3Aos_3A0023C7-000001'],
    ['greenhouse_3', 'greenhouse__3'],
    ['a b/c', 'a_20b_2Fc'],
    ['-leading', '0_--leading'],
    ['_x', '0_-__x'],
    ['ä', '0_-_C3_A4'],
  ])('%s becomes %s and can be read back', (endpoint, name) => {
    expect(escapeName(endpoint)).toBe(name);
    expect(unescapeName(name)).toBe(endpoint.replace(/^urn:/, ''));
  });

  it('TS-0014 6.2.2.1: the AE-ID is the name without "urn:", behind the C that TS-0001 7.2 demands', () => {
    expect(endpointNames('urn:imei:1234', settings)).toEqual({
      resourceName: 'imei_3A1234',
      aeId: 'Cimei_3A1234',
      nodeName: 'node-imei_3A1234',
    });
  });

  it('any endpoint name gives a name in the alphabet that every known CSE takes, and comes back from it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), (endpoint) => {
        fc.pre(Buffer.from(endpoint).toString() === endpoint);
        const name = escapeName(endpoint);
        expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]*$/);
        expect(unescapeName(name)).toBe(endpoint.startsWith('urn:') ? endpoint.slice(4) : endpoint);
      }),
      { numRuns: 2000 },
    );
  });

  it('two endpoint names that differ beyond "urn:" never share a name', () => {
    const bare = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .map((text) => text.replace(/^(urn:)+/, ''));
    fc.assert(
      fc.property(bare, bare, (one, other) => {
        fc.pre(one !== other);
        expect(escapeName(one)).not.toBe(escapeName(other));
      }),
    );
  });

  it('a name beyond the limit keeps its first part and ten digits of its hash', () => {
    const long = `urn:imei:${'9'.repeat(80)}`;
    const { resourceName, aeId } = endpointNames(long, { ...settings, maxLength: 29 });
    expect(resourceName).toMatch(/^imei_3A9{11}-[0-9a-f]{10}$/);
    expect(aeId).toHaveLength(30);
    expect(endpointNames(`${long}1`, { ...settings, maxLength: 29 }).resourceName).not.toBe(resourceName);
  });

  it('containers are named by object and instance', () => {
    expect(containerName({ objectId: 3303, instanceId: 0 })).toBe('3303_0');
    expect(containerName({ objectId: 5 })).toBe('5');
    for (const name of ['3303_0', '5', '0', '65535_65534']) expect(isContainerName(name)).toBe(true);
    for (const name of ['03', '3_', '_3', 'x', '3_0_1', 'cmd', '123456']) expect(isContainerName(name)).toBe(false);
  });
});
