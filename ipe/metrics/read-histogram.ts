import { Histogram, type MetricValueWithName } from 'prom-client';
import type { Distribution } from '../../common/index.ts';
import type { DistributionFamily, Sample } from './family.ts';

type Value = MetricValueWithName<string>;

/** A histogram that is not told of values one by one, but reads distributions when it is asked. */
export class ReadHistogram extends Histogram<string> {
  readonly #family: DistributionFamily;
  readonly #read: () => readonly Sample<Distribution>[];

  constructor(family: DistributionFamily, read: () => readonly Sample<Distribution>[]) {
    const { name, help, labels, bounds } = family;
    super({ name, help, labelNames: [...labels], buckets: [...bounds], registers: [] });
    this.#family = family;
    this.#read = read;
  }

  /** What `get` and the registry ask. */
  async getForPromString() {
    const { name, help, type } = this.#family;
    return { name, help, type, aggregator: 'sum', values: this.#read().flatMap((sample) => seriesOf(name, sample)) };
  }
}

/** Buckets count what is in those below them, too. */
function seriesOf(name: string, { labels, value: { bounds, counts, sum } }: Sample<Distribution>): Value[] {
  let total = 0;
  const buckets = counts.map((count, index): Value => {
    total += count;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[index] ?? '+Inf' }, value: total };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: total },
  ];
}
