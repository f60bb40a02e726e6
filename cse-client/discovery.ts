import type { FilterCriteria, ResponsePrimitive } from './primitive.ts';

/** Pages that one call follows at most; a CSE that never says `full` must not hold us for ever. */
const MAX_PAGES = 10_000;

/** Addresses or references that one call collects at most. */
const MAX_RESULTS = 1_000_000;

/** Asks for one page of a filtered result. */
export type AskPage = (filter: FilterCriteria) => Promise<ResponsePrimitive>;

const PARTIAL = 1;

/**
 * Collects a filtered result over all its pages: while the CSE says contentStatus partial, the next query starts at its
 * contentOffset (TS-0001 8.1.3). With an own `lim` the caller wants that many, and one page is asked for.
 */
export async function collectPages<R>(
  ask: AskPage,
  filter: FilterCriteria,
  read: (content: unknown) => readonly R[],
): Promise<R[]> {
  const results: R[] = [];
  let offset = filter.ofst ?? 0;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const response = await ask(offset === 0 ? filter : { ...filter, ofst: offset });
    for (const result of read(response.pc)) results.push(result);
    const next = response.cnst === PARTIAL ? (response.cnot ?? 0) : 0;
    // An offset that does not move forward would ask for the same page for ever.
    if (next <= offset || filter.lim !== undefined || results.length >= MAX_RESULTS) break;
    offset = next;
  }
  return results;
}

/** The queries that a filter takes: one, or one for each label where the CSE heeds only the first (labels are OR). */
export function filtersFor(filter: FilterCriteria, labelsPerQuery: 'many' | 'one'): FilterCriteria[] {
  const labels = filter.lbl ?? [];
  if (labelsPerQuery === 'many' || labels.length < 2) return [filter];
  return labels.map((label) => ({ ...filter, lbl: [label] }));
}
