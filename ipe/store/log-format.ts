import { crc32 } from 'node:zlib';
import type { Table, Write } from './group-commit.ts';

/** Marks the beginning of a group in a log. */
const MAGIC = 0x4c32_4d01;
/** Mark, bytes of the group's writes, CRC-32 of them. */
const HEAD_BYTES = 12;
/** Table, bytes of the key, bytes of the record and whether there is one. */
const WRITE_HEAD_BYTES = 7;
/** Bytes of UTF-8 for one unit of UTF-16. */
const MOST_PER_UNIT = 3;
const NO_RECORD = 0xffff_ffff;
/** Their places are what stands in a log: only to be added to, at the end. */
const TABLES: readonly Table[] = [
  'registration',
  'tree',
  'journal',
  'observation',
  'command',
  'value',
  'setting',
  'quarantine',
  'cse',
  'update',
];

/** What a log gave back. */
export interface LogContents {
  readonly writes: readonly Write[];
  /** Bytes at the end that are no whole group: what a killed process was about to write, and had promised to nobody. */
  readonly torn: number;
  /** Groups that are damaged, and left out. */
  readonly damaged: number;
}

/** A group of writes as it stands in a log: all or none of it is read back. */
export function encodeGroup(writes: readonly Write[]): Buffer {
  let most = HEAD_BYTES;
  for (const { key, bytes } of writes) most += WRITE_HEAD_BYTES + MOST_PER_UNIT * key.length + (bytes?.length ?? 0);
  const space = Buffer.allocUnsafe(most);
  let at = HEAD_BYTES;
  for (const { table, key, bytes } of writes) {
    const keyBytes = space.write(key, at + WRITE_HEAD_BYTES);
    space.writeUInt8(TABLES.indexOf(table), at);
    space.writeUInt16BE(keyBytes, at + 1);
    space.writeUInt32BE(bytes?.length ?? NO_RECORD, at + 3);
    at += WRITE_HEAD_BYTES + keyBytes;
    if (bytes !== undefined) at += bytes.copy(space, at);
  }
  const group = space.subarray(0, at);
  group.writeUInt32BE(MAGIC, 0);
  group.writeUInt32BE(at - HEAD_BYTES, 4);
  group.writeUInt32BE(crc32(group.subarray(HEAD_BYTES)), 8);
  return group;
}

/** What stands in a log, whatever its bytes are; damaged groups are passed over where the next one can be found. */
export function decodeLog(log: Buffer): LogContents {
  const writes: Write[] = [];
  let damaged = 0;
  for (let at = 0; at < log.length; ) {
    const end = endOfGroup(log, at);
    const group = end === undefined ? undefined : decodeGroup(log.subarray(at, end));
    if (end !== undefined && group !== undefined) {
      for (const write of group) writes.push(write);
      at = end;
      continue;
    }
    // A length may be damaged, too.
    const next = nextGroup(log, at + 1);
    if (next === undefined) return { writes, torn: log.length - at, damaged };
    damaged += 1;
    at = next;
  }
  return { writes, torn: 0, damaged };
}

/** Where the group that begins there ends; undefined where none begins or it is cut short. */
function endOfGroup(log: Buffer, at: number): number | undefined {
  if (log.length - at < HEAD_BYTES || log.readUInt32BE(at) !== MAGIC) return undefined;
  const end = at + HEAD_BYTES + log.readUInt32BE(at + 4);
  return end <= log.length ? end : undefined;
}

/** The next whole group behind what cannot be read. */
function nextGroup(log: Buffer, from: number): number | undefined {
  const mark = Buffer.alloc(4);
  mark.writeUInt32BE(MAGIC);
  for (let at = log.indexOf(mark, from); at >= 0; at = log.indexOf(mark, at + 1)) {
    const end = endOfGroup(log, at);
    if (end !== undefined && decodeGroup(log.subarray(at, end)) !== undefined) return at;
  }
  return undefined;
}

function decodeGroup(group: Buffer): Write[] | undefined {
  const body = group.subarray(HEAD_BYTES);
  if (group.readUInt32BE(8) !== crc32(body)) return undefined;
  const writes: Write[] = [];
  for (let at = 0; at < body.length; ) {
    if (body.length - at < WRITE_HEAD_BYTES) return undefined;
    const table = TABLES[body.readUInt8(at)];
    const key = at + WRITE_HEAD_BYTES;
    const record = key + body.readUInt16BE(at + 1);
    const length = body.readUInt32BE(at + 3);
    const end = record + (length === NO_RECORD ? 0 : length);
    if (table === undefined || end > body.length) return undefined;
    const bytes = length === NO_RECORD ? undefined : Buffer.from(body.subarray(record, end));
    writes.push({ table, key: body.toString('utf8', key, record), bytes });
    at = end;
  }
  return writes;
}
