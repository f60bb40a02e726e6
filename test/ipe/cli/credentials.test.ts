import { generateKeyPairSync, hash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../../ipe/cli/program.ts';

const KEY = '6b0b1c8de1b6a2f94c33d17ee0a7f815';
let folder: string;
let said: string;
let store: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-credentials-'));
  store = join(folder, 'devices.json');
  said = '';
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The exit code; what was written is in `said`. */
function credentials(...words: readonly string[]): Promise<number> {
  const stream = { write: (text: string) => (said += text) } as unknown as NodeJS.WriteStream;
  const surroundings = {
    env: { IPE_LWM2M_COAPS_CREDENTIALS: store },
    stdout: stream,
    stderr: stream,
    program: 'lwm2m-ipe',
    showStacks: false,
  };
  return runCommandLine(['credentials', ...words], surroundings);
}

describe('lwm2m-ipe credentials', () => {
  it('adds, changes, lists and removes, where the configuration says, and prints no key', async () => {
    expect(await credentials('add', '--endpoint', 'lamp', '--psk', KEY)).toBe(0);
    expect(await credentials('add', '--endpoint', 'lamp', '--psk', `${KEY}aa`)).toBe(0);
    expect(await credentials('add', '--endpoint', 'lamp', '--identity', 'b', '--generate', '--bootstrap')).toBe(0);
    expect(await credentials('list')).toBe(0);
    expect(await credentials('list', '--json')).toBe(0);
    expect(await credentials('remove', '--endpoint', 'lamp', '--identity', 'b')).toBe(0);
    expect(said.split('\n')).toEqual([
      'added: endpoint lamp, identity lamp, 128 bits',
      'changed: endpoint lamp, identity lamp, 136 bits',
      'added: endpoint lamp, identity b, 256 bits, for bootstrap',
      'endpoint lamp, identity lamp, 136 bits',
      'endpoint lamp, identity b, 256 bits, for bootstrap',
      '{"endpoint":"lamp","identity":"lamp","use":"server","fresh":false,"bits":136}',
      '{"endpoint":"lamp","identity":"b","use":"bootstrap","fresh":false,"bits":256}',
      'removed: endpoint lamp, identity b, 256 bits, for bootstrap',
      '',
    ]);
    expect(said).not.toContain(KEY);
  });

  it('writes a key that it makes into a new file for its owner alone', async () => {
    const file = join(folder, 'lamp.key');
    expect(await credentials('add', '--endpoint', 'lamp', '--generate', '--key-file', file)).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const key = readFileSync(file, 'utf8').trim();
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(readFileSync(store, 'utf8')).toContain(key);
    expect(said).not.toContain(key);
    expect(await credentials('add', '--endpoint', 'lamp', '--generate', '--key-file', file)).toBe(1);
    expect(readFileSync(file, 'utf8').trim()).toBe(key);
  });

  it('adds a public key as file or base64, lists it by its fingerprint, exports, imports and removes it', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const der = publicKey.export({ type: 'spki', format: 'der' });
    const fingerprint = hash('sha256', der);
    const pem = join(folder, 'valve.pem');
    writeFileSync(pem, publicKey.export({ type: 'spki', format: 'pem' }));
    const shown = `endpoint valve, public key SHA-256 ${fingerprint}`;
    expect(await credentials('add', '--endpoint', 'valve', '--public-key', pem)).toBe(0);
    expect(await credentials('add', '--endpoint', 'valve', '--public-key', der.toString('base64'))).toBe(0);
    expect(await credentials('list', '--json')).toBe(0);
    const lines = said.split('\n').filter((line) => !line.startsWith('note:'));
    expect(lines).toEqual([
      `added: ${shown}`,
      `changed: ${shown}`,
      `{"endpoint":"valve","identity":"${fingerprint}","use":"server","fresh":false,"publicKey":"${der.toString('base64')}"}`,
      '',
    ]);
    said = '';
    const [backup, database] = [join(folder, 'backup.json'), join(folder, 'database')];
    expect(await credentials('export', backup, '--with-keys')).toBe(0);
    expect(await credentials('import', backup, '--store', database)).toBe(0);
    expect(await credentials('list', '--store', database)).toBe(0);
    expect(await credentials('remove', '--identity', fingerprint, '--store', database)).toBe(0);
    expect(said.split('\n').slice(2)).toEqual([shown, `removed: ${shown}`, '']);
  });

  it.each([
    ['a private key', 'PRIVATE', /it holds a PRIVATE KEY; only a PUBLIC KEY/],
    ['a key of another curve', 'P-384', /it is a key of ec secp384r1; raw public keys are of EC P-256/],
    ['no key', 'hello', /it is no public key: PEM/],
  ])('refuses as a public key %s', async (_what, kind, why) => {
    const pair = generateKeyPairSync('ec', { namedCurve: kind === 'P-384' ? 'P-384' : 'P-256' });
    const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const secret = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const file = join(folder, 'given');
    writeFileSync(file, { PRIVATE: secret, 'P-384': pem, hello: 'hello' }[kind] ?? '');
    expect(await credentials('add', '--endpoint', 'valve', '--public-key', file)).toBe(1);
    expect(said).toMatch(why);
    expect(said).not.toContain(secret.split('\n')[1]);
    expect(existsSync(store)).toBe(false);
  });

  it('exports when it is asked for keys, into a new file for its owner alone, which import reads', async () => {
    const file = join(folder, 'backup.json');
    await credentials('add', '--endpoint', 'lamp', '--psk', KEY);
    expect(await credentials('export', file)).toBe(1);
    expect(existsSync(file)).toBe(false);
    expect(await credentials('export', file, '--with-keys')).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const database = join(folder, 'database');
    expect(await credentials('import', file, '--store', database)).toBe(0);
    said = '';
    expect(await credentials('list', '--store', database)).toBe(0);
    expect(said).toBe('endpoint lamp, identity lamp, 128 bits\n');
  });

  it.each([
    ['a key that is no hexadecimal', ['add', '--endpoint', 'a', '--psk', `${KEY}x`], /no hexadecimal/],
    ['a weak key', ['add', '--endpoint', 'a', '--psk', '00'.repeat(16)], /repeats few bytes/],
    ['no key', ['add', '--endpoint', 'a'], /either --psk HEX, or --generate/],
    [
      'a public key that is not there',
      ['add', '--endpoint', 'a', '--public-key', 'x.pem'],
      /a file, or the SubjectPub/,
    ],
    [
      'a public key with more',
      ['add', '--endpoint', 'a', '--public-key', 'x.pem', '--generate'],
      /--public-key stands alone/,
    ],
    ['two', ['add', '--endpoint', 'a', '--psk', KEY, '--generate'], /either --psk HEX, or --generate/],
    ['to remove what is not there', ['remove', '--identity', 'a'], /no such credential/],
    ['to remove nothing by name', ['remove'], /no such credential/],
    ['to import what is not there', ['import', '/nowhere.json'], /nowhere/],
  ])('refuses %s', async (_what, words, why) => {
    expect(await credentials(...words)).toBe(1);
    expect(said).toMatch(why);
    expect(said).not.toContain(KEY);
    expect(existsSync(store)).toBe(false);
  });

  it('refuses to import a file that others may read, and one with a wrong entry as a whole', async () => {
    const file = join(folder, 'fleet.json');
    const entry = (endpoint: string, psk: string) => ({ endpoint, identity: endpoint, psk });
    writeFileSync(file, JSON.stringify({ credentials: [entry('a', KEY), entry('b', '00')] }), { mode: 0o644 });
    expect(await credentials('import', file)).toBe(1);
    expect(said).toContain(`chmod 600 ${file}`);
    rmSync(file);
    writeFileSync(file, JSON.stringify({ credentials: [entry('a', KEY), entry('b', '00')] }), { mode: 0o600 });
    expect(await credentials('import', file)).toBe(1);
    expect(said).toMatch(/entry 2: the key of b has 1 bytes/);
    expect(existsSync(store)).toBe(false);
  });
});
