import type { Series } from './metrics.ts';

/** One line of a table: cells as text, and whether a goal that stands in it was met. */
export interface Row {
  readonly cells: readonly string[];
  readonly met?: boolean;
}

/** Results as people read them. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

/** What a value must come to. */
export interface Goal {
  readonly least?: number;
  readonly most?: number;
}

/** A number with three significant digits or more, thousands apart. */
export function show(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '-';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits });
}

/** A goal as it stands in a table. */
export function goalText({ least, most }: Goal): string {
  return least === undefined ? `<= ${most}` : `>= ${least}`;
}

/** Whether a value comes to that. */
export function reached(value: number, { least, most }: Goal): boolean {
  return value >= (least ?? Number.NEGATIVE_INFINITY) && value <= (most ?? Number.POSITIVE_INFINITY);
}

/** Least and most of the rounds in parentheses; nothing where there was one round. */
export function range(series: Series, metric: string): string {
  const values = series.rounds.map((round) => round[metric] ?? 0);
  return values.length < 2 ? '' : ` (${show(Math.min(...values))}-${show(Math.max(...values))})`;
}

/** Median and range. */
export function spread(series: Series, metric: string): string {
  return `${show(series.median[metric])}${range(series, metric)}`;
}
