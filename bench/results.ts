import { cpus, totalmem } from 'node:os';
import type { Growth } from './growth-part.ts';
import type { BenchOptions } from './options.ts';
import type { Storms } from './storm-part.ts';
import type { ValueResults } from './values-part.ts';

/** Named numbers of one round; the unit is in the table that shows them. */
export type Metrics = Readonly<Record<string, number>>;

/** The same measurement in several rounds. */
export interface Series {
  readonly median: Metrics;
  readonly rounds: readonly Metrics[];
}

/** Everything that one run of the benchmark found; a part that did not run is missing. */
export interface BenchResults {
  readonly date: string;
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly memory: number;
    readonly node: string;
    readonly platform: string;
  };
  readonly options: BenchOptions;
  readonly lwm2m?: { readonly ours: Series; readonly leshan?: Series };
  readonly bridge?: Series;
  readonly values?: ValueResults;
  readonly growth?: Growth;
  readonly storm?: Storms;
  readonly acme?: Series;
  readonly memory?: Metrics;
  /** Parts that failed, with the reason. */
  readonly failures: Readonly<Record<string, string>>;
}

/** The rounds with the median of each metric (the mean of the middle two of an even number). */
export function series(rounds: readonly Metrics[]): Series {
  const names = Object.keys(rounds[0] ?? {});
  const median = Object.fromEntries(names.map((name) => [name, medianOf(rounds.map((round) => round[name] ?? 0))]));
  return { median, rounds };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}

/** What the measurements ran on. */
export function machine(): BenchResults['machine'] {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory: totalmem(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

const begun = performance.now();

/** One line on standard error: what is being measured now. */
export function progress(text: string): void {
  const seconds = ((performance.now() - begun) / 1000).toFixed(0).padStart(4);
  process.stderr.write(`${seconds} s  ${text}\n`);
}
