import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, IpeError } from '../../common/index.ts';
import { acmePython } from './acme-install.ts';

const START_TRIES = 5;
const START_TIMEOUT = 30_000;

/** Sections and keys of acme.ini that differ from what the tests usually want. */
export type AcmeIni = Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;

/** What an ACME under test is told. */
export interface AcmeOptions {
  readonly ini?: AcmeIni;
  /** resourceName of the CSEBase; default `cse-in`. */
  readonly cseBase?: string;
  /** CSE-ID without its slash; default `id-in`. */
  readonly cseId?: string;
}

/**
 * Whether a real ACME can be started here; installs it on the first call. Where it cannot, says why once on stderr,
 * so that a suite may skip; with `CI=true` throws instead, so that no pipeline skips in silence.
 */
export async function acmeAvailable(): Promise<{ ok: true } | { ok: false; reason: string }> {
  try {
    await acmePython();
    return { ok: true };
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    const reason = `no ACME CSE: ${errorMessage(error)}`;
    process.stderr.write(`\n*** ${reason}: the tests that need it are SKIPPED ***\n\n`);
    return { ok: false, reason };
  }
}

/** A real ACME CSE in memory on a free port of the loopback, expiring every second, for one test file. */
export class Acme {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  /** resourceName of the CSEBase. */
  readonly cseBase: string;
  /** CSE-ID with its slash, e.g. `/id-in`. */
  readonly cseId: string;
  readonly adminOriginator = 'CAdmin';
  readonly #folder: string;
  readonly #python: string;
  #child: ChildProcess | undefined;

  private constructor(python: string, folder: string, port: number, cseBase: string, cseId: string) {
    this.#python = python;
    this.#folder = folder;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.cseBase = cseBase;
    this.cseId = `/${cseId}`;
  }

  /** Starts one and resolves when it answers. Throws IpeError `test/acme-start` with what it said. */
  static async start(options: AcmeOptions = {}): Promise<Acme> {
    const python = await acmePython();
    const cseBase = options.cseBase ?? 'cse-in';
    const cseId = options.cseId ?? 'id-in';
    for (let attempt = 1; ; attempt++) {
      const folder = await mkdtemp(join(tmpdir(), 'lwm2m-ipe-acme-'));
      const acme = new Acme(python, folder, await freePort(), cseBase, cseId);
      await writeFile(join(folder, 'acme.ini'), ini(acme.port, cseBase, cseId, options.ini ?? {}));
      try {
        await acme.#run();
        return acme;
      } catch (error) {
        await acme.stop();
        if (attempt >= START_TRIES) throw error;
      }
    }
  }

  /** Empties the running CSE without ending its process (a quarter of a second). */
  async reset(): Promise<void> {
    const answer = await fetch(`${this.url}/__mgmt__/reset`, { signal: AbortSignal.timeout(10_000) });
    await answer.arrayBuffer();
    if (!answer.ok) throw new IpeError('test/acme-reset', `ACME refused to reset: ${answer.status}`);
    await this.#ready();
  }

  /** Ends the process without a farewell and leaves the port closed, as a CSE that crashed. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child !== undefined) await end(child);
  }

  /** Ends the process and starts it again on the same port with nothing in it; call after `kill` to start only. */
  async restartEmpty(): Promise<void> {
    await this.kill();
    await this.#run();
  }

  /** Holds the process (SIGSTOP), as a CSE that hangs: connections stay open and nothing answers. */
  pause(): void {
    if (this.#child !== undefined) signalGroup(this.#child, 'SIGSTOP');
  }

  /** Lets the process go on after `pause`. */
  resume(): void {
    if (this.#child !== undefined) signalGroup(this.#child, 'SIGCONT');
  }

  /** Ends the process with its children and removes its folder; may be called twice. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #run(): Promise<void> {
    const log = join(this.#folder, 'out.log');
    await writeFile(log, '');
    const command = `exec "$0" -c '${GUARD}' --headless --base-directory "$1" >"$2" 2>&1`;
    const child = spawn('/bin/sh', ['-c', command, this.#python, this.#folder, log], {
      stdio: 'ignore',
      detached: true,
      cwd: this.#folder,
    });
    this.#child = child;
    const farewell = () => signalGroup(child, 'SIGKILL');
    process.once('exit', farewell);
    child.once('exit', () => process.removeListener('exit', farewell));
    child.once('error', () => process.removeListener('exit', farewell));
    try {
      await this.#ready();
    } catch (error) {
      const said = await readFile(log, 'utf8').catch(() => '');
      throw new IpeError('test/acme-start', `${errorMessage(error)}: ${said.slice(-2000)}`, { cause: error });
    }
  }

  /** The last resource that the start-up script creates is there: everything before it is. */
  async #ready(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT;
    const headers = {
      'X-M2M-Origin': this.adminOriginator,
      'X-M2M-RI': 'ready',
      'X-M2M-RVI': '3',
      Accept: 'application/json',
    };
    while (Date.now() < deadline) {
      if (this.#child?.exitCode !== null) throw new IpeError('test/acme-start', 'ACME ended before it was ready');
      const answer = await fetch(`${this.url}/${this.cseBase}/AEContactList`, {
        headers,
        signal: AbortSignal.timeout(5_000),
      }).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.headers.get('x-m2m-rsc') === '2000') return;
      await sleep(25);
    }
    throw new IpeError('test/acme-start', `ACME was not ready within ${START_TIMEOUT} ms`);
  }
}

/** Runs ACME and, on Linux, asks the kernel to end it with the test process, however that ends. */
const GUARD = [
  'import ctypes, runpy, signal, sys',
  'sys.platform == "linux" and ctypes.CDLL(None).prctl(1, signal.SIGKILL)',
  'runpy.run_module("acmecse", run_name="__main__", alter_sys=True)',
].join('; ');

function ini(port: number, cseBase: string, cseId: string, changes: AcmeIni): string {
  const sections: Record<string, Record<string, string | number | boolean>> = {
    'basic.config': {
      cseType: 'IN',
      cseID: cseId,
      cseName: cseBase,
      adminID: 'CAdmin',
      networkInterface: '127.0.0.1',
      cseHost: '127.0.0.1',
      httpPort: port,
      databaseType: 'memory',
      logLevel: 'error',
      secret: 'lab',
    },
    console: { headless: true },
    textui: { enable: false },
    webui: { enable: false },
    cse: { checkExpirationsInterval: 1 },
    'cse.statistics': { enable: false },
    http: { enableManagementEndpoint: true, enableStructureEndpoint: true },
    'http.wsgi': { enable: true, threadPoolSize: 16 },
  };
  for (const [name, keys] of Object.entries(changes)) sections[name] = { ...sections[name], ...keys };
  return Object.entries(sections)
    .map(
      ([name, keys]) =>
        `[${name}]\n${Object.entries(keys)
          .map(([key, value]) => `${key}=${value}\n`)
          .join('')}\n`,
    )
    .join('');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new IpeError('test/acme-start', 'no free port');
  return address.port;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  signalGroup(child, 'SIGKILL');
  await gone;
}
