import { closeSync, openSync, readSync } from 'node:fs';
import { DecodeError } from '../../common/index.ts';

/** Marks a meta page of LMDB, at which offset of the page it may stand, and what of it is read. */
const MAGIC = 0xbeefc0de;
const MAGIC_OFFSETS = [16, 24] as const;
const LAST_PAGE = 120;
const META_BYTES = LAST_PAGE + 8;
const PAGE_SIZE_OFFSET = 24;
const LARGEST_PAGE = 65_536;
const LARGEST_FILE = 2 ** 42;

/**
 * Bytes that the data file of an LMDB database has by its own meta pages, where it is whole. Throws DecodeError `store/database`
 * with what is wrong about a file that is none, or what the file system throws.
 */
export function databaseBytes(data: string): number {
  const head = readHead(data);
  const offset = MAGIC_OFFSETS.find((at) => head.length >= at + META_BYTES && head.readUInt32LE(at) === MAGIC);
  if (offset === undefined) throw wrong('its data file is no database');
  const pageSize = head.readUInt32LE(offset + PAGE_SIZE_OFFSET);
  if (pageSize < 512 || pageSize > LARGEST_PAGE || (pageSize & (pageSize - 1)) !== 0) {
    throw wrong('its data file has an impossible page size');
  }
  let needed = 2 * pageSize;
  for (const meta of [offset, pageSize + offset]) {
    if (head.length < meta + META_BYTES || head.readUInt32LE(meta) !== MAGIC) {
      throw wrong('its data file is cut short');
    }
    needed = Math.max(needed, (Number(head.readBigUInt64LE(meta + LAST_PAGE)) + 1) * pageSize);
  }
  if (!(needed <= LARGEST_FILE)) throw wrong('its data file has an impossible length');
  return needed;
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

function wrong(reason: string): DecodeError {
  return new DecodeError('store/database', reason);
}
