import { setTimeout as wait } from 'node:timers/promises';
import type { LoadResult } from './load/phases.ts';
import { type Metrics, progress } from './metrics.ts';
import type { BenchOptions } from './options.ts';
import type { MemoryReport } from './report-memory.ts';
import { playLoad, type Subject, startBridge, startCountingCse, startLwm2mServer } from './subjects.ts';

const ENDPOINTS = 50_000;
const LIFECYCLES = 100_000;
const WARM_UP = 1_000;

/** One process under measurement with what it held at each moment. */
interface Measured {
  readonly name: string;
  readonly subject: Subject;
  readonly moments: Record<string, MemoryReport>;
}

/**
 * Memory after 100,000 registrations that came and went, then heap per endpoint at 50,000, every endpoint with an address
 * of its own; LwM2M side alone and whole bridge, without and with values (of devices that never answer), share the waits for
 * deduplication to forget.
 */
export async function measureMemory(options: BenchOptions): Promise<Metrics> {
  const scale = options.quick ? 0.1 : 1;
  const cse = await startCountingCse();
  const started: Measured[] = [];
  try {
    const url = `http://127.0.0.1:${cse.port}`;
    started.push({ name: 'server', subject: await startLwm2mServer({ measured: true }), moments: {} });
    started.push({ name: 'bridge', subject: await startBridge(url, {}, { measured: true }), moments: {} });
    const looked = { IPE_VALUES_MODE: 'semantic' };
    started.push({ name: 'valued', subject: await startBridge(url, looked, { measured: true }), moments: {} });
    for (const { subject } of started) await lifecycles(subject, WARM_UP, 'warm-');
    await note(started, 'empty');
    for (const { name, subject } of started) {
      progress(`memory, ${name}: ${LIFECYCLES * scale} endpoints register and de-register`);
      await lifecycles(subject, LIFECYCLES * scale, 'churn-');
    }
    await note(started, 'churned');
    await forget(options);
    await note(started, 'forgotten');
    for (const { name, subject } of started) {
      progress(`memory, ${name}: ${ENDPOINTS * scale} endpoints register`);
      await playLoad(subject, { endpoints: ENDPOINTS * scale, sockets: 0, prefix: 'idle-', limit: 600 }).then(complete);
    }
    await note(started, 'registered');
    await forget(options);
    await note(started, 'idle');
    return Object.assign({}, ...started.map((measured) => metrics(measured, ENDPOINTS * scale)));
  } finally {
    for (const { subject } of started) await subject.child.stop();
    await cse.child.stop();
  }
}

async function lifecycles(subject: Subject, endpoints: number, prefix: string): Promise<void> {
  await playLoad(subject, { mode: 'lifecycle', updates: 0, endpoints, prefix, limit: 600 }).then(complete);
}

function complete(load: LoadResult): void {
  const failed = Object.values(load.phases).flatMap((phase) =>
    Object.values(phase.operations).map(({ refused, lost }) => refused + lost),
  );
  const count = failed.reduce((sum, one) => sum + one, 0);
  if (count > 0) progress(`memory: ${count} requests failed, the figures are too low`);
}

async function forget({ exchangeLifetime }: BenchOptions): Promise<void> {
  progress(`memory: waiting ${exchangeLifetime} s for deduplication to forget`);
  await wait(exchangeLifetime * 1000);
}

async function note(started: readonly Measured[], moment: string): Promise<void> {
  for (const { subject, moments } of started) moments[moment] = await subject.child.report<MemoryReport>('collected');
}

function metrics({ name, moments }: Measured, endpoints: number): Metrics {
  const bytes = (moment: string, kind: keyof MemoryReport): number => moments[moment]?.[kind] ?? 0;
  const each = (moment: string, kind: keyof MemoryReport): number =>
    (bytes(moment, kind) - bytes('forgotten', kind)) / endpoints;
  const total = (moment: string): number => bytes(moment, 'heapUsed') + bytes(moment, 'external');
  return {
    [`${name}HeapRegistered`]: each('registered', 'heapUsed'),
    [`${name}ExternalRegistered`]: each('registered', 'external'),
    [`${name}HeapIdle`]: each('idle', 'heapUsed'),
    [`${name}ExternalIdle`]: each('idle', 'external'),
    [`${name}Before`]: total('empty') / 1e6,
    [`${name}Churned`]: total('churned') / 1e6,
    [`${name}After`]: total('forgotten') / 1e6,
    [`${name}ResidentBefore`]: bytes('empty', 'resident') / 1e6,
    [`${name}ResidentAfter`]: bytes('forgotten', 'resident') / 1e6,
    [`${name}ResidentIdle`]: bytes('idle', 'resident') / 1e6,
  };
}
