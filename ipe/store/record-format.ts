import { crc32 } from 'node:zlib';
import { DecodeError, errorMessage } from '../../common/index.ts';

/** How records of one kind are written; raise `version` with every change of what stands there. */
export interface RecordFormat<T> {
  /** 1 to 255. */
  readonly version: number;
  /** The record as JSON. */
  readonly encode: (record: T) => unknown;
  /** Throws DecodeError for whatever `encode` would not have given. */
  readonly decode: (json: unknown) => T;
  /** By the version that they take: what it wrote, turned into what the next one writes. */
  readonly migrations?: Readonly<Record<number, (json: unknown) => unknown>>;
}

/** Version, then the checksum. */
const HEAD_BYTES = 5;

/** Bytes of a record: version, CRC-32 of version and text, the record as JSON. */
export function sealRecord<T>(format: RecordFormat<T>, record: T): Buffer {
  const text = JSON.stringify(format.encode(record));
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + Buffer.byteLength(text));
  bytes[0] = format.version;
  bytes.write(text, HEAD_BYTES);
  bytes.writeUInt32BE(crc32(text, format.version), 1);
  return bytes;
}

/**
 * The record of sealed bytes, whichever version wrote it; `old` where that was not the present one. Throws DecodeError
 * `store/record` for any bytes that are none.
 */
export function openRecord<T>(format: RecordFormat<T>, bytes: Buffer): { readonly record: T; readonly old: boolean } {
  if (bytes.length <= HEAD_BYTES) throw damaged('it is too short');
  const version = bytes[0] as number;
  if (bytes.readUInt32BE(1) !== checksum(bytes)) throw damaged('its checksum is wrong');
  if (version > format.version) throw damaged(`version ${version} is newer than this program`);
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8', HEAD_BYTES));
    for (let from = version; from < format.version; from += 1) json = migrate(format, from, json);
    return { record: format.decode(json), old: version < format.version };
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw damaged(errorMessage(error));
  }
}

function migrate<T>({ migrations }: RecordFormat<T>, from: number, json: unknown): unknown {
  const migration = migrations?.[from];
  if (migration === undefined) throw damaged(`version ${from} cannot be read`);
  return migration(json);
}

function checksum(bytes: Buffer): number {
  return crc32(bytes.subarray(HEAD_BYTES), bytes[0]);
}

function damaged(reason: string): DecodeError {
  return new DecodeError('store/record', reason);
}
