import { DecodeError } from '../../common/index.ts';
import type { DataType } from '../model/definition.ts';
import { dateTimeSeconds } from './date-time.ts';
import type { ObjectLinkValue, Value } from './value.ts';

const OBJECT_LINK = /^(\d{1,5}):(\d{1,5})$/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

const SMALLEST_SIGNED = -(2n ** 63n);
const LARGEST_SIGNED = 2n ** 63n - 1n;
const LARGEST_UNSIGNED = 2n ** 64n - 1n;

/** The integer types; a time is an integer of seconds (LwM2M 1.1 C). */
export type IntegerType = 'integer' | 'unsigned' | 'time';

/** True when 64 bits of the type hold the integer (LwM2M 1.1 C). */
export function isInRange(type: IntegerType, value: number | bigint): boolean {
  if (type === 'unsigned') return value >= 0 && value <= LARGEST_UNSIGNED;
  return value >= SMALLEST_SIGNED && value <= LARGEST_SIGNED;
}

/** An integer as Value holds it: number where that is exact, else bigint; never -0. */
export function exactInteger(value: number | bigint): number | bigint {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value || 0 : BigInt(value);
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) ? rounded : value;
}

/**
 * What a self-describing format (SenML, JSON, CBOR) said, as the data type of the resource wants it; as it came when the
 * type is not known. Takes what devices confuse without loss: 21.0 for an integer, 0 and 1 for a boolean, "3:0" for a
 * link, date and time as text. Throws DecodeError `content/type`.
 */
export function typedValue(type: DataType | undefined, raw: Value): Value {
  switch (type) {
    case undefined:
    case 'none':
      return typeof raw === 'bigint' ? exactInteger(raw) : raw;
    case 'string':
    case 'corelnk':
      if (typeof raw === 'string') return raw;
      break;
    case 'integer':
    case 'unsigned':
      if (typeof raw === 'number' || typeof raw === 'bigint') return typedInteger(type, raw);
      break;
    case 'time':
      if (typeof raw === 'number' || typeof raw === 'bigint') {
        return typedInteger(type, typeof raw === 'number' ? Math.trunc(raw) : raw);
      }
      if (typeof raw === 'string') return typedInteger(type, Math.trunc(dateTimeSeconds(raw)));
      break;
    case 'float':
      if (typeof raw === 'number') return raw;
      if (typeof raw === 'bigint') return Number(raw);
      break;
    case 'boolean':
      if (typeof raw === 'boolean') return raw;
      if (raw === 0 || raw === 1) return raw === 1;
      break;
    case 'opaque':
      if (Buffer.isBuffer(raw)) return raw;
      break;
    case 'objlnk':
      if (typeof raw === 'string') return objectLink(raw);
      if (isObjectLink(raw)) return raw;
      break;
  }
  throw new DecodeError('content/type', `A value is no ${type}`);
}

function typedInteger(type: IntegerType, raw: number | bigint): number | bigint {
  if (typeof raw === 'number' && !Number.isInteger(raw)) {
    throw new DecodeError('content/type', `A number is no ${type}`);
  }
  const value = exactInteger(raw);
  if (!isInRange(type, value)) throw new DecodeError('content/type', `An integer is out of the range of ${type}`);
  return value;
}

/** True for the value of an Objlnk resource. */
export function isObjectLink(value: Value): value is ObjectLinkValue {
  return typeof value === 'object' && !Buffer.isBuffer(value);
}

/** Reads `3:0` (LwM2M 1.1 C). Throws DecodeError `content/value`. */
export function objectLink(text: string): ObjectLinkValue {
  const found = OBJECT_LINK.exec(text);
  const objectId = Number(found?.[1] ?? Number.NaN);
  const instanceId = Number(found?.[2] ?? Number.NaN);
  if (!(objectId <= 0xffff && instanceId <= 0xffff)) {
    throw new DecodeError('content/value', 'An object link is written as 3:0');
  }
  return { objectId, instanceId };
}

/** The bytes of base64 text in either alphabet, with or without padding (RFC 4648 4, 5). Throws DecodeError `content/value`. */
export function base64Bytes(text: string): Buffer {
  const digits = text.length - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);
  if (!BASE64.test(text) || digits % 4 === 1) throw new DecodeError('content/value', 'Text is not base64');
  return Buffer.from(text, 'base64');
}
