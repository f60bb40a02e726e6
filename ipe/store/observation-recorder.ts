import { errorMessage, type Logger } from '../../common/index.ts';
import type { ObservationKeeper } from '../../lwm2m/index.ts';
import type { Store } from './store.ts';

/** Records observations as they begin and end. Nothing waits for it: one that is lost is reset, and asked for anew. */
export function observationRecorder(store: Store, logger: Logger): ObservationKeeper {
  const attempt = (work: () => void) => {
    try {
      work();
    } catch (error) {
      logger.debug('an observation was not recorded', { reason: errorMessage(error) });
    }
  };
  return {
    began: (observation) => attempt(() => store.put('observation', observation.token.toString('hex'), observation)),
    ended: (token) => attempt(() => store.remove('observation', token.toString('hex'))),
  };
}
