import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IpeError } from '../../../common/index.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const COMPILER = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

/** The real command line, compiled as a release is. */
export interface CommandLine {
  /** The script that Node.js runs. */
  readonly program: string;
  /** Runs a command to its end; `feed` sees the running process. */
  run(words: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Starts a command that runs until it is told to stop. */
  start(words: readonly string[], options?: RunOptions): Running;
  dispose(): void;
}

export interface RunOptions {
  /** Variables of the process; none of the caller's IPE_ ones are handed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Another program than the command line, where the build puts it: `examples/…/main.js`. */
  readonly program?: string;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command. */
export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** The first line of standard output that the test accepts; rejects when the command ends without it. */
  line(accept: (line: string) => boolean): Promise<string>;
  /** Standard output so far. */
  output(): string;
}

/** Compiles the project into a folder of its own, from where it finds its packages. */
export async function buildCommandLine(): Promise<CommandLine> {
  const cache = join(ROOT, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'command-line-'));
  const main = join(folder, 'ipe', 'main.js');
  await new Promise<void>((resolve, reject) => {
    const words = [COMPILER, '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', folder, '--sourceMap', 'false'];
    execFile(process.execPath, words, (_error, stdout) => {
      if (existsSync(main)) resolve();
      else reject(new IpeError('test/build', `the build wrote no main.js: ${stdout}`));
    });
  });
  return {
    program: main,
    run: (words, options) => launch(folder, words, options).finished,
    start: (words, options) => launch(folder, words, options),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function launch(folder: string, words: readonly string[], options: RunOptions = {}): Running {
  const { env = {}, program = join('ipe', 'main.js') } = options;
  const inherited = Object.entries(process.env).filter(([name]) => !/^(IPE_|NO_COLOR|FORCE_COLOR)/.test(name));
  const child = spawn(process.execPath, [join(folder, program), ...words], {
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      for (const look of watchers) look();
    });
  }
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (code) => resolve({ code, ...output }));
  });
  const line = (accept: (line: string) => boolean) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = output.stdout.split('\n').slice(0, -1).find(accept);
        if (found === undefined) return;
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
      void finished.then(({ code, stdout, stderr }) => {
        reject(new IpeError('test/ended', `the command ended with ${code}\n${stdout}\n${stderr}`));
      });
    });
  return { child, finished, line, output: () => output.stdout };
}
