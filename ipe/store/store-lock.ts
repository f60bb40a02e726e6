import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import { errorMessage, IpeError, type Logger } from '../../common/index.ts';

const LOCK_FILE = 'lock';
/** LOCK_EX | LOCK_NB of flock(2). */
const EXCLUSIVE = 6;

/**
 * Makes this process the only one that uses a store; the kernel lets go of it when the process ends, however it ends. Gives
 * the way to let go earlier. Throws IpeError `store/locked`.
 */
export function lockStore(path: string, logger: Logger): () => void {
  const file = openSync(join(path, LOCK_FILE), 'a', 0o600);
  const flock = systemLock(logger);
  if (flock !== undefined && flock(file, EXCLUSIVE) !== 0) {
    closeSync(file);
    throw new IpeError('store/locked', `store ${path}: another process uses it; give each its own store.path`);
  }
  return () => closeSync(file);
}

/** Node has no lock that survives neither kill nor crash. */
function systemLock(logger: Logger): ((file: number, operation: number) => number) | undefined {
  try {
    return koffi.load(null).func('int flock(int fd, int operation)') as (file: number, operation: number) => number;
  } catch (error) {
    logger.warn('this system cannot lock the store; see to it that no second process uses it', {
      reason: errorMessage(error),
    });
    return undefined;
  }
}
