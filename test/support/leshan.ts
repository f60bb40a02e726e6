import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';

const PROJECT = fileURLToPath(new URL('../interop/leshan-client', import.meta.url));
const BUILD_LIMIT = 170_000;
const EVENT_LIMIT = 15_000;
/** Starts in half the time of the defaults; the client is small and short-lived. */
const JVM_OPTIONS = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto', '-Xmx128m'];

/** Whether the Leshan client can be run here, or why not in one line. */
export type LeshanAvailability = { readonly ok: true } | { readonly ok: false; readonly reason: string };

let built: Promise<{ readonly jar: string } | { readonly reason: string }> | undefined;

/** Looks for Java 17 and Maven and builds the client once a machine (some 15 s the first time, then nothing). */
export async function leshanAvailable(): Promise<LeshanAvailability> {
  built ??= build();
  const result = await built;
  return 'jar' in result ? { ok: true } : { ok: false, reason: result.reason };
}

/**
 * A `describe` that needs Leshan. Where it cannot be had the suite is skipped and the reason goes to standard error;
 * with `CI=true` it fails instead. Use with `await` at the top of a test file.
 */
export async function describeWithLeshan(name: string, body: () => void): Promise<void> {
  const availability = await leshanAvailable();
  if (availability.ok) {
    describe(name, body);
    return;
  }
  if (process.env.CI === 'true') {
    describe(name, () => {
      it('finds a Leshan client to talk to', () => {
        throw new Error(`Leshan is needed under CI=true: ${availability.reason}`);
      });
    });
    return;
  }
  process.stderr.write(`\nSKIPPED: ${name}: ${availability.reason}\n`);
  describe.skip(`${name} (skipped: ${availability.reason})`, body);
}

/** What a Leshan client is started with. */
export interface LeshanOptions {
  /** `coap://host:port` or `coaps://host:port` of the LwM2M server. */
  readonly server: string;
  /** That server is a bootstrap server. */
  readonly bootstrap?: boolean;
  /** For a server of coaps: a pre-shared key, */
  readonly psk?: { readonly identity: string; readonly key: Buffer };
  /** or the names of PEM files. */
  readonly x509?: { readonly certificate: string; readonly privateKey: string; readonly serverCertificate: string };
  /** or those of raw public keys. */
  readonly rpk?: { readonly publicKey: string; readonly privateKey: string; readonly serverPublicKey: string };
  readonly endpoint: string;
  /** Seconds; 60 where not given. */
  readonly lifetime?: number;
  /** Seconds between Updates; Leshan derives it from the lifetime where not given. */
  readonly updatePeriod?: number;
  readonly queue?: boolean;
  /** Object instances beside 1/0 and 3/0, e.g. `['3303/0', '3311/0']`, which is the default. */
  readonly objects?: readonly string[];
  /** Local address; 127.0.0.1 unless the server's is an IPv6 one. */
  readonly bind?: string;
  /** Milliseconds before a refused Register is tried again. */
  readonly retry?: number;
}

/**
 * A running Leshan client. Its events are lines: `started NAME`, `registered /rd/ID`, `register-refused CODE TEXT`,
 * `register-timeout`, the same for `update` and `deregister`, `bootstrapped`, `stopped`, `error TEXT`.
 */
