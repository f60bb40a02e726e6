import { generateKeyPairSync, hash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IpeError, type LogFields, type Logger, silentLogger, systemClock } from '../../../common/index.ts';
import { knownPublicKey, makeKey, type PreSharedKey } from '../../../ipe/credentials/credential.ts';
import { credentialText, parseCredentialText } from '../../../ipe/credentials/credential-text.ts';
import type { Credentials } from '../../../ipe/credentials/credentials.ts';
import { openCredentials } from '../../../ipe/credentials/open-credentials.ts';

let folder: string;
const opened: Credentials[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-credentials-'));
});
afterEach(() => {
  for (const credentials of opened.splice(0)) credentials.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(name: string, logger: Logger = silentLogger): Credentials {
  const credentials = openCredentials(join(folder, name), systemClock, logger);
  opened.push(credentials);
  return credentials;
}

function credential(identity: string, more: Partial<PreSharedKey> = {}): PreSharedKey {
  return { endpoint: identity, identity, key: makeKey(), use: 'server', fresh: false, ...more };
}

const codeOf = (work: Promise<unknown>) => work.then(() => 'done').catch((error: unknown) => (error as IpeError).code);
const identities = (credentials: Credentials) => [...credentials.values()].map(({ identity }) => identity);

for (const [kind, name] of [
  ['a plain file', 'devices.json'],
  ['a database', 'devices'],
] as const) {
  describe(`credentials in ${kind}`, () => {
    it('are there after the process that put them', async () => {
      const lamp = credential('lamp');
      await open(name).put(lamp, credential('meter', { use: 'bootstrap' }));
      const later = open(name);
      expect(later.find('lamp')).toEqual(lamp);
      expect(later.of('meter')).toEqual([]);
      expect(later.of('meter', 'bootstrap')).toHaveLength(1);
    });

    it('that another process changes are taken up, and it is told whose key is another now', async () => {
      const mine = open(name);
      const told: string[][] = [];
      mine.onChange((changed) => told.push([...changed]));
      const other = open(name);
      await other.put(credential('lamp'), credential('meter'), credential('pump'));
      mine.look();
      expect(identities(mine).sort()).toEqual(['lamp', 'meter', 'pump']);
      expect(told).toEqual([]);
      await other.remove('lamp');
      await other.put(credential('meter'));
      mine.look();
      expect(told.flat().sort()).toEqual(['lamp', 'meter']);
      expect(mine.find('lamp')).toBeUndefined();
      expect(mine.find('meter')).toEqual(other.find('meter'));
    });

    it('may be public keys, known by their fingerprints', async () => {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const der = publicKey.export({ type: 'spki', format: 'der' });
      const valve = knownPublicKey('valve', der, 'server');
      expect(valve.identity).toBe(hash('sha256', der));
      await open(name).put(valve, credential('lamp'));
      const later = open(name);
      expect([later.find(valve.identity), later.publicKeys, later.size]).toEqual([valve, 1, 2]);
      const told: string[] = [];
      later.onChange((changed) => told.push(...changed));
      await later.put(valve);
      expect(told).toEqual([]);
      expect(await codeOf(later.put({ ...valve, endpoint: 'pump' }))).toBe('credentials/taken');
      expect(await open(name).remove(valve.identity)).toBe(true);
      later.look();
      expect([told, later.of('valve'), later.publicKeys]).toEqual([[valve.identity], [], 0]);
    });

    it('put by two at once are all there', async () => {
      const [one, other] = [open(name), open(name)];
      const numbers = Array.from({ length: 10 }, (_, index) => index);
      await Promise.all(numbers.map((number) => (number % 2 ? one : other).put(credential(`device-${number}`))));
      expect(identities(open(name)).sort()).toEqual(numbers.map((number) => `device-${number}`));
      one.look();
      expect(one.size).toBe(10);
    });

    it('lie where nobody but the owner reads them', async () => {
      await open(name).put(credential('lamp'));
      for (const entry of readdirSync(folder, { recursive: true })) {
        expect(statSync(join(folder, String(entry))).mode & 0o077, String(entry)).toBe(0);
      }
    });

    it('are not used where others may read them', async () => {
      const credentials = open(name);
      await credentials.put(credential('lamp'));
      credentials.close();
      opened.length = 0;
      chmodSync(join(folder, name), kind === 'a plain file' ? 0o640 : 0o755);
      expect(() => open(name)).toThrow(/others than its owner may use it \(mode 0(640|755)\).*chmod (600|700)/);
    });
  });
}

describe('a fresh credential', () => {
  const bootstrapped = (number: number) => credential(`lamp-${number}`, { endpoint: 'lamp', fresh: true });

  it('leaves the old one valid until it is used, and then takes its place', async () => {
    const credentials = open('devices.json');
    const told: string[] = [];
    credentials.onChange((changed) => told.push(...changed));
    await credentials.put(credential('lamp'), credential('lamp-boot', { endpoint: 'lamp', use: 'bootstrap' }));
    await credentials.put(bootstrapped(1));
    expect(credentials.of('lamp').map(({ identity }) => identity)).toEqual(['lamp', 'lamp-1']);
    await credentials.used('lamp');
    expect(credentials.of('lamp')).toHaveLength(2);
    await credentials.used('lamp-1');
    expect(credentials.of('lamp')).toEqual([expect.objectContaining({ identity: 'lamp-1', fresh: false })]);
    expect(credentials.of('lamp', 'bootstrap')).toHaveLength(1);
    expect(told).toEqual(['lamp']);
    expect(open('devices.json').of('lamp')).toEqual(credentials.of('lamp'));
  });

  it('is one of few: a device that bootstraps again and again keeps the one that works', async () => {
    const credentials = open('devices.json');
    await credentials.put(credential('lamp'));
    for (let number = 1; number <= 9; number += 1) await credentials.put(bootstrapped(number));
    expect(credentials.of('lamp').map(({ identity }) => identity)).toEqual(['lamp', 'lamp-7', 'lamp-8', 'lamp-9']);
  });
});

describe('refused is', () => {
  const bytes = (text: string) => Buffer.from(text, 'hex');

  it.each([
    ['a short key', bytes('6b0b1c8de1b6a2f94c33d17ee0a7f8'), /15 bytes; at least 16/],
    ['a long one', Buffer.concat([makeKey(), makeKey(), makeKey()]), /96 bytes; at most 64/],
    ['one of equal bytes', Buffer.alloc(32, 7), /repeats few bytes/],
    ['one of few bytes', bytes('deadbeef'.repeat(8)), /repeats few bytes/],
    ['one that counts', bytes('000102030405060708090a0b0c0d0e0f'), /counts up or down/],
    ['one that counts down', bytes('1f1e1d1c1b1a191817161514131211100f'), /counts up or down/],
    ['one with the name in it', Buffer.from('urn:imei:1234567-secret'), /contains the name/],
  ])('%s', async (_what, key, why) => {
    const credentials = open('devices.json');
    const put = credentials.put({ ...credential('urn:imei:1234567'), key });
    await expect(put).rejects.toThrow(why);
    await expect(put).rejects.toMatchObject({ code: 'credentials/weak' });
    expect(existsSync(join(folder, 'devices.json'))).toBe(false);
  });

  it('an identity that another endpoint has, and all that came with it', async () => {
    const credentials = open('devices.json');
    await credentials.put(credential('lamp'));
    expect(await codeOf(credentials.put(credential('pump'), credential('lamp', { endpoint: 'meter' })))).toBe(
      'credentials/taken',
    );
    expect(identities(credentials)).toEqual(['lamp']);
  });

  it('a public key under a fingerprint that is not its own', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const valve = knownPublicKey('valve', publicKey.export({ type: 'spki', format: 'der' }), 'server');
    const put = open('devices.json').put({ ...valve, identity: '0'.repeat(64) });
    expect(await codeOf(put)).toBe('credentials/invalid');
  });

  it.each(['', 'a\n', 'x'.repeat(129)])('the identity %j', async (identity) => {
    expect(await codeOf(open('devices.json').put(credential(identity, { endpoint: 'lamp' })))).toBe(
      'credentials/invalid',
    );
  });
});

describe('a file of credentials', () => {
  it('that becomes unreadable changes nothing, and is told once', async () => {
    const lines: [string, LogFields | undefined][] = [];
    const logger = { ...silentLogger, error: (text: string, fields?: LogFields) => void lines.push([text, fields]) };
    const credentials = open('devices.json', logger);
    await credentials.put(credential('lamp'));
    writeFileSync(join(folder, 'devices.json'), '{"credentials": [{"psk": "00112233');
    credentials.look();
    credentials.look();
    expect(credentials.find('lamp')).toBeDefined();
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toContain('00112233');
  });

  it('says what is wrong with it, never what a key is', () => {
    const [good, bad] = ['6b0b1c8de1b6a2f94c33d17ee0a7f815', '11111111111111111111111111111111'];
    const entry = (psk: string, identity = 'a') => `{"endpoint":"a","identity":"${identity}","psk":"${psk}"}`;
    const texts = [
      entry(good),
      `{"credentials": [${entry(good)}`,
      `{"credentials": [${entry(`${good}0`)}]}`,
      `{"credentials": [${entry(bad)}]}`,
      `{"credentials": [${entry(good)}, ${entry(good)}]}`,
      `{"credentials": [${entry(good, '')}]}`,
      `{"credentials": [{"endpoint":"a","identity":"a","psk":"${good}","key":"${good}"}]}`,
    ];
    for (const text of texts) {
      expect(() => parseCredentialText(text, 'f')).toThrow(/^credentials f: /);
      expect(() => parseCredentialText(text, 'f')).not.toThrow(/6b0b1c8d|1111/);
    }
  });

  it('is read as it was written, and any other text is refused as an IpeError', () => {
    const some = fc.record({
      endpoint: fc.string({ minLength: 1, maxLength: 60 }).filter((text) => !/[\p{Cc}\p{Surrogate}\ufffd]/u.test(text)),
      use: fc.constantFrom('server' as const, 'bootstrap' as const),
      fresh: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 5 }), (list) => {
        const all = list.map((one, index) => ({ ...one, identity: `i-${index}`, key: makeKey() }));
        expect(parseCredentialText(credentialText(all), 'f')).toEqual(all);
      }),
      { numRuns: 50 },
    );
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parseCredentialText(text, 'f');
        } catch (error) {
          expect(error).toBeInstanceOf(IpeError);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is whole after each change, and nothing else is left beside it but its lock', async () => {
    const credentials = open('devices.json');
    for (let number = 0; number < 5; number += 1) await credentials.put(credential(`d-${number}`));
    expect(readdirSync(folder).sort()).toEqual(['devices.json', 'devices.json.lock']);
    expect(parseCredentialText(readFileSync(join(folder, 'devices.json'), 'utf8'), 'f')).toHaveLength(5);
  });
});
