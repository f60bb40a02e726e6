import { DecodeError } from '../../common/index.ts';
import { objectLink } from './typed-value.ts';
import type { Value } from './value.ts';

/** One SenML record as it stands in the pack, before its base fields are resolved (RFC 8428 4). */
export interface SenmlRecord {
  baseName: string | undefined;
  baseTime: number | undefined;
  baseValue: number | bigint | undefined;
  name: string | undefined;
  time: number | undefined;
  value: Value | undefined;
  /** The labels that stood in the record, one bit each. */
  labels: number;
}

/** A label of SenML with its CBOR number (RFC 8428 4.3, 6; `vlo`: LwM2M 1.1 7.4.5, which has no number). */
const LABELS = [
  ['bver', -1],
  ['bn', -2],
  ['bt', -3],
  ['bu', -4],
  ['bv', -5],
  ['bs', -6],
  ['n', 0],
  ['u', 1],
  ['v', 2],
  ['vs', 3],
  ['vb', 4],
  ['s', 5],
  ['t', 6],
  ['ut', 7],
  ['vd', 8],
  ['vlo', 9],
] as const;

/** The numbers of the labels; `vlo` has one of ours. */
export const SENML_LABELS: ReadonlyMap<string, number> = new Map<string, number>(LABELS);

export const BASE_NAME = -2;
export const BASE_TIME = -3;
export const NAME = 0;
export const NUMBER_VALUE = 2;
export const STRING_VALUE = 3;
export const BOOLEAN_VALUE = 4;
export const TIME = 6;
export const DATA_VALUE = 8;
const LINK_VALUE = 9;

const BASE_VERSION = -1;
const BASE_VALUE = -5;

/** The version of RFC 8428, and of what may be read (RFC 8428 4.4). */
const SENML_VERSION = 10;

/** A record in which nothing stands yet. */
export function emptyRecord(): SenmlRecord {
  return {
    baseName: undefined,
    baseTime: undefined,
    baseValue: undefined,
    name: undefined,
    time: undefined,
    value: undefined,
    labels: 0,
  };
}

/**
 * Puts a field into a record. Units, sums and update times mean nothing in LwM2M and are left off. Throws DecodeError
 * `content/value` for a value of another type, a second value or a repeated label.
 */
export function setField(record: SenmlRecord, label: number, value: Value | null): void {
  const bit = 1 << (label + 6);
  if ((record.labels & bit) !== 0) throw new DecodeError('content/value', 'A label stands twice in a SenML record');
  record.labels |= bit;
  switch (label) {
    case BASE_NAME:
      record.baseName = text(value);
      break;
    case NAME:
      record.name = text(value);
      break;
    case BASE_TIME:
      record.baseTime = seconds(value);
      break;
    case TIME:
      record.time = seconds(value);
      break;
    case BASE_VALUE:
      record.baseValue = number(value);
      break;
    case BASE_VERSION:
      if (number(value) > SENML_VERSION) throw new DecodeError('content/value', 'An unknown version of SenML');
      break;
    case NUMBER_VALUE:
      setValue(record, number(value));
      break;
    case STRING_VALUE:
      setValue(record, text(value));
      break;
    case BOOLEAN_VALUE:
      if (typeof value !== 'boolean') throw wrong();
      setValue(record, value);
      break;
    case DATA_VALUE:
      if (!Buffer.isBuffer(value)) throw wrong();
      setValue(record, value);
      break;
    case LINK_VALUE:
      setValue(record, objectLink(text(value)));
  }
}

/** Throws DecodeError for a label that a reader must know and does not: one that ends in `_` (RFC 8428 4.4). */
export function checkUnknownLabel(label: string): void {
  if (label.endsWith('_')) throw new DecodeError('content/value', 'A SenML label that must be understood is unknown');
}

function setValue(record: SenmlRecord, value: Value): void {
  if (record.value !== undefined) throw new DecodeError('content/value', 'Two values in a SenML record');
  record.value = value;
}

function wrong(): DecodeError {
  return new DecodeError('content/value', 'A SenML field of the wrong type');
}

function text(value: Value | null): string {
  if (typeof value !== 'string') throw wrong();
  return value;
}

function number(value: Value | null): number | bigint {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw wrong();
  return value;
}

function seconds(value: Value | null): number {
  const time = Number(number(value));
  if (!Number.isFinite(time)) throw wrong();
  return time;
}
