import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Acme } from '../support/acme.ts';

/** A CSE in a process of its own, to which anything may happen. */
export interface ChaosCse {
  readonly name: string;
  readonly url: string;
  readonly base: string;
  readonly cseId: string;
  readonly adminOriginator: string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts after `kill`, with nothing in it, where it was. */
  start(): Promise<void>;
  /** Forgets everything and goes on. */
  forget(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  resume(): void;
  /** Ends for good. */
  dispose(): Promise<void>;
}

/** The embedded CSE with the habits of ACME. */
class EmbeddedChaosCse implements ChaosCse {
  readonly name = 'embedded';
  readonly base = 'cse-in';
  readonly cseId = '/id-in';
  readonly adminOriginator = 'CAdmin';
  #child: ChildProcess | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const program = fileURLToPath(new URL('./cse-program.js', import.meta.url));
    const child = fork(program, [`${this.#port}`], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child = child;
    const [port] = await once(child, 'message');
    this.#port = port as number;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async forget(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const done = once(child, 'message');
    child.send('forget');
    await done;
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  dispose(): Promise<void> {
    return this.kill();
  }
}

class AcmeChaosCse implements ChaosCse {
  readonly name = 'acme';
  readonly #acme: Acme;

  constructor(acme: Acme) {
    this.#acme = acme;
  }

  get url(): string {
    return this.#acme.url;
  }

  get base(): string {
    return this.#acme.cseBase;
  }

  get cseId(): string {
    return this.#acme.cseId;
  }

  get adminOriginator(): string {
    return this.#acme.adminOriginator;
  }

  kill(): Promise<void> {
    return this.#acme.kill();
  }

  start(): Promise<void> {
    return this.#acme.restartEmpty();
  }

  forget(): Promise<void> {
    return this.#acme.reset();
  }

  pause(): void {
    this.#acme.pause();
  }

  resume(): void {
    this.#acme.resume();
  }

  dispose(): Promise<void> {
    return this.#acme.stop();
  }
}

/** Starts one; ACME as the tests have it. */
export async function startChaosCse(which: 'embedded' | 'acme'): Promise<ChaosCse> {
  if (which === 'acme') return new AcmeChaosCse(await Acme.start());
  const cse = new EmbeddedChaosCse();
  await cse.start();
  return cse;
}
