import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Clock } from '../../common/index.ts';
import { EventLoop } from './event-loop.ts';
import { FAMILIES } from './families.ts';
import type { Family, NumberFamily } from './family.ts';
import { ReadHistogram } from './read-histogram.ts';
import type { MetricSources } from './sources.ts';

/** Of the default metrics: what `EventLoop` tells without the interval of its samples, and without asking one taking from another. */
const LEFT_OUT = /^nodejs_eventloop_lag/;

let ofProcess: Registry | undefined;

/** What Node.js and the system tell of the process; once for all IPEs in it, since what gathers it is never let go. */
function processRegistry(): Registry {
  if (ofProcess !== undefined) return ofProcess;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const { name } of registry.getMetricsAsArray()) if (LEFT_OUT.test(name)) registry.removeSingleMetric(name);
  ofProcess = registry;
  return registry;
}

/**
 * Metrics of an IPE in the text exposition format of Prometheus. Nothing is counted for them: each scrape reads what the parts
 * count anyway, so that they cost nothing between scrapes but a timer.
 */
export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #eventLoop: EventLoop;

  constructor(clock: Clock) {
    this.#eventLoop = new EventLoop(clock);
    processRegistry();
  }

  /** What is told once there are parts to watch. */
  get families(): readonly Family[] {
    return [...FAMILIES, ...this.#eventLoop.families];
  }

  /** From now on these parts are told of, and the event loop. To be called once. */
  watch(sources: MetricSources): void {
    for (const family of this.families) this.#add(family, sources);
    this.#eventLoop.start();
  }

  /** All series as they are now; before `watch` those of the process alone. */
  async text(): Promise<string> {
    const own = this.#registry.getMetricsAsArray().length === 0 ? '' : `${await this.#registry.metrics()}\n`;
    return own + (await processRegistry().metrics());
  }

  stop(): void {
    this.#eventLoop.stop();
  }

  #add(family: Family, sources: MetricSources): void {
    if (family.type === 'histogram') {
      this.#registry.registerMetric(new ReadHistogram(family, () => family.read(sources)));
    } else if (family.type === 'counter') {
      const counter = new Counter({
        ...configurationOf(family),
        collect: () => {
          forget(counter, family);
          for (const { labels, value } of family.read(sources)) counter.inc(labels, value);
        },
      });
      this.#registry.registerMetric(counter);
    } else {
      const gauge = new Gauge({
        ...configurationOf(family),
        collect: () => {
          forget(gauge, family);
          for (const { labels, value } of family.read(sources)) gauge.set(labels, value);
        },
      });
      this.#registry.registerMetric(gauge);
    }
  }
}

/** Without labels `reset` leaves a series at nought, which would be told though its part does not run. */
function forget(metric: Counter | Gauge, { labels }: Family): void {
  metric.reset();
  if (labels.length === 0) metric.remove();
}

function configurationOf({ name, help, labels }: NumberFamily) {
  return { name, help, labelNames: [...labels], registers: [] };
}
