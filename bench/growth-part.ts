import type { PhaseResult } from './load/phases.ts';
import { metricsOf } from './lwm2m-part.ts';
import { type Metrics, progress } from './metrics.ts';
import type { BenchOptions } from './options.ts';
import type { DelayReport } from './report-delay.ts';
import { playLoad, type Subject, startBridge, startCountingCse, startLwm2mServer } from './subjects.ts';

/** Endpoints registered while updates are measured. */
export const SIZES = [100, 1_000, 10_000, 100_000] as const;
const UPDATES = { server: 100_000, bridge: 20_000 } as const;
const IN_FLIGHT = 32;
const LIMIT = 900;

/** By number of endpoints, as text. */
export type Growth = Readonly<Record<string, Metrics>>;

/**
 * Registrations, updates, memory and delay of the event loop as endpoints grow, LwM2M side alone and whole bridge; once, for
 * what counts is how the figures go on.
 */
export async function measureGrowth(options: BenchOptions): Promise<Growth> {
  const growth: Record<string, Metrics> = {};
  for (const size of SIZES.filter((one) => !options.quick || one <= 1_000)) {
    progress(`growth, ${size} endpoints`);
    growth[size] = { ...(await server(size, options)), ...(await bridge(size, options)) };
  }
  return growth;
}

async function server(size: number, options: BenchOptions): Promise<Metrics> {
  const subject = await startLwm2mServer({ watched: true });
  try {
    return await measure('server', subject, size, options);
  } finally {
    await subject.child.stop();
  }
}

async function bridge(size: number, options: BenchOptions): Promise<Metrics> {
  const cse = await startCountingCse();
  try {
    const settings = { IPE_CSE_MAX_IN_FLIGHT: String(IN_FLIGHT) };
    const subject = await startBridge(`http://127.0.0.1:${cse.port}`, settings, { watched: true });
    return await measure('bridge', subject, size, options).finally(() => subject.child.stop());
  } finally {
    await cse.child.stop();
  }
}

async function measure(
  side: 'server' | 'bridge',
  subject: Subject,
  size: number,
  { quick }: BenchOptions,
): Promise<Metrics> {
  const warm = { mode: 'register,update,deregister', endpoints: 2_000, prefix: 'warm-', limit: LIMIT };
  await playLoad(subject, warm);
  await subject.child.report('delay');
  const operations = UPDATES[side] * (quick ? 0.1 : 1);
  const { phases } = await playLoad(subject, {
    mode: 'register,update',
    endpoints: size,
    operations,
    prefix: 'busy-',
    limit: LIMIT,
  });
  const delay = await subject.child.report<DelayReport>('delay');
  const phase = (name: string, result: PhaseResult | undefined): Metrics =>
    Object.fromEntries(Object.entries(metricsOf(name, result)).map(([key, value]) => [`${side} ${key}`, value]));
  return {
    ...phase('register', phases.register),
    ...phase('update', phases.update),
    [`${side} delayP99`]: delay.p99,
    [`${side} delayMax`]: delay.max,
  };
}
