import type { Invariant } from '../evidence.ts';

/** Bytes of heap by which the bridge may have grown: what the CSE client, codecs and stores keep once they were used. */
const GROWTH = 24 << 20;

/** A run in which nothing was seen proves nothing. */
export const SEEN: Invariant = {
  name: 'values and commands were seen',
  broken: ({ told, stored, issued, carried, canaries }) =>
    Object.entries({ told, stored, issued, carried, canaries })
      .filter(([, all]) => all.length === 0)
      .map(([name]) => `nothing ${name}`),
};

/** Nothing that others have made is changed or deleted. */
export const FOREIGN_KEPT: Invariant = {
  name: 'nothing foreign is touched',
  broken: ({ canaries }) =>
    canaries
      .filter(({ before, now }) => now !== 'lost' && now !== before)
      .map(({ address, before, now }) => `${address} was ${before} and is ${now}`),
};

/** The bridge ends only when it is told to. */
export const ALIVE: Invariant = {
  name: 'the bridge does not end by itself',
  broken: ({ process }) => process.ownEnds,
};

/** What was done leaves nothing behind in memory. */
export const MEMORY_BACK: Invariant = {
  name: 'memory is back where it was',
  broken({ process: { heapBefore, heapAfter } }) {
    if (heapAfter <= heapBefore + GROWTH) return [];
    return [`${megabytes(heapBefore)} of heap before, ${megabytes(heapAfter)} after`];
  },
};

function megabytes(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}
