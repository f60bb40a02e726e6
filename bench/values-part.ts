import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import { type Metrics, progress, type Series, series } from './metrics.ts';
import type { BenchOptions } from './options.ts';
import { FORMATS, type FormatName } from './values/device-datagrams.ts';

/** What values cost. */
export interface ValueResults {
  /** Notifications through the bridge and the CSE client alone, by the format of the notifications. */
  readonly throughput: Readonly<Record<FormatName, Series>>;
  /** Requests of a device by mode and policy. */
  readonly requests: Metrics;
  /** Of an endpoint that is observed. */
  readonly memory: Metrics;
}

const VALUES = 40_000;
const ENDPOINTS = 20_000;
const LIMIT = 900_000;

/** Notifications a second and their delay, requests of a device, memory of one that is observed. */
export async function measureValues(options: BenchOptions): Promise<ValueResults> {
  const scale = options.quick ? 0.1 : 1;
  const rounds: Record<FormatName, Metrics[]> = { senml: [], tlv: [] };
  for (let round = 1; round <= options.rounds; round++) {
    for (const format of Object.keys(FORMATS) as FormatName[]) {
      progress(`values, round ${round} of ${options.rounds}: notifications in ${format}, and the CSE client alone`);
      const words = ['--format', format, '--values', String(VALUES * scale)];
      rounds[format].push(await world('throughput', [...words, '--seconds', options.quick ? '1' : '5']));
    }
  }
  progress('values: requests of a device, by mode and policy');
  const requests = await world('requests', []);
  progress(`values: memory of ${ENDPOINTS * scale} observed endpoints`);
  const words = ['--endpoints', String(ENDPOINTS * scale), '--exchange-lifetime', String(options.exchangeLifetime)];
  const memory = await world('memory', words);
  return { throughput: { senml: series(rounds.senml), tlv: series(rounds.tlv) }, requests, memory };
}

/** One measurement in a process of its own, which plays devices and CSE. */
export async function world(what: string, words: readonly string[]): Promise<Metrics> {
  const file = fileURLToPath(new URL('./values/world.js', import.meta.url));
  const child = new Child('values/world', { words: ['--max-semi-space-size=32', file, what, ...words] });
  try {
    return await child.next((line) => line.metrics as Metrics | undefined, LIMIT);
  } finally {
    await child.stop();
  }
}
