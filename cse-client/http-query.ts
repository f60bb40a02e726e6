import { percentDecode, percentEncode } from './address.ts';
import { CseError } from './errors.ts';
import { parseInteger, QUERY_FIELDS, type QueryRow } from './http-parameters.ts';
import type { FilterCriteria, RequestPrimitive } from './primitive.ts';

/** More fields than any request has; a query with more is refused before it is read. */
const MAX_FIELDS = 256;

const ROWS: ReadonlyMap<string, QueryRow> = new Map(QUERY_FIELDS.map((row) => [row.field, row]));
const FILTER_ROWS = QUERY_FIELDS.filter((row) => row.of === 'filter');

type Fields = Readonly<Record<string, unknown>>;

/** The query component of a request, without `?`; empty when there is nothing to say (TS-0009 6.2.2.2). */
export function toQuery(request: Omit<RequestPrimitive, 'rqi'>): string {
  const { rt, rp, rcn, drt, fc } = request;
  let query = '';
  if (rt !== undefined) query += `&rt=${rt}`;
  if (rp !== undefined) query += `&rp=${percentEncode(rp)}`;
  if (rcn !== undefined) query += `&rcn=${rcn}`;
  if (drt !== undefined) query += `&drt=${drt}`;
  return (fc === undefined ? query : query + filterQuery(fc)).slice(1);
}

function filterQuery(fc: FilterCriteria): string {
  let query = '';
  for (const { field } of FILTER_ROWS) {
    const value = (fc as Fields)[field];
    if (value === undefined) continue;
    const text = Array.isArray(value)
      ? value.map((one) => percentEncode(String(one))).join('+')
      : percentEncode(String(value));
    query += `&${field}=${text}`;
  }
  for (const [name, value] of Object.entries(fc.atr ?? {})) query += `&${percentEncode(name)}=${percentEncode(value)}`;
  return query;
}

/** The parameters that a query holds. A name that is no parameter is an attribute condition (TS-0009 6.2.2.2). */
export interface QueryParameters {
  readonly parameters: Pick<RequestPrimitive, 'rt' | 'rp' | 'rcn' | 'drt'>;
  readonly fc: FilterCriteria | undefined;
}

/** Reads a query component. Throws CseError `cse/bad-request` (4000) for a number that is none, or too many fields. */
export function fromQuery(query: string): QueryParameters {
  const request: Record<string, unknown> = {};
  const criteria: Record<string, unknown> = {};
  const attributes: Record<string, string> = {};
  const fields = query === '' ? [] : query.split('&', MAX_FIELDS + 1);
  if (fields.length > MAX_FIELDS) throw bad(`more than ${MAX_FIELDS} query fields`);
  for (const field of fields) {
    const split = field.indexOf('=');
    const name = percentDecode(split === -1 ? field : field.slice(0, split));
    const value = split === -1 ? '' : field.slice(split + 1);
    if (name === '') continue;
    const row = ROWS.get(name);
    if (row === undefined) define(attributes, name, percentDecode(value));
    else readField(row, value, row.of === 'request' ? request : criteria);
  }
  if (Object.keys(attributes).length > 0) criteria.atr = attributes;
  return { parameters: request, fc: Object.keys(criteria).length > 0 ? criteria : undefined };
}

function readField(row: QueryRow, value: string, into: Record<string, unknown>): void {
  const many = row.form === 'list' || row.form === 'integers';
  const read = (text: string) =>
    row.form === 'integer' || row.form === 'integers' ? integer(row, text) : percentDecode(text);
  if (!many) {
    into[row.field] = read(value);
    return;
  }
  const before = into[row.field];
  const values = value
    .split('+')
    .filter((text) => text !== '')
    .map(read);
  into[row.field] = Array.isArray(before) ? [...before, ...values] : values;
}

function integer(row: QueryRow, text: string): number {
  const value = parseInteger(percentDecode(text));
  if (value === undefined) throw bad(`query field ${row.field} is not a whole number`);
  return value;
}

/** A plain assignment to `__proto__` would be lost or worse. */
function define(into: Record<string, string>, name: string, value: string): void {
  Object.defineProperty(into, name, { value, enumerable: true, configurable: true, writable: true });
}

function bad(message: string): CseError {
  return new CseError('cse/bad-request', message, { rsc: 4000 });
}
