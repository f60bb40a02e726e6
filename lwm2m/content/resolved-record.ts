import type { SenmlRecord } from './senml-record.ts';
import type { Value } from './value.ts';

/** A measurement with its whole name, and its time in seconds as resolved (RFC 8428 4.6); undefined: no time was said. */
export interface ResolvedRecord {
  readonly name: string;
  readonly time: number | undefined;
  readonly value: Value;
}

/**
 * Resolves the base fields of a pack: each holds from its record on until another replaces it (RFC 8428 4.1, 4.6). A
 * record without a value only sets them. A slash that is missing or doubled between base name and name is mended, as
 * devices write both.
 */
export function resolveRecords(records: readonly SenmlRecord[]): ResolvedRecord[] {
  const resolved: ResolvedRecord[] = [];
  let baseName = '';
  let baseTime: number | undefined;
  let baseValue: number | bigint | undefined;
  for (const record of records) {
    if (record.baseName !== undefined) baseName = record.baseName;
    if (record.baseTime !== undefined) baseTime = record.baseTime;
    if (record.baseValue !== undefined) baseValue = record.baseValue;
    let { value } = record;
    if (value === undefined) continue;
    if (baseValue !== undefined && (typeof value === 'number' || typeof value === 'bigint')) {
      value = sum(baseValue, value);
    }
    const time = baseTime === undefined ? record.time : record.time === undefined ? baseTime : baseTime + record.time;
    resolved.push({ name: joinNames(baseName, record.name ?? ''), time, value });
  }
  return resolved;
}

/** Base name and name as one; with one slash between them, unless the base is a URN. */
export function joinNames(base: string, name: string): string {
  if (base === '' || name === '') return base + name;
  const slashes = (base.endsWith('/') ? 1 : 0) + (name.startsWith('/') ? 1 : 0);
  if (slashes === 1) return base + name;
  if (slashes === 2) return base + name.slice(1);
  return base.includes(':') ? base + name : `${base}/${name}`;
}

function sum(a: number | bigint, b: number | bigint): number | bigint {
  const total = Number(a) + Number(b);
  const whole = (part: number | bigint): boolean => typeof part === 'bigint' || Number.isInteger(part);
  return Number.isSafeInteger(total) || !whole(a) || !whole(b) ? total : BigInt(a) + BigInt(b);
}
