import { type Clock, errorMessage, type Logger, type Timer } from '../../common/index.ts';
import type { Store } from './store.ts';

const NAME = 'aliveAt';
/** Milliseconds between two beats. */
const INTERVAL = 10_000;

/** When the last run was alive for the last time, milliseconds of the epoch; undefined where there was none. */
export function lastAlive(store: Store): number | undefined {
  for (const { key, record } of store.entries('setting')) if (key === NAME && typeof record === 'number') return record;
  return undefined;
}

/** Records from now on that this run is alive; gives the way to end that. */
export function startHeartbeat(store: Store, clock: Clock, logger: Logger): () => void {
  let timer: Timer | undefined;
  const beat = () => {
    try {
      store.put('setting', NAME, clock.wall());
    } catch (error) {
      logger.debug('not recorded that this run is alive', { reason: errorMessage(error) });
    }
    timer = clock.timer(INTERVAL, beat);
  };
  beat();
  return () => {
    timer?.cancel();
    timer = undefined;
  };
}
