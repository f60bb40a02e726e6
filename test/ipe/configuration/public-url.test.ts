import { describe, expect, it } from 'vitest';
import { parseConfiguration, publicUrl } from '../../../ipe/configuration/index.ts';

const far = { cse: { url: 'http://cse.example.org' } };
const own = '192.0.2.7';

describe('the URL under which the CSE reaches the IPE', () => {
  it('is the configured one', () => {
    const configuration = parseConfiguration({ http: { publicUrl: 'https://proxy.example.org/ipe/' } });
    expect(publicUrl(configuration, { address: '127.0.0.1', port: 1 }, own)).toBe('https://proxy.example.org/ipe');
  });

  it.each([
    [{}, '127.0.0.1', 'http://127.0.0.1:9'],
    [{}, '::', 'http://127.0.0.1:9'],
    [{}, '::1', 'http://[::1]:9'],
    [far, '0.0.0.0', 'http://192.0.2.7:9'],
    [far, '198.51.100.1', 'http://198.51.100.1:9'],
    [{ cse: { url: 'http://localhost:8080' } }, '::', 'http://127.0.0.1:9'],
    [{ cse: { url: 'http://[::1]:8080' } }, '::', 'http://127.0.0.1:9'],
  ])('with %j, listening on %s, is %s', (input, address, expected) => {
    expect(publicUrl(parseConfiguration(input), { address, port: 9 }, own)).toBe(expected);
  });
});
