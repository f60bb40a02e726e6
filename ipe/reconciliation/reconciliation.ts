import { errorMessage, type Timer } from '../../common/index.ts';
import { CseError, formatTimestamp } from '../../cse-client/index.ts';
import type { EndpointTree } from '../bridge/endpoint-tree.ts';
import { owned } from '../bridge/ownership.ts';
import { compare, type Differences, wantedOf } from './comparison.ts';
import { type Listing, type ListingSettings, listOurs, lists } from './listing.ts';
import {
  newReconciliationCounters,
  type Reason,
  type ReconciliationCounters,
  type ReconciliationParts,
  type ReconciliationSettings,
} from './parts.ts';

/** Milliseconds after which a look that was called for begins: what goes together is looked at together. */
const GATHERING = 500;
/** Milliseconds at least between a look and one that is called for by something missing. */
const REST = 60_000;
/** Milliseconds until a look that could not be taken is tried again: doubled from the least to the most. */
const BACKOFF = { least: 2_000, most: 10 * 60_000 } as const;
/** Share by which the interval is spread. */
const SPREAD = 0.1;
/** Milliseconds by which an expirationTime may be off without being wrong: fractions, clocks. */
const TOLERANCE = 5_000;
/** Milliseconds that are looked ahead for what expires too early, where there is no interval. */
const AHEAD = 3600 * 1000;

/** What one look found and had done. */
interface Found {
  readonly endpoints: number;
  readonly damaged: number;
  readonly missing: number;
  readonly shortened: number;
  readonly deleted: number;
  readonly requests: number;
}

/**
 * Compares what should be on the CSE with what is there, and has put right what differs: what is missing is made again,
 * what is ours and belongs to nobody is deleted, what is not ours is never touched. Few requests, however many devices.
 */
export class Reconciliation {
  readonly counters: ReconciliationCounters = newReconciliationCounters();
  readonly #settings: ReconciliationSettings;
  readonly #parts: ReconciliationParts;
  #timer: Timer | undefined;
  /** When it will look next, and why. */
  #due: { readonly at: number; readonly reason: Reason } | undefined;
  #lastEnd = Number.NEGATIVE_INFINITY;
  #backoff: number = BACKOFF.least;
  #running: Promise<void> | undefined;
  #stopped = false;
  /** Containers that nobody wanted when it last looked. */
  #suspects: ReadonlySet<string> = new Set();
  /** The CSE does not heed expireBefore. */
  #blind = false;
  #toldUnable = false;
  #generation: number;

  constructor(settings: ReconciliationSettings, parts: ReconciliationParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#generation = parts.presence.generation;
    this.#scheduleInterval();
  }

  /** Something calls for a look: soon, but after something missing not too often. */
  call(reason: Reason): void {
    const now = this.#parts.clock.monotonic();
    const rested = reason === 'missing' ? Math.max(0, this.#lastEnd + REST - now) : 0;
    this.#schedule(Math.max(GATHERING, rested), reason);
  }

  /** Looks no more; resolves when no request is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #scheduleInterval(): void {
    const { interval } = this.#settings;
    if (interval > 0) this.#schedule(interval * (1 - SPREAD + 2 * SPREAD * this.#parts.random()), 'interval');
  }

  #schedule(delay: number, reason: Reason): void {
    const { clock } = this.#parts;
    const at = clock.monotonic() + delay;
    if (this.#stopped || (this.#due !== undefined && this.#due.at <= at)) return;
    this.#timer?.cancel();
    this.#due = { at, reason };
    this.#timer = clock.timer(delay, () => {
      this.#timer = undefined;
      this.#due = undefined;
      this.#begin(reason);
    });
  }

  #begin(reason: Reason): void {
    const { availability, backlog } = this.#parts;
    // Its return calls for a look.
    if (availability.away !== undefined) {
      this.#scheduleInterval();
      return;
    }
    // What is known to be behind is brought there first.
    if (this.#running !== undefined || backlog.waiting > 0) {
      this.#schedule(BACKOFF.least, reason);
      return;
    }
    this.#running = this.#look(reason).finally(() => {
      this.#running = undefined;
      this.#lastEnd = this.#parts.clock.monotonic();
      this.#scheduleInterval();
    });
  }

  async #look(reason: Reason): Promise<void> {
    const { logger, clock, availability, presence } = this.#parts;
    const started = clock.monotonic();
    try {
      await presence.check();
      const found = await this.#compare();
      this.#backoff = BACKOFF.least;
      this.counters.runs += 1;
      const changed = found.damaged + found.deleted + found.shortened > 0;
      const took = Math.round(clock.monotonic() - started);
      logger[changed ? 'info' : 'debug']('what is on the CSE has been compared with what should be', {
        reason,
        ...found,
        took,
      });
    } catch (error) {
      this.counters.failures += 1;
      availability.failed(error);
      const unable = error instanceof CseError && !error.retryable;
      const level = unable && !this.#toldUnable ? 'warn' : 'debug';
      this.#toldUnable ||= unable;
      logger[level]('what is on the CSE could not be compared with what should be', {
        reason,
        error: errorMessage(error),
      });
      if (unable) return;
      this.#schedule(this.#backoff * (1 - SPREAD + 2 * SPREAD * this.#parts.random()), reason);
      this.#backoff = Math.min(this.#backoff * 2, BACKOFF.most);
    }
  }

  async #compare(): Promise<Found> {
    const { bridge } = this.#parts;
    const before = [...bridge.trees];
    const { listing, requests } = await this.#list();
    // What has changed meanwhile is looked at the next time.
    const current = new Set(bridge.trees);
    const trees = before.filter((tree) => current.has(tree) && this.#isSettled(tree));
    const differences = compare(trees, listing, (name) => this.#isKnown(name));
    const shortened = await this.#shortened(trees);
    // Policies that had to be made again have other resource IDs.
    const locked = this.#parts.presence.generation !== this.#generation;
    this.#generation = this.#parts.presence.generation;
    this.#repair(differences, locked ? trees : shortened.trees);
    for (const { endpoint, names } of trees) {
      const below = listing.get(names.resourceName);
      if (below?.has('') === true) this.#parts.standing(endpoint, below);
    }
    const deleted = await this.#clear(differences, listing);
    const missing = differences.damaged.reduce((sum, { missing }) => sum + missing.length, 0);
    this.counters.requests += requests + shortened.requests + deleted.requests;
    this.counters.missing += missing;
    this.counters.deleted += deleted.deleted;
    return {
      endpoints: trees.length,
      damaged: differences.damaged.length,
      missing,
      shortened: shortened.trees.length,
      deleted: deleted.deleted,
      requests: requests + shortened.requests + deleted.requests,
    };
  }

  #isSettled(tree: EndpointTree): boolean {
    return tree.pending === undefined && !this.#parts.backlog.has(tree.endpoint);
  }

  /** True for the AE or node of an endpoint that is registered, or about to be. */
  #isKnown(name: string): boolean {
    const { names } = this.#settings;
    const ofNode = name.startsWith(names.nodePrefix) ? name.slice(names.nodePrefix.length) : undefined;
    const { bridge } = this.#parts;
    return bridge.wants(name) || (ofNode !== undefined && bridge.wants(ofNode));
  }

