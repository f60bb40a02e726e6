import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildCommandLine, type CommandLine, type Running } from '../ipe/cli/command-line.ts';
import { freeUdpPorts } from '../support/free-ports.ts';

const PAGE = readFileSync(new URL('../../docs/bootstrap.md', import.meta.url), 'utf8');
/** The ports of the page: LwM2M by CoAP and CoAPS, bootstrap by both. */
const PORTS = ['5683', '5684', '5783', '5784'];

/** The commands under a heading, block by block. */
function blocks(heading: string): string[] {
  const [, chapter = ''] = PAGE.split(`## ${heading}\n`);
  const [own = ''] = chapter.split('\n## ');
  return [...own.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block]) => block as string);
}

describe('docs/bootstrap.md', () => {
  let ipe: CommandLine;
  let folder: string;
  let free: string[];
  let running: Running | undefined;

  beforeAll(async () => {
    ipe = await buildCommandLine();
    folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-bootstrap-page-'));
    free = (await freeUdpPorts(PORTS.length)).map(String);
    mkdirSync(join(folder, 'bin'));
    const command = join(folder, 'bin', 'lwm2m-ipe');
    writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${ipe.program}' "$@"\n`);
    chmodSync(command, 0o755);
  }, 60_000);
  afterEach(async () => {
    running?.child.kill('SIGTERM');
    await running?.finished;
  });
  afterAll(() => {
    ipe?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a block as it stands, but at free ports; the one that starts the bridge goes on. */
  async function run(block: string): Promise<string> {
    const text = PORTS.reduce((all, port, index) => all.replaceAll(`:${port}`, `:${free[index]}`), block);
    const [, file] = /^lwm2m-ipe run --config (\S+)\n$/.exec(text) ?? [];
    if (file === undefined) {
      const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
      const { stdout } = await promisify(execFile)('sh', ['-e', '-c', text], { cwd: folder, env, timeout: 30_000 });
      return stdout;
    }
    const [coap = '', coaps = '', bootstrapCoap = '', bootstrapCoaps = ''] = free;
    const env = {
      IPE_LWM2M_COAP_PORT: coap,
      IPE_LWM2M_COAPS_PORT: coaps,
      IPE_BOOTSTRAP_COAP_PORT: bootstrapCoap,
      IPE_BOOTSTRAP_COAPS_PORT: bootstrapCoaps,
      IPE_HTTP_PORT: '0',
      IPE_EMBEDDED_CSE_PORT: '0',
      // The file names it from where it stands.
      ...(readFileSync(join(folder, file), 'utf8').includes('credentials') && {
        IPE_LWM2M_COAPS_CREDENTIALS: join(folder, 'devices.json'),
      }),
    };
    running = ipe.start(['run', '--config', join(folder, file)], { env });
    await running.line((line) => line.includes('"message":"ready"'));
    return '';
  }

  it('Without security: its commands do what it says', { timeout: 60_000 }, async () => {
    const said: string[] = [];
    for (const block of blocks('Without security')) said.push(await run(block));
    expect(said.at(-1)).toContain('1 registered, 0 updated, 1 de-registered');
    const log = running?.output() ?? '';
    for (const message of ['bootstrapped', 'a bootstrapped device has its node', 'endpoint registered']) {
      expect(log).toContain(`"message":"${message}","endpoint":"plain-000001"`);
    }
  });

  it('With a key for each device: its commands do what it says', { timeout: 60_000 }, async () => {
    const said: string[] = [];
    for (const block of blocks('With a key for each device')) said.push(await run(block));
    expect(said.at(-1)).toContain('1 registered, 0 updated, 1 de-registered');
    expect(said.at(-1)?.match(/lamp-000001/g)?.length).toBeGreaterThanOrEqual(2);
    const key = readFileSync(join(folder, 'lamp.key'), 'utf8').trim();
    expect(`${said.join('')}${running?.output()}`).not.toContain(key);
  });

  it('the template of the page is one', () => {
    const [, yaml = ''] = /^```yaml\n(.*?)^```/ms.exec(PAGE) ?? [];
    expect(yaml).toContain('access:');
  });
});
