import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CseClient, ResourceType } from '../../cse-client/index.ts';
import { readPublicKey } from '../../lwm2m/index.ts';
import { buildCommandLine, type CommandLine, type Running } from '../ipe/cli/command-line.ts';
import { withoutOpenssl } from '../lwm2m/dtls/openssl-command.ts';
import { describeWithRawPublicKeys, HAS_RAW_PUBLIC_KEYS } from '../support/raw-public-keys.ts';
import { SecureDevice } from '../support/secure-device.ts';

const PAGE = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');
const PORTS = {
  IPE_LWM2M_COAP_PORT: '0',
  IPE_LWM2M_COAPS_PORT: '0',
  IPE_LWM2M_COAPS_HOST: '127.0.0.1',
  IPE_HTTP_PORT: '0',
  IPE_EMBEDDED_CSE_PORT: '0',
};

/** The commands under a heading, block by block. */
function blocks(heading: string): string[] {
  const [, chapter = ''] = PAGE.split(`## ${heading}\n`);
  const [own = ''] = chapter.split('\n## ');
  return [...own.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block]) => block as string);
}

interface ReadyLine {
  readonly coapsPort: number;
  readonly cseUrl: string;
  readonly rpk: string;
}

describe.skipIf(withoutOpenssl())('docs/security.md', () => {
  let ipe: CommandLine;
  let folder: string;
  let running: Running | undefined;
  let ready: ReadyLine;

  beforeAll(async () => {
    ipe = await buildCommandLine();
    folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-security-'));
    mkdirSync(join(folder, 'bin'));
    const command = join(folder, 'bin', 'lwm2m-ipe');
    writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${ipe.program}' "$@"\n`);
    chmodSync(command, 0o755);
  }, 120_000);
  afterEach(() => {
    running?.child.kill('SIGKILL');
  });
  afterAll(() => {
    ipe?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a block as it stands, but that the bridge has another port; the one that starts the bridge goes on. */
  async function run(block: string): Promise<string> {
    const [, settings] = /^((?:export .*\n)*)lwm2m-ipe run\n$/.exec(block) ?? [];
    if (settings === undefined) {
      const text = block.replaceAll(':5684', `:${ready?.coapsPort}`);
      const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
      const { stdout } = await promisify(execFile)('sh', ['-e', '-c', text], { cwd: folder, env, timeout: 90_000 });
      return stdout;
    }
    const env = Object.fromEntries(
      [...settings.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, join(folder, value ?? '')]),
    );
    running = ipe.start(['run'], { env: { ...PORTS, ...env } });
    ready = JSON.parse(await running.line((line) => line.includes('"message":"ready"'))) as ReadyLine;
    return '';
  }

  it('By pre-shared key: its commands do what it says', { timeout: 150_000 }, async () => {
    const said: string[] = [];
    for (const block of blocks('By pre-shared key')) said.push(await run(block));
    const [added, , first, second, removed, copied] = said;
    expect(added).toContain('endpoint lamp-000001, identity lamp-000001, 256 bits');
    expect(statSync(join(folder, 'lamp.key')).mode & 0o777).toBe(0o600);
    expect(first).toContain('1 registered, 0 updated, 1 de-registered');
    expect(second).toContain('1 registered, 0 updated, 1 de-registered');
    expect(removed).toBe('removed: endpoint pump-000001, identity pump-7, 128 bits\n');
    expect(copied).toContain('imported: 1');
    const keys = ['lamp.key', 'pump.key'].map((name) => readFileSync(join(folder, name), 'utf8').trim());
    const output = `${said.join('')}${running?.output()}`;
    for (const key of keys) expect(output).not.toContain(key);
  });

  it('By raw public key: its commands do what it says', { timeout: 150_000 }, async () => {
    const [make = '', start = '', encode = '', remove = ''] = blocks('By raw public key');
    const made = await run(make);
    const fingerprint = hash('sha256', readPublicKey(readFileSync(join(folder, 'valve-1.pub'))));
    const shown = `endpoint valve-1, public key SHA-256 ${fingerprint}`;
    expect(made).toBe(`added: ${shown}\n${shown}\n`);
    await run(start);
    const openssl = `OpenSSL ${process.versions.openssl}`;
    expect(ready.rpk).toEqual(HAS_RAW_PUBLIC_KEYS ? 'served' : expect.stringContaining(`not with ${openssl}`));
    expect(running?.output().includes('raw public keys are not to be had')).toBe(!HAS_RAW_PUBLIC_KEYS);
    await run(encode);
    expect(readPublicKey(readFileSync(join(folder, 'valve-1.pub.der')))).toHaveLength(91);
    const how = { rawPublicKey: readFileSync(join(folder, 'valve-1.key'), 'utf8') };
    if (HAS_RAW_PUBLIC_KEYS) {
      const { device, ended } = await SecureDevice.open(ready.coapsPort, how);
      expect((await device.register({ endpoint: 'valve-1' })).code).toBe('2.01');
      expect(await run(remove)).toBe(`removed: ${shown}\n`);
      await ended;
    } else expect(await run(remove)).toBe(`removed: ${shown}\n`);
  });

  it('By certificate: its commands do what it says', { timeout: 150_000 }, async () => {
    const said: string[] = [];
    for (const block of blocks('By certificate')) said.push(await run(block));
    expect(said.at(-1)?.trim()).toBe('1');
    const client = new CseClient({
      url: ready.cseUrl,
      originator: 'CAdmin',
      releaseVersion: '3',
      timeout: 5_000,
      maxInFlight: 1,
    });
    expect(await client.retrieve(ResourceType.ae, 'cse-in/meter-1')).toMatchObject({ apn: 'meter-1' });
    await client.close();
  });
});

if (!HAS_RAW_PUBLIC_KEYS) {
  const chapter = 'By raw public key';
  const elsewhere = () => it('is run by another Node.js', () => {});
  await describeWithRawPublicKeys(`docs/security.md: ${chapter}`, import.meta.filename, elsewhere, chapter);
}
