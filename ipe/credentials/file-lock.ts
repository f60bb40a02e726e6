import { closeSync, openSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { errorMessage, IpeError, type Logger } from '../../common/index.ts';
import { type FileLock, systemLock } from '../store/store-lock.ts';

/** LOCK_EX | LOCK_NB of flock(2). */
const EXCLUSIVE = 6;
const PATIENCE = 5_000;
const BETWEEN = 5;

let flock: FileLock | undefined | 'unknown' = 'unknown';

/** Runs `work` while no other process, and nobody else here, holds the lock. Rejects with IpeError `credentials/locked`. */
export async function holdingLock<T>(name: string, logger: Logger, work: () => T): Promise<T> {
  if (flock === 'unknown') flock = systemLock(logger);
  const file = open(name);
  try {
    for (const end = performance.now() + PATIENCE; flock !== undefined && flock(file, EXCLUSIVE) !== 0; ) {
      if (performance.now() > end) throw new IpeError('credentials/locked', `${name}: another process holds the lock`);
      await pause(BETWEEN);
    }
    return work();
  } finally {
    closeSync(file);
  }
}

function open(name: string): number {
  try {
    return openSync(name, 'a', 0o600);
  } catch (error) {
    throw new IpeError('credentials/file', `${name}: ${errorMessage(error)}`, { cause: error });
  }
}
