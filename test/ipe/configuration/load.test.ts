import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IpeError } from '../../../common/index.ts';
import {
  configurationKeys,
  type Environment,
  loadConfiguration,
  parseConfiguration,
} from '../../../ipe/configuration/index.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-configuration-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string): string {
  const name = join(folder, `${Math.random().toString(36).slice(2)}.yaml`);
  writeFileSync(name, text);
  return name;
}

const fromFile = (text: string, env: Environment = {}) => loadConfiguration({ file: file(text), env });
const fromEnvironment = (env: Environment) => loadConfiguration({ env });

function refusal(load: () => unknown): IpeError {
  try {
    load();
  } catch (error) {
    expect(error).toBeInstanceOf(IpeError);
    return error as IpeError;
  }
  throw new IpeError('test/accepted', 'the configuration was accepted');
}

const mistakesOf = (load: () => unknown): string[] => refusal(load).message.split('\n').slice(1);

describe('a configuration', () => {
  it('needs no key at all', () => {
    const configuration = fromEnvironment({});
    expect(configuration.cse.url).toBeUndefined();
    expect(configuration.lwm2m.coap).toEqual({ host: '::', port: 5683, enabled: true, endpoints: ['*'] });
    expect(configuration.lwm2m.lifetime).toEqual({ min: 1, max: 31_536_000, default: 86_400 });
    expect(configuration.access.read).toEqual(['all']);
    expect(configuration).toEqual(parseConfiguration({}));
  });

  it('cannot be changed once it is loaded', () => {
    expect(Object.isFrozen(fromEnvironment({}).access.read)).toBe(true);
  });

  it.each([
    [7, 7_000],
    ['7', 7_000],
    ['500ms', 500],
    ['1.5s', 1_500],
    ['2m', 120_000],
  ])('takes the duration %s', (given, expected) => {
    expect(parseConfiguration({ cse: { timeout: given } }).cse.timeout).toBe(expected);
  });

  it.each(['h', '5 m', '-1s', '1w', '', '1e3', '11m', '9ms'])('refuses the duration "%s"', (given) => {
    expect(mistakesOf(() => parseConfiguration({ cse: { timeout: given } }))[0]).toContain('from 10ms to 10m');
  });

  it('takes a CSE-ID with and without its slash', () => {
    expect(parseConfiguration({ cse: { cseId: 'Mobius4' } }).cse.cseId).toBe('/Mobius4');
    expect(parseConfiguration({ cse: { cseId: '/Mobius4' } }).cse.cseId).toBe('/Mobius4');
  });

  it('takes a release version as a number too', () => {
    expect(fromFile('cse: {releaseVersion: 4}').cse.releaseVersion).toBe('4');
    expect(fromEnvironment({ IPE_CSE_RELEASE_VERSION: '2a' }).cse.releaseVersion).toBe('2a');
  });

  it.each(['http://127.0.0.1:8080/', 'http://127.0.0.1:8080'])('takes the URL %s', (url) => {
    expect(parseConfiguration({ cse: { url } }).cse.url).toBe('http://127.0.0.1:8080');
  });

  it.each(['ftp://host', 'host:8080', 'http://', 'http:host', 'http://host/?a=1', 'http://host/#a', 'http://u@host'])(
    'refuses the URL %s',
    (url) => {
      expect(mistakesOf(() => parseConfiguration({ cse: { url } }))[0]).toContain('http:// or https://');
    },
  );

  it.each(['lwm2m-ipe', 'C', 'Ca b', 'Ca:b', 'Ca/b', ''])('refuses "%s" as its own originator', (originator) => {
    expect(mistakesOf(() => parseConfiguration({ cse: { originator } }))[0]).toContain('C or S');
  });
});

