import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildLeshanServer } from './leshan.ts';
import type { LoadResult, PhaseResult } from './load/phases.ts';
import { type Metrics, progress, type Series, series } from './metrics.ts';
import type { BenchOptions } from './options.ts';
import { playLoad, type Subject, startLeshan, startLwm2mServer, startStoreServer } from './subjects.ts';

/** Rounds of our server, of the same with the store, and of Leshan's where that was asked for. */
export interface Lwm2mResults {
  readonly ours: Series;
  /** Every registration on the disk before it is answered. */
  readonly stored: Series;
  readonly leshan?: Series;
}

const WARM_UP = 20_000;
const ENDPOINTS = 50_000;
const UPDATES = 100_000;
/** Registrations a second, and seconds, of the measurement of latency. */
const PACE = 5_000;
const PACED_SECONDS = 6;

/**
 * The LwM2M side alone: our server without and with the store, and Leshan's where asked for, in alternating rounds on a
 * fresh process each.
 */
export async function measureLwm2m(options: BenchOptions): Promise<Lwm2mResults> {
  const jar = options.leshan ? await leshanJar() : undefined;
  const ours: Metrics[] = [];
  const stored: Metrics[] = [];
  const leshan: Metrics[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    const own = async () => void ours.push(await oneRound('lwm2m-ipe', round, startLwm2mServer, options));
    const lasting = async () => void stored.push(await storedRound(round, options));
    const other = async () => {
      if (jar !== undefined) leshan.push(await oneRound('Leshan', round, () => startLeshan(jar), options));
    };
    // Whoever goes first finds another machine than whoever goes second.
    for (const measure of round % 2 === 1 ? [own, lasting, other] : [other, lasting, own]) await measure();
  }
  const own = { ours: series(ours), stored: series(stored) };
  return jar === undefined ? own : { ...own, leshan: series(leshan) };
}

/** With the store, as it is and with a record of each Update. */
async function storedRound(round: number, options: BenchOptions): Promise<Metrics> {
  const name = 'lwm2m-ipe with the store';
  const stored = await withDirectory((path) => oneRound(name, round, () => startStoreServer(path), options));
  const every = await withDirectory(async (path) => {
    progress(`LwM2M side, round ${round} of ${options.rounds}: ${name}, a record of each Update`);
    const subject = await startStoreServer(path, true);
    return busyLoad(subject, options.quick ? 0.1 : 1).finally(() => subject.child.stop());
  });
  return { ...stored, ...metricsOf('everyUpdate', every.phases.update) };
}

async function withDirectory<T>(work: (path: string) => Promise<T>): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), 'store-server-'));
  try {
    return await work(path);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

function leshanJar(): Promise<string> {
  progress("Leshan's server: looking for it, building it where it is missing");
  return buildLeshanServer();
}

async function oneRound(
  name: string,
  round: number,
  start: () => Promise<Subject>,
  { rounds, quick }: BenchOptions,
): Promise<Metrics> {
  progress(`LwM2M side, round ${round} of ${rounds}: ${name}`);
  const scale = quick ? 0.1 : 1;
  const subject = await start();
  try {
    const busy = await busyLoad(subject, scale);
    const seconds = quick ? 1 : PACED_SECONDS;
    const paced = await playLoad(subject, { rate: PACE, endpoints: PACE * seconds, prefix: 'paced-' });
    return {
      ...metricsOf('register', busy.phases.register),
      ...metricsOf('update', busy.phases.update),
      ...metricsOf('paced', paced.phases.register),
      lateness: paced.phases.register?.lateness ?? 0,
    };
  } finally {
    await subject.child.stop();
  }
}

/** Registrations and Updates as fast as they are answered, after others as warm-up. */
async function busyLoad(subject: Subject, scale: number): Promise<LoadResult> {
  await playLoad(subject, { mode: 'register,update,deregister', endpoints: WARM_UP * scale, prefix: 'warm-' });
  const size = { endpoints: ENDPOINTS * scale, operations: UPDATES * scale };
  return playLoad(subject, { mode: 'register,update', prefix: 'busy-', ...size });
}

/** Rate, latencies, CPU of server and generator (microseconds an operation) and failures of a phase with one operation. */
export function metricsOf(name: string, phase: PhaseResult | undefined): Metrics {
  const operation = Object.values(phase?.operations ?? {})[0];
  if (phase === undefined || operation === undefined) return {};
  return {
    [`${name}Rate`]: operation.rate,
    [`${name}P50`]: operation.p50,
    [`${name}P99`]: operation.p99,
    [`${name}Cpu`]: (phase.serverCpu / operation.sent) * 1e6,
    [`${name}GeneratorCpu`]: (phase.generatorCpu / operation.sent) * 1e6,
    [`${name}Failures`]: operation.refused + operation.lost,
    [`${name}Retransmissions`]: operation.retransmissions,
    [`${name}Resident`]: phase.serverResident,
  };
}
