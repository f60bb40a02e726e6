import { fileURLToPath } from 'node:url';
import { Child, type Line } from './child.ts';
import type { LoadResult } from './load/phases.ts';

const START_LIMIT = 60_000;
const built = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** A server that runs in a process of its own. */
export interface Subject {
  readonly child: Child;
  readonly port: number;
}

/** How the process is run. */
export interface SubjectOptions {
  /** Lets it report its heap. */
  readonly measured?: boolean;
  /** Lets it report how late its event loop is. */
  readonly watched?: boolean;
  /** Directory where it leaves a CPU profile when it ends. */
  readonly profile?: string | undefined;
}

function nodeWords(file: string, words: readonly string[], options: SubjectOptions): string[] {
  const { measured = false, watched = false, profile } = options;
  const memory = measured ? ['--expose-gc', '--import', built('./report-memory.js')] : [];
  const delay = watched ? ['--import', built('./report-delay.js')] : [];
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  return [...memory, ...delay, ...profiling, built(file), ...words];
}

/** The server of a process, once it has told its port. */
export async function ready(child: Child, port: (line: Line) => unknown): Promise<Subject> {
  const found = await child.next((line) => {
    const value = port(line);
    return typeof value === 'number' ? value : undefined;
  }, START_LIMIT);
  return { child, port: found };
}

/** As the command's first line and the container image have it. */
const YOUNG_GENERATION = '--max-semi-space-size=64';

/** The project's LwM2M server alone, which accepts every registration. */
export function startLwm2mServer(options: SubjectOptions = {}): Promise<Subject> {
  const own = ['--port', '0', '--host', '127.0.0.1'];
  const words = [YOUNG_GENERATION, ...nodeWords('./lwm2m-server.js', own, options)];
  return ready(new Child('lwm2m-server', { words }), (line) => line.port);
}

/** The same, which also records every registration in a store at `path` before it answers, and each Update where asked. */
export function startStoreServer(path: string, everyUpdate = false): Promise<Subject> {
  const own = everyUpdate ? [path, '--every-update'] : [path];
  const words = [YOUNG_GENERATION, ...nodeWords('./store-server.js', own, {})];
  return ready(new Child('store-server', { words }), (line) => line.port);
}

/** Leshan's server; `jar` as `buildLeshanServer` made it. */
export function startLeshan(jar: string): Promise<Subject> {
  return ready(new Child('leshan-server', { command: 'java', words: ['-jar', jar, '0'] }), (line) => line.port);
}

/** A CSE that says yes at once and counts; report `counts`. */
export function startCountingCse(): Promise<Subject> {
  return ready(new Child('null-cse', { words: [built('./counting-cse.js')] }), (line) => line.port);
}

/** The whole bridge in front of the CSE at `url`; `port` is the one devices register at. */
export function startBridge(
  url: string,
  settings: Readonly<Record<string, string>>,
  options: SubjectOptions = {},
): Promise<Subject> {
  const environment = {
    IPE_CSE_URL: url,
    IPE_LWM2M_COAP_HOST: '127.0.0.1',
    IPE_LWM2M_COAP_PORT: '0',
    IPE_HTTP_HOST: '127.0.0.1',
    IPE_HTTP_PORT: '0',
    IPE_LOG_FORMAT: 'json',
    IPE_VALUES_MODE: 'none',
    IPE_STORE_KIND: 'memory',
    ...settings,
  };
  const words = [YOUNG_GENERATION, ...nodeWords('../ipe/main.js', ['run'], options)];
  return ready(new Child('lwm2m-ipe run', { words, environment }), (line) => line.coapPort);
}

/** LwM2M server and CSE client with nothing between them; with `observe` every notification makes a contentInstance. */
export function startDirectServer(url: string, inFlight: number, observe = false): Promise<Subject> {
  const own = ['--url', url, '--in-flight', String(inFlight), ...(observe ? ['--observe'] : [])];
  const words = [YOUNG_GENERATION, ...nodeWords('./direct-server.js', own, {})];
  return ready(new Child('direct-server', { words }), (line) => line.port);
}

/** Options of `load-generator` by name. */
export type LoadWords = Readonly<Record<string, string | number>>;

/** Plays endpoints against a server and resolves with what they saw. */
export async function playLoad(subject: Subject, options: LoadWords): Promise<LoadResult> {
  const limit = Number(options.limit ?? 300);
  const named = { port: subject.port, 'watch-pid': subject.child.pid, ...options };
  const words = Object.entries(named).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = new Child('load-generator', {
    words: ['--max-semi-space-size=32', built('./load-generator.js'), ...words],
  });
  try {
    return await child.next(
      (line) => (line.phases === undefined ? undefined : (line as unknown as LoadResult)),
      (limit + 10) * 1000,
    );
  } finally {
    await child.stop();
  }
}