export class LeshanClient {
  /** Every event so far, oldest first. */
  readonly events: string[] = [];
  /** What it wrote to standard error. */
  readonly warnings: string[] = [];
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  readonly #watchers = new Set<() => void>();
  #seen = 0;
  #ended = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid as number;
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.events.push(line);
      this.#wake();
    });
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => this.warnings.push(line));
    child.stdin?.on('error', () => {});
    const killAtExit = () => child.kill('SIGKILL');
    process.once('exit', killAtExit);
    this.#closed = new Promise((resolve) => {
      child.once('close', () => {
        process.removeListener('exit', killAtExit);
        this.#ended = true;
        this.#wake();
        resolve();
      });
    });
  }

  /** Starts the client; resolves when its process runs and has said so, which is before it is registered. */
  static async start(options: LeshanOptions): Promise<LeshanClient> {
    built ??= build();
    const result = await built;
    if (!('jar' in result)) throw new Error(`no Leshan client: ${result.reason}`);
    const child = spawn('java', [...JVM_OPTIONS, '-jar', result.jar, ...argumentsOf(options)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const client = new LeshanClient(child);
    await client.event(/^started /, 30_000);
    return client;
  }

  /**
   * The next event that matches, counted from the last one that this method returned, so that the same line is never
   * taken twice. Rejects with all events when the process ends or `limit` milliseconds pass first.
   */
  async event(pattern: RegExp, limit = EVENT_LIMIT): Promise<string> {
    const deadline = AbortSignal.timeout(limit);
    for (;;) {
      while (this.#seen < this.events.length) {
        const line = this.events[this.#seen++] as string;
        if (pattern.test(line)) return line;
      }
      if (this.#ended || deadline.aborted) {
        const why = this.#ended ? 'the client ended' : `${limit} ms passed`;
        throw new Error(`no event ${pattern} before ${why}; events:\n${[...this.events, ...this.warnings].join('\n')}`);
      }
      await this.#change(deadline);
    }
  }

  /**
   * A command: `update`, `add 3303/1`, `remove 3303/1`, `remove 3311` (the whole object), `lifetime 30` (sends an
   * Update with `lt`), `temperature 21.5`, `deregister`, `forget` (stops without a word), `register`, `quit`.
   */
  send(command: string): void {
    this.#child.stdin?.write(`${command}\n`);
  }

  /** De-registers and ends; killed when that takes more than `limit` milliseconds. */
  async stop(limit = 5_000): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), limit);
    await this.#closed;
    clearTimeout(timer);
  }

  /** Ends at once and without a word to the server, as a device that loses power. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #change(deadline: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#watchers.delete(done);
        deadline.removeEventListener('abort', done);
        resolve();
      };
      this.#watchers.add(done);
      deadline.addEventListener('abort', done);
    });
  }
}

function argumentsOf(options: LeshanOptions): string[] {
  const bind = options.bind ?? (options.server.includes('[') ? '::1' : '127.0.0.1');
  const all: Record<string, string | number | boolean | undefined> = {
    server: options.server,
    endpoint: options.endpoint,
    bind,
    lifetime: options.lifetime,
    'update-period': options.updatePeriod,
    queue: options.queue,
    bootstrap: options.bootstrap,
    objects: options.objects?.join(','),
    'retry-ms': options.retry,
    identity: options.psk?.identity,
    psk: options.psk?.key.toString('hex'),
    certificate: options.x509?.certificate,
    'private-key': options.x509?.privateKey ?? options.rpk?.privateKey,
    'public-key': options.rpk?.publicKey,
    'server-public-key': options.rpk?.serverPublicKey,
    'server-certificate': options.x509?.serverCertificate,
  };
  return Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
}

async function build(): Promise<{ readonly jar: string } | { readonly reason: string }> {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' });
  if (java.error || java.status !== 0) return { reason: 'no Java found (17 or newer is needed)' };
  const version = Number(/version "(\d+)/.exec(java.stderr)?.[1] ?? 0);
  if (version < 17) return { reason: `Java ${version} found, 17 or newer is needed` };
  const folder = join(cacheFolder(), `leshan-client-${fingerprint()}`);
  const jar = join(folder, 'leshan-client.jar');
  if (existsSync(jar)) return { jar };
  const maven = spawnSync('mvn', ['-version'], { encoding: 'utf8' });
  if (maven.error || maven.status !== 0) return { reason: 'no Maven found' };
  mkdirSync(folder, { recursive: true });
  const release = await lock(join(folder, 'lock'), () => existsSync(jar));
  if (!release) return existsSync(jar) ? { jar } : { reason: 'another process is still building the client' };
  try {
    return existsSync(jar) ? { jar } : await compile(folder, jar);
  } finally {
    release();
  }
}

async function compile(folder: string, jar: string): Promise<{ readonly jar: string } | { readonly reason: string }> {
  const work = join(folder, `project-${process.pid}`);
  cpSync(PROJECT, work, { recursive: true });
  const output: string[] = [];
  const child = spawn('mvn', ['-B', '-ntp', '-q', 'package'], { cwd: work, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => output.push(line));
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), BUILD_LIMIT);
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  if (status === 0) renameSync(join(work, 'target', 'leshan-client.jar'), jar);
  rmSync(work, { recursive: true, force: true });
  if (status !== 0) {
    const message = output.find((line) => line.includes('ERROR')) ?? output.at(-1) ?? 'no output';
    return { reason: `Maven could not build it: ${message.slice(0, 300)}` };
  }
  return { jar };
}

function cacheFolder(): string {
  return process.env.LWM2M_IPE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'lwm2m-ipe');
}

function fingerprint(): string {
  const hash = createHash('sha256');
  const files = readdirSync(PROJECT, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !relative(PROJECT, file).startsWith('target'))
    .sort();
  for (const file of files) hash.update(relative(PROJECT, file)).update('\0').update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

/**
 * A lock that a folder holds, for test processes side by side. Waits for another holder until `done` or the limit of
 * a build; a holder that died is taken over. Gives the function that releases it, or undefined.
 */
async function lock(path: string, done: () => boolean): Promise<(() => void) | undefined> {
  const end = Date.now() + BUILD_LIMIT;
  while (!done() && Date.now() < end) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch {
      if (!holderLives(path)) rmSync(path, { force: true });
      await delay(200);
    }
  }
  return undefined;
}

function holderLives(path: string): boolean {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    if (!pid) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
