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

/** flock(2): 0 where it was done. */
export type FileLock = (file: number, operation: number) => number;

/** Node has no lock that survives neither kill nor crash; undefined, and a warning, where the system has none either. */
export function systemLock(logger: Logger): FileLock | undefined {
  try {
    return koffi.load(null).func('int flock(int fd, int operation)') as FileLock;
  } catch (error) {
    logger.warn('this system cannot lock the store; see to it that no second process uses it', {
      reason: errorMessage(error),
    });
    return undefined;
  }
}
