import type { Clock, Logger } from '../../common/index.ts';
import type { Lwm2mServer, Registration } from '../../lwm2m/index.ts';
import type { Backlog } from '../bridge/backlog.ts';
import type { Bridge } from '../bridge/bridge.ts';
import type { EndpointTree } from '../bridge/endpoint-tree.ts';
import type { Removals } from '../bridge/removals.ts';
import { lastAlive } from './heartbeat.ts';
import { objectLinksText } from './object-links-text.ts';
import type { Store } from './store.ts';
import type { StoredTree } from './tree-record.ts';
import { renewalWindow, updated } from './update-record.ts';

/** Who takes up what an earlier run left. */
export interface RestartParts {
  readonly store: Store;
  /** Not started yet. */
  readonly server: Pick<Lwm2mServer, 'restore' | 'restoreObservation' | 'attend'>;
  readonly bridge: Pick<Bridge, 'restore' | 'abandon' | 'expect'>;
  /** Takes the endpoints whose tree is behind. */
  readonly backlog: Pick<Backlog, 'add'>;
  readonly removals: Pick<Removals, 'add'>;
  /** Told of each device whose tree is there; `observing`: its observations may be relied on. */
  readonly restored: (registration: Registration, tree: EndpointTree, observing: boolean) => void;
  /** Which CSE it is, as text; undefined: one that has forgotten everything. Trees on another one are not ours to use. */
  readonly cse: string | undefined;
  /** Another one is at the address of the last run's. */
  readonly replaced?: boolean;
  /** Which endpoints carry which policies, as text; where that has changed every tree is written anew. */
  readonly access?: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What was taken up. */
export interface Restarted {
  readonly registrations: number;
  readonly observations: number;
  /** Registrations whose tree has to be made. */
  readonly withoutTree: number;
  /** Resources that are still to be deleted. */
  readonly removals: number;
  /** Every registration with a tree on this CSE is among them. */
  readonly complete: boolean;
}

const CSE_SETTING = 'cse';
const ACCESS_SETTING = 'access';
/**
 * Milliseconds for which nobody may have listened without devices giving up their observations: they retransmit a
 * confirmable notification for 45 s, then forget who observes (RFC 7252 4.8.2, RFC 7641 4.5).
 */
const OBSERVATIONS_LAST = 45_000;

/**
 * Takes up an earlier run: registrations with what is left of their lifetimes, observations by token, trees, and what is
 * still to be deleted. Trees that are missing are made once the server serves. Throws IpeError `store/damaged` or
 * `store/io` when the store cannot be read.
 */
export function restart(parts: RestartParts): Restarted {
  const { store, server, bridge, backlog, clock } = parts;
  const now = clock.wall();
  const same = isSameCse(parts);
  const reassigned = hasOtherPolicies(parts);
  const trees = new Map<string, StoredTree>();
  if (same) for (const { record } of store.entries('tree')) trees.set(record.endpoint, record);
  const removals = same ? restoreRemovals(parts) : 0;
  const followed: [Registration, EndpointTree][] = [];
  const missing: Registration[] = [];
  let registrations = 0;
  for (const record of restoredRegistrations(store)) {
    const presumed = renewalWindow(record);
    if (!server.restore(record, presumed)) continue;
    registrations += 1;
    const stored = trees.get(record.endpoint);
    const tree = stored && !reassigned ? bridge.restore(stored) : undefined;
    if (tree !== undefined || reassigned) trees.delete(record.endpoint);
    // Not as recorded until it is written anew, which the CSE may not let us in this run.
    if (stored !== undefined && reassigned) store.remove('tree', record.endpoint);
    // Of one whose lifetime is over only the end is still to come.
    if (record.updatedAt + record.lifetime * 1_000 + presumed <= now) continue;
    if (tree === undefined) missing.push(record);
    else followed.push([record, tree]);
  }
  for (const tree of trees.values()) bridge.abandon(tree);
  const observations = restoreObservations(parts);
  const alive = lastAlive(store);
  const observing = alive !== undefined && now - alive < OBSERVATIONS_LAST && now >= alive;
  for (const [registration, tree] of followed) parts.restored(registration, tree, observing);
  const withoutTree = missing.length;
  for (const registration of missing) bridge.expect(registration);
  for (const [registration, tree] of followed) if (isBehind(tree, registration)) backlog.add(registration.endpoint);
  const complete = same && store.counters.quarantined === 0;
  return { registrations, observations, withoutTree, removals, complete };
}

/** The registrations as their last recorded Updates left them. */
function* restoredRegistrations(store: Store): IterableIterator<Registration> {
  const updates = new Map([...store.entries('update')].map(({ key, record }) => [key, record]));
  for (const { key, record } of store.entries('registration')) {
    yield updated(record, updates.get(key));
    updates.delete(key);
  }
  for (const endpoint of updates.keys()) store.remove('update', endpoint);
}

/** True when the last run accepted something that it could not carry out. */
function isBehind({ objectLinks, version, expiresAt }: EndpointTree, registration: Registration): boolean {
  const { lifetime, updatedAt } = registration;
  const listed = registration.objectLinks;
  const relisted = objectLinks !== listed && objectLinksText(objectLinks) !== objectLinksText(listed);
  const changed = relisted || version !== registration.version;
  return changed || expiresAt < updatedAt + lifetime * 1_000;
}

/** True when endpoints may carry other policies than in the last run: their trees are there, and not as they should be. */
function hasOtherPolicies({ store, access = '', logger }: RestartParts): boolean {
  let known: unknown = '';
  for (const { key, record } of store.entries('setting')) if (key === ACCESS_SETTING) known = record;
  if (known === access) return false;
  store.put('setting', ACCESS_SETTING, access);
  logger.info('access.rules hold for other endpoints than in the last run: every tree is written anew');
  return true;
}

/** False for another CSE than that of the last run: what was recorded of that one is forgotten. */
function isSameCse({ store, cse, replaced = false, logger }: RestartParts): boolean {
  let known: unknown;
  for (const { key, record } of store.entries('setting')) if (key === CSE_SETTING) known = record;
  if (cse !== undefined && known === cse && !replaced) return true;
  let forgotten = 0;
  for (const kind of ['tree', 'journal'] as const) {
    for (const { key } of store.entries(kind)) {
      store.remove(kind, key);
      forgotten += 1;
    }
  }
  if (forgotten > 0) logger.info('not the CSE of the last run: everything is made anew', { forgotten });
  if (cse === undefined) store.remove('setting', CSE_SETTING);
  else store.put('setting', CSE_SETTING, cse);
  return false;
}

function restoreRemovals({ store, removals }: RestartParts): number {
  const paths = [...store.entries('journal')].map(({ record }) => record.path);
  removals.add(paths);
  return paths.length;
}

function restoreObservations({ store, server }: RestartParts): number {
  let observations = 0;
  for (const { key, record } of store.entries('observation')) {
    if (server.restoreObservation(record)) observations += 1;
    else store.remove('observation', key);
  }
  return observations;
}
