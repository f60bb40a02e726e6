import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { errorMessage, IpeError } from '../common/index.ts';

/** A line of JSON that a process printed. */
export type Line = Readonly<Record<string, unknown>>;

/** How a process is started. */
export interface ChildOptions {
  readonly command?: string;
  readonly words: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const STOP_PATIENCE = 10_000;
const KEPT_ERRORS = 2_000;
const running = new Set<Child>();
process.once('exit', () => {
  for (const child of running) child.kill();
});

/** A process that this one started, that speaks lines of JSON and never outlives it. */
export class Child {
  readonly name: string;
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #closed: Promise<number>;
  #errors = '';
  #listener: ((line: Line | undefined) => void) | undefined;
  #ended = false;

  constructor(name: string, { command = process.execPath, words, environment = {} }: ChildOptions) {
    this.name = name;
    this.#process = spawn(command, [...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.pid = this.#process.pid ?? 0;
    running.add(this);
    createInterface({ input: this.#process.stdout as NodeJS.ReadableStream }).on('line', (text) => this.#hear(text));
    this.#process.stderr?.on('data', (data) => {
      this.#errors = `${this.#errors}${data}`.slice(-KEPT_ERRORS);
    });
    this.#closed = new Promise((resolve) => {
      const end = (code: number): void => {
        this.#ended = true;
        running.delete(this);
        this.#listener?.(undefined);
        resolve(code);
      };
      this.#process.once('error', (error) => {
        this.#errors += errorMessage(error);
        end(-1);
      });
      this.#process.once('close', (code) => end(code ?? -1));
    });
  }

  /**
   * The next line printed from now on that `pick` makes something of. IpeError `bench/child` after `limit` milliseconds
   * or when the process ends. One caller at a time; lines that nobody waits for are dropped unread.
   */
  next<T>(pick: (line: Line) => T | undefined, limit: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        settle();
        reject(new IpeError('bench/child', `${this.name} ${why}: ${this.said()}`));
      };
      const timer = setTimeout(() => fail(`said nothing within ${limit} ms`), limit);
      const settle = (): void => {
        clearTimeout(timer);
        this.#listener = undefined;
      };
      if (this.#ended) return fail('had ended');
      this.#listener = (line) => {
        if (line === undefined) return fail('ended');
        const picked = pick(line);
        if (picked === undefined) return;
        settle();
        resolve(picked);
      };
    });
  }

  /** Asks for a report (SIGUSR2) and resolves with what stands in it under `key`. */
  async report<T>(key: string, limit = 60_000): Promise<T> {
    this.#process.kill('SIGUSR2');
    return this.next((line) => line[key] as T | undefined, limit);
  }

  /** Asks the process to end, and ends it when it does not. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), STOP_PATIENCE);
    await this.#closed;
    clearTimeout(timer);
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** The end of what the process wrote besides lines of JSON. */
  said(): string {
    return this.#errors.trim() || 'no message';
  }

  /** Resolves with the exit code. */
  ended(): Promise<number> {
    return this.#closed;
  }

  #hear(text: string): void {
    if (!text.startsWith('{')) this.#errors = `${this.#errors}${text}\n`.slice(-KEPT_ERRORS);
    else if (this.#listener !== undefined) this.#offer(this.#listener, text);
  }

  #offer(listener: (line: Line) => void, text: string): void {
    try {
      listener(JSON.parse(text) as Line);
    } catch {
      // A line of a log that only looks like JSON.
    }
  }
}
