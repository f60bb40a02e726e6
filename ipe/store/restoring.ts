import type { Lwm2mServer } from '../../lwm2m/index.ts';
import type { Store } from './store.ts';

/** What a server took up from a store. */
export interface Restored {
  readonly registrations: number;
  readonly observations: number;
}

/**
 * Gives a server that has not started yet the registrations and observations of an earlier run. Records of observations
 * that belong to no registration are removed. Throws IpeError `store/damaged` or `store/io` when they cannot be read.
 */
export function restoreServer(store: Store, server: Pick<Lwm2mServer, 'restore' | 'restoreObservation'>): Restored {
  let registrations = 0;
  let observations = 0;
  for (const { record } of store.entries('registration')) if (server.restore(record)) registrations += 1;
  for (const { key, record } of store.entries('observation')) {
    if (server.restoreObservation(record)) observations += 1;
    else store.remove('observation', key);
  }
  return { registrations, observations };
}
