import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IpeError } from '../../common/index.ts';
import { parseObjects, parseServerUri, SIMULATE_OPTIONS, SIMULATION_DEFAULTS } from '../../simulator/index.ts';

describe('a server URI', () => {
  it.each([
    ['coap://127.0.0.1:5683', '127.0.0.1', 5683],
    ['coap://localhost', 'localhost', 5683],
    ['coap://[::1]:15683/', '::1', 15683],
    ['COAP://ipe.example:1', 'ipe.example', 1],
  ])('%s is understood (RFC 7252 6.1)', (text, host, port) => {
    expect(parseServerUri(text)).toEqual({ host, port });
  });

  it('of coaps has another port, and says that it is secure (RFC 7252 6.2)', () => {
    expect(parseServerUri('coaps://[::1]')).toEqual({ host: '::1', port: 5684, secure: true });
  });

  it.each([
    'coap+tcp://127.0.0.1',
    '127.0.0.1:5683',
    'coap://',
    'coap://host:0',
    'coap://host:65536',
    'coap://[::1',
    'coap://[1.2.3.4]:5683',
    'coap://::1:5683',
    'coap://host/rd',
    'coap://host?x',
    'coap://user@host',
  ])('%s is refused with a reason', (text) => {
    expect(() => parseServerUri(text)).toThrow(expect.objectContaining({ code: 'simulator/server-uri' }));
  });

  it('of any text gives an address or one kind of error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `coap://${text}`),
        ),
        (text) => {
          try {
            const { host, port } = parseServerUri(text);
            expect(host.length > 0 && port > 0 && port < 65_536).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(IpeError);
          }
        },
      ),
    );
  });
});

describe('the options of the command line', () => {
  it('each have flags, a description and a default that its own parser would give', () => {
    for (const { name, flags, description, default: value, shown, parse } of SIMULATE_OPTIONS) {
      expect(flags, name).toMatch(/^--[a-z-]+( <[a-z]+>)?$/);
      expect(description.length, name).toBeGreaterThan(10);
      expect(flags.includes('<'), name).toBe(parse !== undefined);
      if (parse && shown !== 'none') expect(parse(shown ?? String(value)), name).toEqual(value);
    }
    expect(SIMULATION_DEFAULTS).toMatchObject({ endpoints: 1, version: '1.1', deregister: true });
  });

  it.each([
    ['endpoints', '0'],
    ['endpoints', '1e3'],
    ['lifetime', '-1'],
    ['rate', ''],
    ['version', '2.0'],
    ['binding', 'u'],
    ['objects', '1,,3'],
    ['objects', '4711'],
    ['format', 'xml'],
    ['blockSize', '100'],
    ['refuseWrites', '2.04'],
    ['loseNotifications', '101'],
    ['awake', '0'],
  ])('--%s %s is refused with what is allowed', (name, text) => {
    const parse = SIMULATE_OPTIONS.find((each) => each.name === name)?.parse;
    expect(() => parse?.(text)).toThrow(
      expect.objectContaining({ code: 'simulator/option', message: expect.stringContaining('expected') }),
    );
  });

  it('objects are numbers (their instance 0) or instances', () => {
    expect(parseObjects('1, 3,3303/0,3303/2,3303/2')).toEqual({ 1: [0], 3: [0], 3303: [0, 2] });
  });
});
