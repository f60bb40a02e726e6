import { cpus, totalmem } from 'node:os';
import type { DtlsResults } from './dtls-part.ts';
import type { Growth } from './growth-part.ts';
import type { Lwm2mResults } from './lwm2m-part.ts';
import type { Metrics, Series } from './metrics.ts';
import type { BenchOptions } from './options.ts';
import type { Storms } from './storm-part.ts';
import type { ValueResults } from './values-part.ts';

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
  readonly lwm2m?: Lwm2mResults;
  readonly bridge?: Series;
  readonly values?: ValueResults;
  readonly growth?: Growth;
  readonly storm?: Storms;
  readonly steady?: Metrics;
  readonly acme?: Series;
  readonly memory?: Metrics;
  readonly dtls?: DtlsResults;
  /** Parts that failed, with the reason. */
  readonly failures: Readonly<Record<string, string>>;
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