describe('the environment', () => {
  it('names every key by one rule: a.bC is IPE_A_B_C', () => {
    const names = new Map(configurationKeys.map(({ path, environment }) => [path, environment]));
    expect(names.get('lwm2m.coap.port')).toBe('IPE_LWM2M_COAP_PORT');
    expect(names.get('cse.cseId')).toBe('IPE_CSE_CSE_ID');
    expect(names.get('embeddedCse.port')).toBe('IPE_EMBEDDED_CSE_PORT');
    expect(names.get('cse.maxInFlight')).toBe('IPE_CSE_MAX_IN_FLIGHT');
    expect(new Set(names.values()).size).toBe(names.size);
  });

  it('wins over the file', () => {
    const configuration = fromFile('lwm2m: {coap: {port: 1, host: 127.0.0.1}}', { IPE_LWM2M_COAP_PORT: '2' });
    expect(configuration.lwm2m.coap).toMatchObject({ host: '127.0.0.1', port: 2 });
  });

  it('loses against the command line, whose options are named in a message', () => {
    const options = { 'embeddedCse.port': { option: '--port', text: '3' } };
    expect(loadConfiguration({ env: { IPE_EMBEDDED_CSE_PORT: '2' }, options }).embeddedCse.port).toBe(3);
    const wrong = { 'embeddedCse.port': { option: '--port', text: 'x' } };
    expect(mistakesOf(() => loadConfiguration({ env: {}, options: wrong }))[0]).toContain(
      'embeddedCse.port (--port): "x"',
    );
  });

  it('separates lists by commas', () => {
    expect(fromEnvironment({ IPE_ACCESS_READ: 'Cone, C*' }).access.read).toEqual(['Cone', 'C*']);
  });

  it.each([
    ['true', true],
    ['FALSE', false],
  ])('takes the switch %s', (text, expected) => {
    expect(fromEnvironment({ IPE_LABELS_LWM2M: text }).labels.lwm2m).toBe(expected);
  });

  it('counts an empty variable as absent', () => {
    expect(fromEnvironment({ IPE_CSE_URL: '', IPE_LOG_LEVEL: '  ' })).toEqual(fromEnvironment({}));
  });

  it('names the file with IPE_CONFIG unless the command line names one', () => {
    const env = { IPE_CONFIG: file('log: {level: warn}') };
    expect(fromEnvironment(env).log.level).toBe('warn');
    expect(fromFile('log: {level: error}', env).log.level).toBe('error');
  });

  it('refuses an unknown IPE_ variable and knows what was meant', () => {
    expect(mistakesOf(() => fromEnvironment({ IPE_LWM2M_COAP_PROT: '1' }))).toEqual([
      '  IPE_LWM2M_COAP_PROT: unknown environment variable; did you mean IPE_LWM2M_COAP_PORT?',
    ]);
  });

  it('passes over what Kubernetes says of a service called ipe', () => {
    const env = {
      IPE_SERVICE_HOST: '10.0.0.1',
      IPE_SERVICE_PORT: '8090',
      IPE_SERVICE_PORT_HTTP: '8090',
      IPE_PORT: 'tcp://10.0.0.1:8090',
      IPE_PORT_8090_TCP: 'tcp://10.0.0.1:8090',
      IPE_PORT_8090_TCP_ADDR: '10.0.0.1',
      IPE_HTTP_PORT: 'tcp://10.0.0.1:8090',
    };
    expect(fromEnvironment(env)).toEqual(fromEnvironment({}));
  });
});