  #list(criteria = {}) {
    return listOurs(this.#parts.client, this.#listing, criteria);
  }

  get #listing(): ListingSettings {
    const { base, label, adminOriginator } = this.#settings;
    const byAdministrator = this.#parts.cse().dialect.discoveryAtBase === 'administrator';
    return { base, label, originator: byAdministrator ? adminOriginator : undefined };
  }

  /** Trees of which something expires before the next look, though it should last longer. */
  async #shortened(trees: readonly EndpointTree[]): Promise<{ trees: EndpointTree[]; requests: number }> {
    if (this.#blind) return { trees: [], requests: 0 };
    const { clock, client } = this.#parts;
    const { interval, base } = this.#settings;
    const ahead = clock.wall() + (interval === 0 ? AHEAD : interval);
    const candidates = trees.filter(({ expiresAt }) => expiresAt > ahead + TOLERANCE);
    if (candidates.length === 0) return { trees: [], requests: 0 };
    const { listing, requests } = await this.#list({ exb: formatTimestamp(ahead, client.dialect) });
    const early = candidates.filter((tree) => earlyOf(tree, listing) !== undefined);
    const first = early[0];
    if (first === undefined) return { trees: [], requests };
    const seen = await owned(client, this.#settings, `${base}/${earlyOf(first, listing)}`);
    if (seen?.expiresAt !== undefined && seen.expiresAt > ahead + TOLERANCE) {
      this.#blind = true;
      return { trees: [], requests: requests + 1 };
    }
    return { trees: early, requests: requests + 1 };
  }

  #repair({ damaged }: Differences, shortened: readonly EndpointTree[]): void {
    const endpoints = new Set([...damaged.map(({ tree }) => tree), ...shortened].map(({ endpoint }) => endpoint));
    for (const endpoint of endpoints) this.#parts.backlog.add(endpoint, true);
    this.counters.repaired += endpoints.size;
  }

  /** Deletes what is ours beyond doubt and belongs to nobody. */
  async #clear(differences: Differences, listing: Listing): Promise<{ deleted: number; requests: number }> {
    const { base } = this.#settings;
    const { client, removals, complete, clock } = this.#parts;
    const candidates = new Set(differences.strays);
    // One that has just been made for values that are on their way is wanted by the next look.
    for (const container of differences.strayContainers) if (this.#suspects.has(container)) candidates.add(container);
    this.#suspects = new Set(differences.strayContainers);
    let deleted = 0;
    let requests = 0;
    const paths = new Set<string>();
    for (const candidate of candidates) {
      if (this.#stopped || paths.has(`${base}/${candidate}`)) continue;
      requests += 1;
      const found = await owned(client, this.#settings, `${base}/${candidate}`);
      if (found === undefined) continue;
      const over = found.expiresAt !== undefined && found.expiresAt < clock.wall();
      const isContainer = candidate.includes('/');
      if (!isContainer && ((!complete() && !over) || this.#isKnown(candidate))) continue;
      const { resourceName, nodeName } = found.names;
      const together = isContainer ? [candidate] : [resourceName, nodeName].filter((name) => lists(listing, name));
      for (const name of together) paths.add(`${base}/${name}`);
      deleted += together.length;
      removals.add(together.map((name) => `${base}/${name}`));
    }
    return { deleted, requests };
  }
}

/** What of a tree is listed as expiring early. */
function earlyOf(tree: EndpointTree, early: Listing): string | undefined {
  return wantedOf(tree).find((address) => {
    const [top = '', below = ''] = address.split('/');
    return early.get(top)?.has(below) === true && !tree.lasting.has(below);
  });
}
