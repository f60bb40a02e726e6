import type { Distribution } from '../../common/index.ts';
import type { MetricSources } from './sources.ts';

/** Values of the labels of one series. Each label has few values, all known beforehand: never one for each device. */
export type Labels = Readonly<Record<string, string>>;

/** One series at the moment it is asked for. */
export interface Sample<T> {
  readonly labels: Labels;
  readonly value: T;
}

interface Described {
  /** Its name in the text exposition format of Prometheus, with its unit; a counter ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Series of one name that only ever count up, or stand where they stand; read from what the parts of the IPE count anyway. */
export interface NumberFamily extends Described {
  readonly type: 'counter' | 'gauge';
  readonly read: (sources: MetricSources) => readonly Sample<number>[];
}

/** Distributions of one name. */
export interface DistributionFamily extends Described {
  readonly type: 'histogram';
  readonly bounds: readonly number[];
  readonly read: (sources: MetricSources) => readonly Sample<Distribution>[];
}

/** All series of one name. */
export type Family = NumberFamily | DistributionFamily;

/** One series without labels; none where there is no value, for its part does not run. */
export function one<T>(value: T | undefined): readonly Sample<T>[] {
  return value === undefined ? [] : [{ labels: {}, value }];
}

/** A series for each entry, told apart by this label. */
export function each<T>(label: string, values: Readonly<Record<string, T>> | undefined): readonly Sample<T>[] {
  return Object.entries(values ?? {}).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

/** The samples, with one more label. */
export function labelled<T>(label: string, value: string, samples: readonly Sample<T>[]): readonly Sample<T>[] {
  return samples.map((sample) => ({ ...sample, labels: { [label]: value, ...sample.labels } }));
}