describe('mistakes', () => {
  it('are all reported at once, each with its place, what was given and what is allowed', () => {
    const name = file(
      ['cse:', '  url: ftp://host', '  tiemout: 5', 'lwm2m:', '  lifetime:', '    min: 50', '    max: 5'].join('\n'),
    );
    const env = { IPE_HTTP_PORT: '70000', IPE_LOG_LEVEL: 'loud' };
    const mistakes = mistakesOf(() => loadConfiguration({ file: name, env }));
    expect(mistakes.sort()).toEqual([
      `  cse.tiemout (${name} line 3): unknown key; did you mean cse.timeout?`,
      `  cse.url (${name} line 2): "ftp://host" is not allowed; allowed: an http:// or https:// URL without user, password, query and fragment`,
      '  http.port (IPE_HTTP_PORT): 70000 is not allowed; allowed: a whole number from 0 to 65535; 0 takes any free port',
      '  log.level (IPE_LOG_LEVEL): "loud" is not allowed; allowed: error, warn, info or debug',
      '  lwm2m.lifetime.default: the default does not fit; allowed: at most lwm2m.lifetime.max (5)',
      `  lwm2m.lifetime.min (${name} line 6): 50 is not allowed; allowed: at most lwm2m.lifetime.max (5)`,
    ]);
  });

  it('carry the code config/invalid', () => {
    expect(refusal(() => fromEnvironment({ IPE_NO: '1' })).code).toBe('config/invalid');
  });

  it.each([
    ['lgo: {level: info}', 'lgo', 'did you mean log?'],
    ['Log: {level: info}', 'Log', 'did you mean log?'],
    ['cse: {cseID: x}', 'cse.cseID', 'did you mean cse.cseId?'],
    ['lwm2m: {min: 1}', 'lwm2m.min', 'did you mean lwm2m.lifetime.min?'],
    ['colour: red', 'colour', '`lwm2m-ipe config example` shows all keys'],
    ['__proto__: {polluted: 1}', '__proto__', 'unknown key'],
    ['constructor: 1', 'constructor', 'unknown key'],
    ['5: 1', '5', 'unknown key'],
  ])('include the unknown key of %s', (text, key, advice) => {
    const [mistake] = mistakesOf(() => fromFile(text));
    expect(mistake).toContain(`  ${key} (`);
    expect(mistake).toContain(advice);
  });

  it.each([
    ['log: loud', 'log', 'a group of keys such as log.level'],
    ['lwm2m: {coap: [1]}', 'lwm2m.coap', 'a group of keys such as lwm2m.coap.host'],
    ['log: {level: }', 'log.level', 'has no value'],
    ['lwm2m: {coap: {port: "5683"}}', 'lwm2m.coap.port', '"5683" is not allowed'],
    ['names: {ipe: [a]}', 'names.ipe', '["a"] is not allowed'],
    ['access: {read: all}', 'access.read', '"all" is not allowed; allowed: a list'],
    ['access: {read: [all, "a b"]}', 'access.read', '"a b" is not allowed'],
  ])('include the wrong kind of value in %s', (text, key, part) => {
    const [mistake] = mistakesOf(() => fromFile(text));
    expect(mistake).toContain(`  ${key} (`);
    expect(mistake).toContain(part);
  });

  it('include one TCP port for two servers, also beside other mistakes', () => {
    const env = { IPE_HTTP_PORT: '8080', IPE_LOG_LEVEL: 'loud' };
    expect(mistakesOf(() => fromEnvironment(env)).join()).toContain('another port than embeddedCse.port');
    expect(fromEnvironment({ IPE_HTTP_PORT: '8080', IPE_CSE_URL: 'http://cse' }).http.port).toBe(8080);
    expect(fromEnvironment({ IPE_HTTP_PORT: '0', IPE_EMBEDDED_CSE_PORT: '0' }).http.port).toBe(0);
  });

  it('never show a credential, not even a wrong one', () => {
    const secret = 'hunter 2';
    const own = refusal(() => fromFile(`cse: {adminOriginator: "${secret}"}`));
    const environment = refusal(() => fromEnvironment({ IPE_CSE_ADMIN_ORIGINATOR: secret }));
    const misspelt = refusal(() => fromFile(`cse: {adminOriginater: "${secret}"}`));
    const url = refusal(() => fromEnvironment({ IPE_CSE_URL: 'http://me:hunter@host' }));
    for (const error of [own, environment, misspelt, url]) {
      expect(`${error.message} ${JSON.stringify(error.details)}`).not.toContain('hunter');
    }
  });

  it('show long and strange values shortened and harmless', () => {
    const [mistake] = mistakesOf(() => fromEnvironment({ IPE_LOG_LEVEL: `\u001b[31m${'x'.repeat(500)}` }));
    expect(mistake!.length).toBeLessThan(200);
    expect(mistake).not.toContain('\u001b');
  });
});
