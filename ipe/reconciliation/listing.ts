import {
  type CseClient,
  CseError,
  type FilterCriteria,
  fromUriList,
  isSuccess,
  Operation,
} from '../../cse-client/index.ts';
import { belowBase } from '../bridge/ownership.ts';

/** What of ours stands on the CSE: the children of the CSEBase by name, each with the names of what stands below it. */
export type Listing = ReadonlyMap<string, ReadonlySet<string>>;

/** Where and how ours is looked for. */
export interface ListingSettings {
  readonly base: string;
  /** The label that everything of this IPE carries. */
  readonly label: string;
  /** Who asks, where that cannot be the IPE. */
  readonly originator?: string | undefined;
}

/** Addresses that a CSE which pages is asked for at once. */
const PAGE = 10_000;
/** Pages that are followed at most. */
const MOST_PAGES = 1_000;
/** Milliseconds for one page: a CSE looks at all that it has. */
const TIMEOUT = 60_000;
const PARTIAL = 1;

/**
 * Discovers all that carries our label (TS-0001 10.2.6), or of it what also matches: one request for each page, however
 * many devices. Rejects with CseError, `cse/bad-request` where the CSE answers with addresses that do not tell.
 */
export async function listOurs(
  client: CseClient,
  settings: ListingSettings,
  criteria: FilterCriteria = {},
): Promise<{ readonly listing: Listing; readonly requests: number }> {
  const { base, label, originator } = settings;
  const listing = new Map<string, Set<string>>();
  let offset: number | undefined;
  for (let requests = 1; ; requests += 1) {
    // ACME counts children of the CSEBase by it, whatever they are, and answers all at once without.
    const limits = client.dialect.discoveryPaged ? { lim: PAGE } : {};
    const fc: FilterCriteria = { fu: 1, lbl: [label], ...criteria, ...limits, ...(offset && { ofst: offset }) };
    const fr = originator === undefined ? {} : { fr: originator };
    const response = await client.request({ op: Operation.retrieve, to: base, fc, ...fr }, { timeout: TIMEOUT });
    if (!isSuccess(response.rsc)) {
      throw new CseError('cse/refused', 'the CSE does not let us look for what is ours', { rsc: response.rsc });
    }
    for (const address of fromUriList(response.pc)) enter(listing, address, base);
    const next = response.cnst === PARTIAL ? (response.cnot ?? 0) : 0;
    if (next <= (offset ?? 0) || requests >= MOST_PAGES) return { listing, requests };
    offset = next;
  }
}

function enter(listing: Map<string, Set<string>>, address: string, base: string): void {
  const levels = belowBase(address, base);
  if (levels === undefined) {
    throw new CseError('cse/bad-request', 'the CSE answers a discovery with addresses that do not tell where they are');
  }
  const [top = '', ...below] = levels;
  let names = listing.get(top);
  if (names === undefined) {
    names = new Set();
    listing.set(top, names);
  }
  // The AE itself is there under the empty name, since what is below it may be seen without it.
  names.add(below.join('/'));
}

/** True where a child of the CSEBase itself is listed. */
export function lists(listing: Listing, name: string): boolean {
  return listing.get(name)?.has('') === true;
}
