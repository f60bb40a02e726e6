import { DecodeError } from '../../common/index.ts';
import type { DataType } from '../model/definition.ts';
import { integerOf, type WireType } from './checked-nodes.ts';
import { inexpressible } from './codec-context.ts';
import type { TailWriter } from './tail-writer.ts';
import { exactInteger } from './typed-value.ts';
import { isWellFormed, readUtf8 } from './utf8.ts';
import type { ObjectLinkValue, Value } from './value.ts';

const TWO_32 = 0x1_0000_0000;

/**
 * Reads the value of a TLV by the type of its resource, as opaque when that is not known (LwM2M 1.0.2 C, 1.1 C.2).
 * Throws DecodeError `content/value`.
 */
export function readTlvValue(type: DataType | undefined, bytes: Buffer, start: number, length: number): Value {
  switch (type) {
    case 'string':
    case 'corelnk':
      return readUtf8(bytes, start, start + length);
    case 'integer':
    case 'time':
      return readSigned(bytes, start, length);
    case 'unsigned':
      return readUnsigned(bytes, start, length);
    case 'float':
      if (length === 4) return bytes.readFloatBE(start);
      if (length === 8) return bytes.readDoubleBE(start);
      break;
    case 'boolean': {
      const byte = bytes[start];
      if (length === 1 && (byte === 0 || byte === 1)) return byte === 1;
      break;
    }
    case 'objlnk':
      if (length === 4) return { objectId: bytes.readUInt16BE(start), instanceId: bytes.readUInt16BE(start + 2) };
      break;
    default:
      return Buffer.from(bytes.subarray(start, start + length));
  }
  throw new DecodeError('content/value', `${length} bytes are no ${type}`, start);
}

function readSigned(bytes: Buffer, start: number, length: number): number | bigint {
  switch (length) {
    case 1:
      return bytes.readInt8(start);
    case 2:
      return bytes.readInt16BE(start);
    case 4:
      return bytes.readInt32BE(start);
    case 8: {
      const value = bytes.readInt32BE(start) * TWO_32 + bytes.readUInt32BE(start + 4);
      return Number.isSafeInteger(value) ? value : exactInteger(bytes.readBigInt64BE(start));
    }
    default:
      throw new DecodeError('content/value', `${length} bytes are no integer`, start);
  }
}

function readUnsigned(bytes: Buffer, start: number, length: number): number | bigint {
  switch (length) {
    case 1:
      return bytes.readUInt8(start);
    case 2:
      return bytes.readUInt16BE(start);
    case 4:
      return bytes.readUInt32BE(start);
    case 8: {
      const value = bytes.readUInt32BE(start) * TWO_32 + bytes.readUInt32BE(start + 4);
      return Number.isSafeInteger(value) ? value : bytes.readBigUInt64BE(start);
    }
    default:
      throw new DecodeError('content/value', `${length} bytes are no integer`, start);
  }
}

/** Writes the value of a TLV in the fewest bytes that hold it exactly. Throws IpeError `content/value`. */
export function writeTlvValue(writer: TailWriter, type: WireType, value: Value): void {
  switch (type) {
    case 'string':
    case 'corelnk':
      if (!isWellFormed(value as string)) throw inexpressible('value', 'A text is not well-formed Unicode');
      writer.text(value as string);
      break;
    case 'integer':
    case 'time':
      writeInteger(writer, integerOf(value), 0);
      break;
    case 'unsigned':
      writeInteger(writer, integerOf(value), 1);
      break;
    case 'float': {
      const float = Number(value);
      if (Math.fround(float) === float || Number.isNaN(float)) writer.float(float);
      else writer.double(float);
      break;
    }
    case 'boolean':
      writer.unsigned(value ? 1 : 0, 1);
      break;
    case 'objlnk': {
      const { objectId, instanceId } = value as ObjectLinkValue;
      writer.unsigned(instanceId, 2);
      writer.unsigned(objectId, 2);
      break;
    }
    case 'opaque':
      writer.append(value as Buffer);
  }
}

/** `extra` is 1 where the sign bit counts as a bit of the value. */
function writeInteger(writer: TailWriter, value: number | bigint, extra: 0 | 1): void {
  for (const size of [1, 2, 4]) {
    const limit = 2 ** (size * 8 - 1 + extra);
    if (value < limit && value >= (extra === 1 ? 0 : -limit)) {
      writer.unsigned(Number(value), size);
      return;
    }
  }
  writer.long(value);
}
