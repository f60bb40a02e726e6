import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errorMessage, IpeError } from '../../common/index.ts';

const OTHERS = 0o077;
const OWNER_ALONE = 0o600;
const MOST_BYTES = 64 << 20;

/** Throws IpeError `credentials/permissions` when others than its owner may use a file or folder; gives what is known of it. */
export function assertOwn(name: string): Stats {
  const stat = statSync(name);
  if ((stat.mode & OTHERS) === 0) return stat;
  const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
  const wanted = stat.isDirectory() ? '700' : '600';
  throw new IpeError(
    'credentials/permissions',
    `credentials ${name}: others than its owner may use it (mode ${mode}); make it mode 0${wanted}: chmod ${wanted} ${name}`,
  );
}

/** The text of a file with keys; throws IpeError `credentials/permissions` when others than its owner may read or write it. */
export function readOwn(name: string): string {
  try {
    const stat = assertOwn(name);
    if (stat.size > MOST_BYTES) throw new IpeError('credentials/file', `credentials ${name}: it is too large`);
    return readFileSync(name, 'utf8');
  } catch (error) {
    throw failed(name, error);
  }
}

/**
 * Writes a file with keys for its owner alone; old or new is there, whole, whatever happens meanwhile. `new`: there must be
 * no such file yet.
 */
export function writeOwn(name: string, text: string, how: 'new' | 'replace'): void {
  try {
    const temporary = `${name}.${randomBytes(6).toString('hex')}.new`;
    const file = openSync(temporary, 'wx', OWNER_ALONE);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
      if (how === 'replace') renameSync(temporary, name);
      else linkSync(temporary, name);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
    if (how === 'new') rmSync(temporary);
    const folder = openSync(dirname(name), 'r');
    fsyncSync(folder);
    closeSync(folder);
  } catch (error) {
    throw failed(name, error);
  }
}

/** What went wrong with a file, in one line. */
export function failed(name: string, error: unknown): IpeError {
  if (error instanceof IpeError) return error;
  return new IpeError('credentials/file', `credentials ${name}: ${errorMessage(error)}`, { cause: error });
}
