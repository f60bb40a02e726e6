import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { IpeError } from '../../common/index.ts';
import { isReadable } from './trial-read.ts';

/** Version of how the files of a store are laid out; records have versions of their own. */
const LAYOUT_VERSION = 1;

const DATA_FILE = 'data.mdb';
const FORMAT_FILE = 'format';
const FORMAT = /^lwm2m-ipe store (\d{1,6})\n$/;
/** Marks a meta page of LMDB, at which offset of the page it may stand, and what of it is read. */
const MAGIC = 0xbeefc0de;
const MAGIC_OFFSETS = [16, 24] as const;
const LAST_PAGE = 120;
const META_BYTES = LAST_PAGE + 8;
const PAGE_SIZE_OFFSET = 24;
const LARGEST_PAGE = 65_536;
const LARGEST_FILE = 2 ** 42;

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
  if (inspectData(path, data, stat.size) && !isReadable(path, tables))
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
  const head = readHead(data);
  const offset = MAGIC_OFFSETS.find((at) => head.length >= at + META_BYTES && head.readUInt32LE(at) === MAGIC);
  if (offset === undefined) throw damaged(path, 'its data file is no database');
  const pageSize = head.readUInt32LE(offset + PAGE_SIZE_OFFSET);
  if (pageSize < 512 || pageSize > LARGEST_PAGE || (pageSize & (pageSize - 1)) !== 0) {
    throw damaged(path, 'its data file has an impossible page size');
  }
  let needed = 2 * pageSize;
  for (const meta of [offset, pageSize + offset]) {
    if (head.length < meta + META_BYTES || head.readUInt32LE(meta) !== MAGIC) {
      throw damaged(path, 'its data file is cut short');
    }
    needed = Math.max(needed, (Number(head.readBigUInt64LE(meta + LAST_PAGE)) + 1) * pageSize);
  }
  if (!(needed <= LARGEST_FILE)) throw damaged(path, 'its data file has an impossible length');
  if (size < needed) truncateSync(data, needed);
  return size < needed;
}

function readHead(data: string): Buffer {
  const file = openSync(data, 'r');
  try {
    const head = Buffer.alloc(LARGEST_PAGE + MAGIC_OFFSETS[1] + META_BYTES);
    return head.subarray(0, readSync(file, head, 0, head.length, 0));
  } finally {
    closeSync(file);
  }
}

function damaged(path: string, reason: string): IpeError {
  return new IpeError(
    'store/damaged',
    `store ${path}: ${reason}; restore it from a copy, or move it away to begin with an empty one`,
  );
}
