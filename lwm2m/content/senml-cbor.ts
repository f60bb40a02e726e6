import { DecodeError } from '../../common/index.ts';
import { CborReader } from './cbor-reader.ts';
import { writeCborValue } from './cbor-value.ts';
import { CborWriter } from './cbor-writer.ts';
import type { CodecContext } from './codec-context.ts';
import type { ContentLimits } from './limits.ts';
import { nodesOfRecords, SENML_ABSOLUTE_TIME } from './record-nodes.ts';
import { resolveRecords } from './resolved-record.ts';
import { type PackedRecord, packRecords } from './senml-pack.ts';
import {
  BASE_NAME,
  BASE_TIME,
  BOOLEAN_VALUE,
  checkUnknownLabel,
  DATA_VALUE,
  emptyRecord,
  NAME,
  NUMBER_VALUE,
  SENML_LABELS,
  type SenmlRecord,
  STRING_VALUE,
  setField,
  TIME,
} from './senml-record.ts';
import type { Node } from './value.ts';

/** The label under which a value of each type stands (LwM2M 1.1 7.4.6); a link stands under the text `vlo`. */
const VALUE_LABELS = {
  string: STRING_VALUE,
  corelnk: STRING_VALUE,
  integer: NUMBER_VALUE,
  unsigned: NUMBER_VALUE,
  time: NUMBER_VALUE,
  float: NUMBER_VALUE,
  boolean: BOOLEAN_VALUE,
  opaque: DATA_VALUE,
} as const;

/** Decodes SenML CBOR (RFC 8428 6, LwM2M 1.1 7.4.6). Throws DecodeError. */
export function decodeSenmlCbor(payload: Buffer, context: CodecContext): Node[] {
  const records = readSenmlCbor(payload, context.limits);
  return nodesOfRecords(resolveRecords(records), context, SENML_ABSOLUTE_TIME);
}

/** Reads a SenML CBOR pack as its records; an empty payload is an empty pack. Throws DecodeError. */
export function readSenmlCbor(payload: Buffer, { depth, nodes }: ContentLimits): SenmlRecord[] {
  const records: SenmlRecord[] = [];
  if (payload.length === 0) return records;
  const reader = new CborReader(payload, depth);
  const length = reader.array();
  while (!reader.isOver(length, records.length)) {
    if (records.length >= nodes) throw new DecodeError('content/limit', 'Too many records in a payload');
    records.push(readRecord(reader));
  }
  reader.end();
  return records;
}

function readRecord(reader: CborReader): SenmlRecord {
  const record = emptyRecord();
  const length = reader.map();
  for (let read = 0; !reader.isOver(length, read); read++) {
    const label = readLabel(reader);
    if (label === undefined) reader.skip();
    else setField(record, label, reader.scalar());
  }
  return record;
}

/** The number of a label, which may stand as text; undefined when it is unknown and may be passed over. */
function readLabel(reader: CborReader): number | undefined {
  const label = reader.scalar();
  if (typeof label === 'number') return label >= -6 && label <= 8 ? label : undefined;
  if (typeof label !== 'string') throw new DecodeError('content/value', 'A SenML label is a number or a text');
  const known = SENML_LABELS.get(label);
  if (known === undefined) checkUnknownLabel(label);
  return known;
}

/** Encodes SenML CBOR (RFC 8428 6, LwM2M 1.1 7.4.6). Throws IpeError. */
export function encodeSenmlCbor(nodes: readonly Node[], context: CodecContext): Buffer {
  const writer = new CborWriter();
  const records = packRecords(nodes, context);
  writer.array(records.length);
  for (const record of records) writeRecord(writer, record);
  return writer.bytes();
}

function writeRecord(writer: CborWriter, { baseName, baseTime, name, time, type, value }: PackedRecord): void {
  let fields = 1;
  if (baseName !== undefined) fields++;
  if (baseTime !== undefined) fields++;
  if (name !== undefined) fields++;
  if (time !== undefined) fields++;
  writer.map(fields);
  if (baseName !== undefined) {
    writer.integer(BASE_NAME);
    writer.text(baseName);
  }
  if (baseTime !== undefined) {
    writer.integer(BASE_TIME);
    writer.number(baseTime);
  }
  if (name !== undefined) {
    writer.integer(NAME);
    writer.text(name);
  }
  if (type === 'objlnk') writer.text('vlo');
  else writer.integer(VALUE_LABELS[type]);
  writeCborValue(writer, type, value);
  if (time !== undefined) {
    writer.integer(TIME);
    writer.number(time);
  }
}
