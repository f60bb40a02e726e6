import { DecodeError } from '../../common/index.ts';
import type { DataType, ResourceDefinition } from '../model/definition.ts';
import { dateTimeSeconds } from './date-time.ts';
import { base64Bytes, isObjectLink, objectLink, typedValue } from './typed-value.ts';
import { isWellFormed } from './utf8.ts';
import type { ObjectLinkValue, Value } from './value.ts';

/** A value as applications read and write it in JSON. */
export type JsonValue = string | number | boolean | ObjectLinkValue;

const INTEGER = /^-?\d{1,20}$/;
const FLOATS: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/**
 * The value that an application means with a piece of parsed JSON: integers also as text (beyond 2^53 only so), booleans
 * also as 0, 1 and text, opaque as base64, time as seconds or ISO 8601 (eight digits are a date), links as `{"objectId":3,"instanceId":0}` or
 * `"3:0"`. Without a definition JSON decides. Throws DecodeError `content/type` or `content/value`, for anything.
 */
export function valueFromJson(definition: Pick<ResourceDefinition, 'type'> | undefined, json: unknown): Value {
  const type = definition?.type;
  if (type === 'none') throw new DecodeError('content/type', 'The resource has no value');
  if (typeof json === 'string') return valueFromText(type, json);
  if (typeof json === 'number') {
    if (!Number.isFinite(json)) throw new DecodeError('content/value', 'A number of JSON is finite');
    if (type === 'time' && !Number.isInteger(json)) throw new DecodeError('content/type', 'A time is in whole seconds');
    return typedValue(type, type !== 'float' && Object.is(json, -0) ? 0 : json);
  }
  if (typeof json === 'boolean') return typedValue(type, json);
  if (type === undefined || type === 'objlnk') return linkFromJson(json);
  throw new DecodeError('content/type', `JSON holds no ${type}`);
}

function valueFromText(type: DataType | undefined, text: string): Value {
  if (!isWellFormed(text)) throw new DecodeError('content/value', 'A text is not well-formed Unicode');
  switch (type) {
    case 'integer':
    case 'unsigned':
      if (INTEGER.test(text)) return typedValue(type, BigInt(text));
      break;
    case 'time':
      return typedValue(type, INTEGER.test(text) && text.length !== 8 ? BigInt(text) : dateTimeSeconds(text));
    case 'float': {
      const special = FLOATS.get(text);
      if (special !== undefined) return special;
      const value = text.trim() === '' ? Number.NaN : Number(text);
      if (Number.isFinite(value)) return value;
      break;
    }
    case 'boolean':
      if (text === 'true' || text === '1') return true;
      if (text === 'false' || text === '0') return false;
      break;
    case 'opaque':
      return base64Bytes(text);
    default:
      return typedValue(type, text);
  }
  throw new DecodeError('content/type', `Text is no ${type}`);
}

function linkFromJson(json: unknown): ObjectLinkValue {
  const { objectId, instanceId } = (json ?? {}) as { readonly objectId?: unknown; readonly instanceId?: unknown };
  if (!isLinkId(objectId) || !isLinkId(instanceId)) {
    throw new DecodeError('content/value', 'JSON of a value is a number, a boolean, a text, or the two ids of a link');
  }
  return objectLink(`${objectId}:${instanceId}`);
}

function isLinkId(id: unknown): id is number {
  return typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= 0xffff;
}

/**
 * A value as JSON for applications: opaque as base64, time as seconds, integers beyond 2^53 and what is no finite number
 * as text, links as their two ids. valueFromJson reads it back with the same definition. Total.
 */
export function valueToJson(_definition: Pick<ResourceDefinition, 'type'> | undefined, value: Value): JsonValue {
  switch (typeof value) {
    case 'bigint':
      return value.toString();
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'object':
      if (isObjectLink(value)) return { objectId: value.objectId, instanceId: value.instanceId };
      return value.toString('base64');
    default:
      return value;
  }
}
