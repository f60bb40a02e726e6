import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { errorMessage } from '../../common/index.ts';
import { cacheFolder } from './acme-install.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');

/** A Node.js with OpenSSL 3.5, as the registry has it for Linux. */
const NODE_VERSION = '24.21.0';
const MACHINES: readonly string[] = ['linux-x64', 'linux-arm64'];
const INSTALL_LIMIT = 240_000;
const RUN_LIMIT = 170_000;

/** Whether the OpenSSL inside this Node.js has raw public keys (RFC 7250). */
export const HAS_RAW_PUBLIC_KEYS = Number(process.versions.openssl?.split('.')[1]) >= 2;

let found: Promise<{ readonly node: string } | { readonly reason: string }> | undefined;

/**
 * A `describe` of a whole test file that needs an OpenSSL with raw public keys. Where this Node.js has none, the file is run
 * by one that has, which comes from the registry once a machine. Where that cannot be had the suite is skipped and the
 * reason goes to standard error; with `CI=true` it fails instead. `only`: the tests of the file whose names hold that. Use
 * with `await` at the top of a test file.
 */
export async function describeWithRawPublicKeys(
  name: string,
  file: string,
  body: () => void,
  only = '',
): Promise<void> {
  if (HAS_RAW_PUBLIC_KEYS) {
    describe(name, body);
    return;
  }
  found ??= install();
  const result = await found;
  if ('node' in result) {
    const title = `holds by Node.js ${NODE_VERSION}, whose OpenSSL has raw public keys`;
    describe(name, () => {
      it(title, { timeout: RUN_LIMIT + 5_000 }, async ({ skip }) => {
        if (!(await runFile(result.node, file, only))) skip('all that it holds is skipped there');
      });
    });
  } else if (process.env.CI === 'true') {
    describe(name, () => {
      it('finds an OpenSSL with raw public keys', () => expect.fail(`needed under CI=true: ${result.reason}`));
    });
  } else {
    process.stderr.write(`\nSKIPPED: ${name}: ${result.reason}\n`);
    describe.skip(`${name} (skipped: ${result.reason})`, body);
  }
}

/** What of the tests in the file goes wrong is the error; false: nothing was run. */
async function runFile(node: string, file: string, only: string): Promise<boolean> {
  const inherited = Object.entries(process.env).filter(([variable]) => !variable.startsWith('VITEST'));
  const env = { ...Object.fromEntries(inherited), NO_COLOR: '1' };
  const words = [VITEST, 'run', '--maxWorkers=1', ...(only === '' ? [] : ['-t', only]), file];
  try {
    const { stdout, stderr } = await run(node, words, { cwd: ROOT, env, timeout: RUN_LIMIT, maxBuffer: 16 << 20 });
    process.stderr.write(stderr);
    return /Tests\s+\d+ passed/.test(stdout);
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return expect.fail(`${errorMessage(error)}\n${stdout}\n${stderr}`);
  }
}

/** Two processes at once may both fetch it; what is there first stays. */
async function install(): Promise<{ readonly node: string } | { readonly reason: string }> {
  const machine = `${process.platform}-${process.arch}`;
  if (!MACHINES.includes(machine))
    return { reason: `the registry has no Node.js for ${machine}; run it by Node.js 24` };
  const folder = join(cacheFolder(), `node-${NODE_VERSION}`);
  const program = join('node_modules', `node-${machine}`, 'bin', 'node');
  const draft = `${folder}.${randomUUID().slice(0, 8)}`;
  try {
    if (!existsSync(join(folder, program))) {
      await mkdir(draft, { recursive: true });
      const options = ['--prefix', draft, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--silent'];
      await run('npm', ['install', ...options, `node-${machine}@${NODE_VERSION}`], { timeout: INSTALL_LIMIT });
      await rename(draft, folder).catch(() => undefined);
    }
    await run(join(folder, program), ['--version']);
    return { node: join(folder, program) };
  } catch (error) {
    const [line = ''] = errorMessage(error).split('\n');
    return { reason: `no Node.js ${NODE_VERSION} from the registry: ${line}` };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
