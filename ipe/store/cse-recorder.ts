import { errorMessage, type Logger } from '../../common/index.ts';
import type { CseMemory } from '../cse/remembered-cse.ts';
import type { Store } from './store.ts';

/** There is one CSE. */
const KEY = 'cse';

/** Keeps in the store what the CSE is. */
export function cseRecorder(store: Store, logger: Logger): CseMemory {
  return {
    recall: () => {
      for (const { key, record } of store.entries('cse')) if (key === KEY) return record;
      return undefined;
    },
    keep: (remembered) => {
      try {
        store.put('cse', KEY, remembered);
      } catch (error) {
        logger.warn('not recorded what the CSE is: the next start needs it', { reason: errorMessage(error) });
      }
    },
  };
}
