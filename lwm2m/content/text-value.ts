import { DecodeError } from '../../common/index.ts';
import type { DataType } from '../model/definition.ts';
import { integerOf, type WireType } from './checked-nodes.ts';
import { inexpressible } from './codec-context.ts';
import { base64Bytes, exactInteger, isInRange, objectLink } from './typed-value.ts';
import { isWellFormed } from './utf8.ts';
import type { ObjectLinkValue, Value } from './value.ts';

const INTEGER = /^[+-]?\d{1,20}$/;
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const EXPONENT = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/;
/** Longer texts are no number. */
const LONGEST_NUMBER = 400;

/**
 * Reads a value in plain text by the type of its resource, as string when that is not known (LwM2M 1.1 C.2). Throws
 * DecodeError `content/value`.
 */
export function readText(type: DataType | undefined, text: string): Value {
  switch (type) {
    case 'integer':
    case 'unsigned':
    case 'time': {
      const value = INTEGER.test(text.trim()) ? exactInteger(BigInt(text.trim().replace('+', ''))) : undefined;
      if (value !== undefined && isInRange(type, value)) return value;
      break;
    }
    case 'float': {
      const value = text.length <= LONGEST_NUMBER && FLOAT.test(text.trim()) ? Number(text) : Number.NaN;
      if (Number.isFinite(value)) return value;
      break;
    }
    case 'boolean':
      if (text === '1' || text === 'true') return true;
      if (text === '0' || text === 'false') return false;
      break;
    case 'opaque':
      return base64Bytes(text);
    case 'objlnk':
      return objectLink(text.trim());
    default:
      return text;
  }
  throw new DecodeError('content/value', `Text is no ${type}`);
}

/** Writes a value as plain text (LwM2M 1.1 C.2); a float without exponent, as small devices read it. Throws IpeError. */
export function writeText(type: WireType, value: Value): string {
  switch (type) {
    case 'string':
    case 'corelnk':
      if (!isWellFormed(value as string)) throw inexpressible('value', 'A text is not well-formed Unicode');
      return value as string;
    case 'integer':
    case 'unsigned':
    case 'time':
      return integerOf(value).toString();
    case 'float':
      return decimal(Number(value));
    case 'boolean':
      return value ? '1' : '0';
    case 'opaque':
      return (value as Buffer).toString('base64');
    case 'objlnk': {
      const { objectId, instanceId } = value as ObjectLinkValue;
      return `${objectId}:${instanceId}`;
    }
  }
}

/** The digits of a float without exponent. */
function decimal(value: number): string {
  if (!Number.isFinite(value)) throw inexpressible('value', `Text cannot hold ${value}`);
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  const found = EXPONENT.exec(text);
  if (found === null) return text;
  const [, sign, first, rest = '', power] = found;
  const digits = `${first}${rest}`;
  const exponent = Number(power);
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  return `${sign}${digits}${'0'.repeat(exponent - rest.length)}`;
}
