/** Named numbers of one round; the unit is in the table that shows them. */
export type Metrics = Readonly<Record<string, number>>;

/** The same measurement in several rounds. */
export interface Series {
  readonly median: Metrics;
  readonly rounds: readonly Metrics[];
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

const begun = performance.now();

/** One line on standard error: what is being measured now. */
export function progress(text: string): void {
  const seconds = ((performance.now() - begun) / 1000).toFixed(0).padStart(4);
  process.stderr.write(`${seconds} s  ${text}\n`);
}
