import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { IpeError } from '../../common/index.ts';
import type { MachineOrder } from './machine-hook.ts';

const MAIN = fileURLToPath(new URL('../../ipe/main.js', import.meta.url));
const HOOK = new URL('./machine-hook.js', import.meta.url).href;
/** Milliseconds that an orderly stop may take. */
const STOP_PATIENCE = 15_000;
const HEAP_PATIENCE = 10_000;
const KEPT_LINES = 12;

/** The daemon as a release runs it, in a process of its own, always with the same store and ports. */
export class BridgeProcess {
  /** Ends that nobody asked for. */
  readonly ownEnds: string[] = [];
  starts = 0;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #log: WriteStream;
  readonly #said: (line: string) => void;
  #child: ChildProcess | undefined;
  #asked = true;
  #ready: Promise<void> = Promise.resolve();
  #coapPort = 0;
  #httpPort = 0;
  #shift = 0;
  #full = false;
  #lines: string[] = [];

  /** `environment` is the configuration; everything that it logs goes to the file, and line by line to `said`. */
  constructor(environment: Readonly<Record<string, string>>, logFile: string, said: (line: string) => void) {
    this.#environment = environment;
    this.#log = createWriteStream(logFile, { flags: 'a' });
    this.#said = said;
  }

  /** Where devices reach it. */
  get port(): number {
    return this.#coapPort;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Starts it unless it runs; resolves when it serves, or has ended before. */
  start(): Promise<void> {
    if (this.#child === undefined) {
      this.#spawn();
      this.starts += 1;
    }
    return this.#ready;
  }

  /** Ends it, with SIGKILL at once, with SIGTERM in its own way. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#asked = true;
    const closed = once(child, 'close');
    child.kill(signal);
    const impatient = setTimeout(() => {
      this.ownEnds.push(`it did not stop within ${STOP_PATIENCE} ms`);
      child.kill('SIGKILL');
    }, STOP_PATIENCE);
    await closed;
    clearTimeout(impatient);
  }

  /** Shifts its wall clock by so many milliseconds more, over restarts, too. */
  jump(by: number): void {
    this.#shift += by;
    this.#order({ clock: this.#shift });
  }

  /** Takes the room on its disk away, or gives it back. */
  fillDisk(full: boolean): void {
    this.#full = full;
    this.#order({ diskFull: full });
  }

  /** Bytes of heap after garbage collection. */
  async heap(): Promise<number> {
    const child = this.#child;
    if (child === undefined) throw new IpeError('test/bridge', 'the bridge does not run');
    const signal = AbortSignal.timeout(HEAP_PATIENCE);
    const answer = once(child, 'message', { signal });
    this.#order({ heap: true });
    const [{ heap }] = (await answer) as [{ readonly heap: number }];
    return heap;
  }

  async dispose(): Promise<void> {
    await this.end('SIGKILL');
    this.#log.end();
  }

  #order(order: MachineOrder): void {
    if (this.#child?.connected === true) this.#child.send(order, () => {});
  }

  #spawn(): void {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(IPE_|NODE_OPTIONS)/.test(name));
    const child = spawn(process.execPath, ['--import', HOOK, MAIN, 'run'], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...Object.fromEntries(inherited),
        ...this.#environment,
        IPE_LWM2M_COAP_HOST: '127.0.0.1',
        IPE_LWM2M_COAP_PORT: `${this.#coapPort}`,
        IPE_HTTP_PORT: `${this.#httpPort}`,
        IPE_LOG_FORMAT: 'json',
        CHAOS_CLOCK_SHIFT: `${this.#shift}`,
        CHAOS_DISK_FULL: `${this.#full}`,
      },
    });
    this.#child = child;
    this.#asked = false;
    this.#lines = [];
    this.#ready = new Promise((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        if (stream === null) continue;
        createInterface({ input: stream }).on('line', (line) => {
          if (this.#hear(line)) resolve();
        });
      }
      child.once('close', (code, signal) => {
        if (this.#child === child) this.#child = undefined;
        if (!this.#asked) this.ownEnds.push(`it ended with ${signal ?? code}: ${this.#lines.join(' | ')}`);
        resolve();
      });
    });
  }

  /** True for the line that says that it serves. */
  #hear(line: string): boolean {
    this.#log.write(`${new Date().toISOString()} ${line}\n`);
    this.#said(line);
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    if (!line.includes('"ready"')) return false;
    const { coapPort, httpPort } = JSON.parse(line) as { readonly coapPort: number; readonly httpPort: number };
    this.#coapPort = coapPort;
    this.#httpPort = httpPort;
    return true;
  }
}
