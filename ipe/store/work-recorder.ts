import { type Clock, errorMessage, type Logger } from '../../common/index.ts';
import type { TreeKeeper } from '../bridge/endpoint-tree.ts';
import type { RemovalJournal } from '../bridge/removals.ts';
import { journalKey } from './journal-record.ts';
import type { Store } from './store.ts';

/** Records the trees that the bridge keeps; they become durable with the registration that they are of. */
export function treeRecorder(store: Store, logger: Logger): TreeKeeper {
  return {
    made: (tree) => attempt(() => store.put('tree', tree.endpoint, tree), logger),
    gone: (endpoint) => attempt(() => store.remove('tree', endpoint), logger),
  };
}

/** Records what is left to delete on the CSE. */
export function removalRecorder(store: Store, clock: Clock, logger: Logger): RemovalJournal {
  const key = (path: string) => journalKey({ work: 'remove', path });
  return {
    pending: (path) =>
      attempt(() => store.put('journal', key(path), { work: 'remove', path, since: clock.wall() }), logger),
    settled: (path) => attempt(() => store.remove('journal', key(path)), logger),
  };
}

/** What is not recorded is found when the tree is looked after: adopted where it is there already, or ended by its time. */
function attempt(work: () => void, logger: Logger): void {
  try {
    work();
  } catch (error) {
    logger.debug('work on the CSE was not recorded', { reason: errorMessage(error) });
  }
}
