import { DecodeError } from '../../common/index.ts';
import type { DataType } from '../model/definition.ts';
import { integerOf, wireTypeOf } from './checked-nodes.ts';
import type { CodecContext } from './codec-context.ts';
import { type Json, readJson } from './json-reader.ts';
import { jsonNumber, jsonString } from './json-text.ts';
import { nodesOfRecords } from './record-nodes.ts';
import { joinNames, type ResolvedRecord } from './resolved-record.ts';
import { packNames, packTimes } from './senml-pack.ts';
import { base64Bytes, objectLink, typedValue } from './typed-value.ts';
import type { Node, Value } from './value.ts';

/** Every time after 1970 is absolute; zero and negative ones are relative to now (LwM2M 1.0.2 6.4.4). */
const ABSOLUTE_TIME = 0.001;

type Fields = { readonly [key: string]: Json };

/** Decodes LwM2M JSON (LwM2M 1.0.2 6.4.4, 1.1 7.4.4); an opaque value is base64 in `sv`. Throws DecodeError. */
export function decodeLwm2mJson(payload: Buffer, context: CodecContext): Node[] {
  if (payload.length === 0) return [];
  const content = fieldsOf(readJson(payload, context.limits));
  const entries = content.e ?? [];
  if (!Array.isArray(entries)) throw new DecodeError('content/value', 'The entries of LwM2M JSON are an array');
  const baseName = textOf(content.bn ?? '');
  const baseTime = content.bt;
  const records: ResolvedRecord[] = [];
  for (const entry of entries as readonly Json[]) {
    const fields = fieldsOf(entry);
    const value = valueOfEntry(fields);
    if (value === undefined) continue;
    const time = fields.t;
    const said = time !== undefined || baseTime !== undefined;
    records.push({
      name: joinNames(baseName, textOf(fields.n ?? '')),
      time: said ? secondsOf(baseTime ?? 0) + secondsOf(time ?? 0) : undefined,
      value,
    });
  }
  return nodesOfRecords(records, context, ABSOLUTE_TIME, typedText);
}

function typedText(type: DataType | undefined, raw: Value): Value {
  return type === 'opaque' && typeof raw === 'string' ? base64Bytes(raw) : typedValue(type, raw);
}

function fieldsOf(json: Json): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong();
  return json as Fields;
}

/** The value of an entry: exactly one of `v`, `bv`, `sv`, `ov`, or none. */
function valueOfEntry({ v, bv, sv, ov }: Fields): Value | undefined {
  const said = (v === undefined ? 0 : 1) + (bv === undefined ? 0 : 1) + (sv === undefined ? 0 : 1);
  if (said + (ov === undefined ? 0 : 1) > 1) throw new DecodeError('content/value', 'Two values in a LwM2M JSON entry');
  if (sv !== undefined) return textOf(sv);
  if (ov !== undefined) return objectLink(textOf(ov));
  if (v !== undefined && typeof v !== 'number' && typeof v !== 'bigint') throw wrong();
  if (bv !== undefined && typeof bv !== 'boolean') throw wrong();
  return v ?? bv;
}

function textOf(json: Json): string {
  if (typeof json !== 'string') throw wrong();
  return json;
}

function secondsOf(json: Json): number {
  const seconds = typeof json === 'number' || typeof json === 'bigint' ? Number(json) : Number.NaN;
  if (!Number.isFinite(seconds)) throw wrong();
  return seconds;
}

function wrong(): DecodeError {
  return new DecodeError('content/value', 'A field of LwM2M JSON is of the wrong type');
}

/** Encodes LwM2M JSON (LwM2M 1.0.2 6.4.4). Throws IpeError. */
export function encodeLwm2mJson(nodes: readonly Node[], context: CodecContext): Buffer {
  const types = nodes.map((node) => wireTypeOf(node, context));
  const { baseName, names } = packNames(nodes, context.rootPath);
  const { baseTime, times } = packTimes(nodes, context.now, ABSOLUTE_TIME);
  const entries = nodes.map(({ value }, index) => {
    const name = names[index] === undefined ? '' : `,"n":"${names[index]}"`;
    const time = times[index];
    const moment = time === undefined ? '' : `,"t":${jsonNumber(time)}`;
    return `{${`${name}${valueText(value, types[index] === 'float')}${moment}`.slice(1)}}`;
  });
  const bn = baseName === undefined ? '' : `"bn":${jsonString(baseName)},`;
  const bt = baseTime === undefined ? '' : `"bt":${jsonNumber(baseTime)},`;
  return Buffer.from(`{${bn}${bt}"e":[${entries.join(',')}]}`);
}

function valueText(value: Value, isFloat: boolean): string {
  switch (typeof value) {
    case 'string':
      return `,"sv":${jsonString(value)}`;
    case 'boolean':
      return `,"bv":${value}`;
    case 'number':
    case 'bigint':
      return `,"v":${jsonNumber(isFloat ? Number(value) : integerOf(value))}`;
    default:
      if (Buffer.isBuffer(value)) return `,"sv":"${value.toString('base64')}"`;
      return `,"ov":"${value.objectId}:${value.instanceId}"`;
  }
}
