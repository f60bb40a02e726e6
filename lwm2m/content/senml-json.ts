import { DecodeError } from '../../common/index.ts';
import type { CodecContext } from './codec-context.ts';
import { type Json, readJson } from './json-reader.ts';
import { jsonNumber, jsonString } from './json-text.ts';
import type { ContentLimits } from './limits.ts';
import { nodesOfRecords, SENML_ABSOLUTE_TIME } from './record-nodes.ts';
import { resolveRecords } from './resolved-record.ts';
import { type PackedRecord, packRecords } from './senml-pack.ts';
import {
  checkUnknownLabel,
  DATA_VALUE,
  emptyRecord,
  SENML_LABELS,
  type SenmlRecord,
  setField,
} from './senml-record.ts';
import { base64Bytes } from './typed-value.ts';
import type { Node } from './value.ts';

/** Decodes SenML JSON (RFC 8428 5, LwM2M 1.1 7.4.5). Throws DecodeError. */
export function decodeSenmlJson(payload: Buffer, context: CodecContext): Node[] {
  const records = readSenmlJson(payload, context.limits);
  return nodesOfRecords(resolveRecords(records), context, SENML_ABSOLUTE_TIME);
}

/** Reads a SenML JSON pack as its records; an empty payload is an empty pack. Throws DecodeError. */
export function readSenmlJson(payload: Buffer, limits: ContentLimits): SenmlRecord[] {
  if (payload.length === 0) return [];
  const pack = readJson(payload, limits);
  if (!Array.isArray(pack)) throw new DecodeError('content/value', 'A SenML pack is an array');
  if (pack.length > limits.nodes) throw new DecodeError('content/limit', 'Too many records in a payload');
  return pack.map(readRecord);
}

function readRecord(json: Json): SenmlRecord {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new DecodeError('content/value', 'A SenML record is an object');
  }
  const record = emptyRecord();
  const fields = json as { readonly [key: string]: Json };
  for (const key in fields) {
    const label = SENML_LABELS.get(key);
    if (label === undefined) {
      checkUnknownLabel(key);
      continue;
    }
    const field = fields[key] as Json;
    if (typeof field === 'object') throw new DecodeError('content/value', 'A SenML field of the wrong type');
    setField(record, label, label === DATA_VALUE && typeof field === 'string' ? base64Bytes(field) : field);
  }
  return record;
}

/** Encodes SenML JSON (RFC 8428 5, LwM2M 1.1 7.4.5). Throws IpeError. */
export function encodeSenmlJson(nodes: readonly Node[], context: CodecContext): Buffer {
  return Buffer.from(`[${packRecords(nodes, context).map(recordText).join(',')}]`);
}

function recordText(record: PackedRecord): string {
  const { baseName, baseTime, name, time, value } = record;
  let text = '';
  if (baseName !== undefined) text += `,"bn":${jsonString(baseName)}`;
  if (baseTime !== undefined) text += `,"bt":${jsonNumber(baseTime)}`;
  if (name !== undefined) text += `,"n":"${name}"`;
  if (typeof value === 'string') text += `,"vs":${jsonString(value)}`;
  else if (typeof value === 'boolean') text += `,"vb":${value}`;
  else if (typeof value === 'number' || typeof value === 'bigint') text += `,"v":${jsonNumber(value)}`;
  else if (Buffer.isBuffer(value)) text += `,"vd":"${value.toString('base64url')}"`;
  else text += `,"vlo":"${value.objectId}:${value.instanceId}"`;
  if (time !== undefined) text += `,"t":${jsonNumber(time)}`;
  return `{${text.slice(1)}}`;
}
