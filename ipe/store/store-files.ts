import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DecodeError, IpeError } from '../../common/index.ts';
import { databaseBytes } from './database-file.ts';
import { readability } from './trial-read.ts';

/** Version of how the files of a store are laid out; records have versions of their own. */
const LAYOUT_VERSION = 1;

const DATA_FILE = 'data.mdb';
const FORMAT_FILE = 'format';
const FORMAT = /^lwm2m-ipe store (\d{1,6})\n$/;

/** Makes the directory where there is none, readable for its owner alone. Throws what the file system throws. */
export function makeDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
}

/**
 * Looks at the files of a store before the database maps them, since a damaged file could end the process there. True where
 * there is one. Throws IpeError `store/damaged`, `store/newer` or `store/owner`, or what the file system throws.
 */
export function inspectFiles(
  path: string,
  tables: readonly string[],
  user: number | undefined = process.geteuid?.(),
): boolean {
  const known = readFormat(path);
  const data = join(path, DATA_FILE);
  const stat = statSync(data, { throwIfNoEntry: false });
  if (stat === undefined || stat.size === 0) {
    if (known) throw damaged(path, 'its data is missing');
    return false;
  }
  if (user !== undefined && stat.uid !== user) {
    throw new IpeError(
      'store/owner',
      `store ${path}: its files belong to user ${stat.uid}, and this process runs as user ${user}`,
    );
  }
  accessSync(data, constants.R_OK | constants.W_OK);
  // It may lack pages at its end that were never used, so that only reading tells.
  if (inspectData(path, data, stat.size) && readability(path, tables) !== 'readable')
    throw damaged(path, 'its data file is cut short');
  return true;
}

/** Says that the directory holds a whole store. */
export function writeFormat(path: string): void {
  const target = join(path, FORMAT_FILE);
  const file = openSync(`${target}.new`, 'w', 0o600);
  try {
    writeSync(file, `lwm2m-ipe store ${LAYOUT_VERSION}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${target}.new`, target);
}

function readFormat(path: string): boolean {
  let text: string;
  try {
    text = readFileSync(join(path, FORMAT_FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  const version = Number(FORMAT.exec(text)?.[1]);
  if (Number.isNaN(version)) throw damaged(path, 'its format file is not ours');
  if (version > LAYOUT_VERSION) {
    throw new IpeError('store/newer', `store ${path}: a newer version of lwm2m-ipe wrote it (format ${version})`);
  }
  return true;
}

/** True for a file that was shorter than it says, and has been filled with zeros: to map it would end the process. */
function inspectData(path: string, data: string, size: number): boolean {
  const needed = bytesOf(path, data);
  if (size < needed) truncateSync(data, needed);
  return size < needed;
}

function bytesOf(path: string, data: string): number {
  try {
    return databaseBytes(data);
  } catch (error) {
    throw error instanceof DecodeError ? damaged(path, error.message) : error;
  }
}

function damaged(path: string, reason: string): IpeError {
  return new IpeError(
    'store/damaged',
    `store ${path}: ${reason}; restore it from a copy, or move it away to begin with an empty one`,
  );
}
