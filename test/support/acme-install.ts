import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorMessage, IpeError } from '../../common/index.ts';

const run = promisify(execFile);

/** The release of ACME that the tests run against. */
export const ACME_VERSION = '2026.5.3';

const STEP_TIMEOUT = 240_000;
const LOCK_PATIENCE = 300_000;

/** Where the tests keep what they install: `$LWM2M_IPE_CACHE`, else `lwm2m-ipe` in the user's cache folder. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const chosen = environment.LWM2M_IPE_CACHE;
  if (chosen !== undefined && chosen !== '') return chosen;
  const caches = environment.XDG_CACHE_HOME;
  return join(caches !== undefined && caches !== '' ? caches : join(homedir(), '.cache'), 'lwm2m-ipe');
}

let installed: Promise<string> | undefined;

/**
 * The Python that has ACME, installed on the first call on this machine. Parallel processes install once.
 * Throws IpeError `test/acme-unavailable` where Python 3.11 or the registry is missing.
 */
export function acmePython(): Promise<string> {
  installed ??= install(cacheFolder());
  return installed;
}

async function install(cache: string): Promise<string> {
  try {
    await mkdir(cache, { recursive: true });
    const deadline = Date.now() + LOCK_PATIENCE;
    for (;;) {
      const python = await completed(cache);
      if (python !== undefined) return python;
      const release = await lock(join(cache, `acme-${ACME_VERSION}.lock`));
      if (release !== undefined) {
        try {
          return (await completed(cache)) ?? (await build(cache));
        } finally {
          await release();
        }
      }
      if (Date.now() > deadline) throw new IpeError('test/acme-unavailable', 'another process holds the installation');
      await sleep(200);
    }
  } catch (error) {
    if (error instanceof IpeError) throw error;
    throw new IpeError('test/acme-unavailable', errorMessage(error), { cause: error });
  }
}

/** The marker names the folder, so a half-made one is never taken for a whole one, whoever made it. */
function marker(cache: string): string {
  return join(cache, `acme-${ACME_VERSION}.complete`);
}

async function completed(cache: string): Promise<string | undefined> {
  const folder = await readFile(marker(cache), 'utf8').catch(() => undefined);
  if (folder === undefined) return undefined;
  const python = join(cache, folder.trim(), 'bin', 'python');
  return existsSync(python) ? python : undefined;
}

async function build(cache: string): Promise<string> {
  const base = await findPython();
  const name = `acme-${ACME_VERSION}-${randomUUID().slice(0, 8)}`;
  const folder = join(cache, name);
  try {
    await run(base, ['-m', 'venv', folder], { timeout: STEP_TIMEOUT });
    const python = join(folder, 'bin', 'python');
    const options = ['--quiet', '--disable-pip-version-check', '--no-input'];
    await run(python, ['-m', 'pip', 'install', ...options, `acmecse==${ACME_VERSION}`], { timeout: STEP_TIMEOUT });
    const draft = `${marker(cache)}.${name}`;
    await writeFile(draft, name);
    await rename(draft, marker(cache));
    return python;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function findPython(): Promise<string> {
  const tried: string[] = [];
  for (const name of ['python3', 'python3.13', 'python3.12', 'python3.11', 'python']) {
    const check = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))';
    const found = await run(name, ['-c', check], { timeout: 20_000 }).then(
      () => true,
      (error: unknown) => {
        tried.push(`${name}: ${errorMessage(error)}`);
        return false;
      },
    );
    if (found) return name;
  }
  throw new IpeError('test/acme-unavailable', `no Python 3.11 or later with venv (${tried[0] ?? 'none tried'})`);
}

/** Takes the lock and returns what releases it, or undefined while a living process holds it. */
async function lock(path: string): Promise<(() => Promise<void>) | undefined> {
  try {
    await mkdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (await isAbandoned(path)) {
      const grave = `${path}.${randomUUID()}`;
      await rename(path, grave).catch(() => undefined);
      await rm(grave, { recursive: true, force: true });
    }
    return undefined;
  }
  await writeFile(join(path, 'pid'), String(process.pid));
  return () => rm(path, { recursive: true, force: true });
}

async function isAbandoned(path: string): Promise<boolean> {
  const owner = Number(await readFile(join(path, 'pid'), 'utf8').catch(() => '0'));
  if (owner > 0) {
    try {
      process.kill(owner, 0);
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ESRCH';
    }
  }
  const made = await stat(path).catch(() => undefined);
  return made !== undefined && Date.now() - made.mtimeMs > 10_000;
}
