import { type Metrics, progress } from './metrics.ts';
import type { BenchOptions } from './options.ts';
import { world } from './values-part.ts';

const ENDPOINTS = 100_000;
const SECONDS = 60;

/** A hundred thousand endpoints on an ordinary day; once, for it takes minutes until they are there. */
export async function measureSteadyDay({ quick }: BenchOptions): Promise<Metrics> {
  const endpoints = quick ? ENDPOINTS / 50 : ENDPOINTS;
  progress(`steady, ${endpoints} endpoints`);
  const seconds = quick ? SECONDS / 10 : SECONDS;
  return world('steady', ['--endpoints', String(endpoints), '--seconds', String(seconds)]);
}
