import { latestName, pathOfValueContainer } from '../../mappings/index.ts';
import type { ValueKeeper } from '../store/value-recorder.ts';
import type { QueuedValue } from './value-queue.ts';

/** Values that an earlier run could not bring to the CSE, until their devices are followed again. */
export class LeftValues {
  /** Name of the newest of them all. */
  readonly latest: string | undefined;
  readonly #keeper: ValueKeeper | undefined;
  readonly #byEndpoint = new Map<string, QueuedValue[]>();

  constructor(keeper: ValueKeeper | undefined) {
    this.#keeper = keeper;
    let latest: string | undefined;
    for (const { endpoint, container, attributes, receivedAt } of keeper?.left() ?? []) {
      const path = pathOfValueContainer(container);
      if (path === undefined) continue;
      const bytes = Buffer.byteLength(JSON.stringify(attributes));
      const { rn } = attributes;
      if (rn !== undefined) latest = latest === undefined ? rn : latestName([latest, rn]);
      const value = { container, path, attributes, bytes, receivedAt };
      const known = this.#byEndpoint.get(endpoint);
      if (known === undefined) this.#byEndpoint.set(endpoint, [value]);
      else known.push(value);
    }
    this.latest = latest;
  }

  /** Those of an endpoint in the order in which they came; they are no longer among what is left. */
  take(endpoint: string): readonly QueuedValue[] {
    const values = this.#byEndpoint.get(endpoint) ?? [];
    this.#byEndpoint.delete(endpoint);
    return values;
  }

  /** The endpoint is not registered any more: its values are nobody's; gives how many. */
  drop(endpoint: string): number {
    const values = this.take(endpoint);
    for (const value of values) this.#keeper?.gone(endpoint, value);
    return values.length;
  }

  /** True while something of the endpoint is left. */
  has(endpoint: string): boolean {
    return this.#byEndpoint.has(endpoint);
  }

  /** Endpoints of which something is left. */
  endpoints(): string[] {
    return [...this.#byEndpoint.keys()];
  }
}
