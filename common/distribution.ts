/** Bounds of buckets for how long something takes, from half a millisecond to half a minute, in seconds. */
export const DURATION_BOUNDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** How measured values are spread: a number for each bucket and their sum, of fixed size, whatever is recorded. Only ever counts up. */
export class Distribution {
  /** Upper bounds of the buckets, each included, ascending; beyond the last there is one more bucket. */
  readonly bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[] = DURATION_BOUNDS) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** Values recorded, bucket by bucket. */
  get counts(): readonly number[] {
    return [...this.#counts];
  }

  /** The sum of all values. */
  get sum(): number {
    return this.#sum;
  }

  /** Counts a value; one below nought, which a clock that was set may give, as nought. */
  record(value: number): void {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    if (value > 0) this.#sum += value;
  }
}
