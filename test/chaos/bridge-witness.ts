import type { Dropped } from './evidence.ts';
import type { Moments } from './moments.ts';

/** The line in which the bridge says which values went with a registration that ended, in whatever way. */
const DROPPED = 'values of a device that has left were dropped';

/** Learns from the log of the bridge which values it dropped: what the CSE has never heard of is told of nowhere else. */
export class BridgeWitness {
  readonly dropped: Dropped[] = [];
  readonly #moments: Moments;

  constructor(moments: Moments) {
    this.#moments = moments;
  }

  /** Takes a line of the log as JSON; what is none is passed over. */
  said(line: string): void {
    const { message, endpoint, registration, dropped } = fieldsOf(line);
    if (message !== DROPPED || typeof endpoint !== 'string' || typeof dropped !== 'number') return;
    const named = typeof registration === 'string' ? { registration } : {};
    this.dropped.push({ endpoint, ...named, values: dropped, at: this.#moments.next() });
  }
}

function fieldsOf(line: string): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
