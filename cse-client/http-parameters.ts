import { Operation, type RequestPrimitive, type ResponsePrimitive } from './primitive.ts';

/** How a value stands in a header or a query field. `list` is joined by `+` (TS-0009 6.2.2.2). */
export type ParameterForm = 'text' | 'integer' | 'list' | 'integers';

/** One primitive parameter that an HTTP header carries. */
export interface HeaderRow<Parameter extends string> {
  /** As we write it; it is compared without regard to case (TS-0009 5.1). */
  readonly header: string;
  /** `header` in lower case, as node:http and undici hand it over. */
  readonly key: string;
  readonly parameter: Parameter;
  readonly form: 'text' | 'integer';
  readonly clause: string;
}

function header<P extends string>(
  name: string,
  parameter: P,
  clause: string,
  form: HeaderRow<P>['form'] = 'text',
): HeaderRow<P> {
  return { header: name, key: name.toLowerCase(), parameter, form, clause: `TS-0009 ${clause}` };
}

/** The request parameters that travel in headers (TS-0009 6.4). */
export const REQUEST_HEADERS: readonly HeaderRow<
  Exclude<keyof RequestPrimitive & string, 'op' | 'to' | 'pc' | 'fc'>
>[] = [
  header('X-M2M-Origin', 'fr', '6.4.7'),
  header('X-M2M-RI', 'rqi', '6.4.8'),
  header('X-M2M-RVI', 'rvi', '6.4.22'),
  header('X-M2M-GID', 'gid', '6.4.10'),
  header('X-M2M-RTU', 'rtu', '6.4.11'),
  header('X-M2M-OT', 'ot', '6.4.12'),
  header('X-M2M-RST', 'rset', '6.4.13'),
  header('X-M2M-RET', 'rqet', '6.4.14'),
  header('X-M2M-OET', 'oet', '6.4.15'),
  header('X-M2M-EC', 'ec', '6.4.16'),
  header('X-M2M-VSI', 'vsi', '6.4.23'),
];

/** The response parameters that travel in headers (TS-0009 6.4). */
export const RESPONSE_HEADERS: readonly HeaderRow<Exclude<keyof ResponsePrimitive & string, 'pc'>>[] = [
  header('X-M2M-RSC', 'rsc', '6.4.17', 'integer'),
  header('X-M2M-RI', 'rqi', '6.4.8'),
  header('X-M2M-RVI', 'rvi', '6.4.22'),
  header('X-M2M-Origin', 'fr', '6.4.7'),
  header('X-M2M-OT', 'ot', '6.4.12'),
  header('X-M2M-RST', 'rset', '6.4.13'),
  header('X-M2M-EC', 'ec', '6.4.16'),
  header('X-M2M-CTS', 'cnst', '6.4.20', 'integer'),
  header('X-M2M-CTO', 'cnot', '6.4.21', 'integer'),
  header('X-M2M-VSI', 'vsi', '6.4.23'),
];

/** One query field of TS-0009 table 6.2.2.2-1: a parameter of the request itself or an element of its filter criteria. */
export interface QueryRow {
  readonly field: string;
  readonly of: 'request' | 'filter';
  readonly form: ParameterForm;
}

const request = (field: string, form: ParameterForm): QueryRow => ({ field, of: 'request', form });
const filter = (field: string, form: ParameterForm): QueryRow => ({ field, of: 'filter', form });

/**
 * The query fields (TS-0009 table 6.2.2.2-1); each has the short name of its parameter. `rn` and `cr` are attribute
 * conditions, which stand under their own name there; `chty`, `pty` and `arp` come from TS-0004 6.3.5.8.
 */
export const QUERY_FIELDS: readonly QueryRow[] = [
  request('rt', 'integer'),
  request('rp', 'text'),
  request('rcn', 'integer'),
  request('drt', 'integer'),
  filter('fu', 'integer'),
  filter('ty', 'integers'),
  filter('chty', 'integers'),
  filter('pty', 'integers'),
  filter('lbl', 'list'),
  filter('cty', 'list'),
  filter('rn', 'text'),
  filter('cr', 'text'),
  filter('lim', 'integer'),
  filter('ofst', 'integer'),
  filter('lvl', 'integer'),
  filter('crb', 'text'),
  filter('cra', 'text'),
  filter('ms', 'text'),
  filter('us', 'text'),
  filter('exb', 'text'),
  filter('exa', 'text'),
  filter('sts', 'integer'),
  filter('stb', 'integer'),
  filter('sza', 'integer'),
  filter('szb', 'integer'),
  filter('fo', 'integer'),
  filter('arp', 'text'),
];

/** Method of an operation (TS-0009 table 6.2.1-1). A POST is a CREATE when its Content-Type has a `ty`, else a NOTIFY. */
export const METHODS: Readonly<Record<Operation, string>> = {
  [Operation.create]: 'POST',
  [Operation.retrieve]: 'GET',
  [Operation.update]: 'PUT',
  [Operation.delete]: 'DELETE',
  [Operation.notify]: 'POST',
};

/** Media types of a body that is JSON (TS-0004 table 6.7-1 and TS-0009 6.4.3). */
export const JSON_MEDIA_TYPES: readonly string[] = [
  'application/json',
  'application/vnd.onem2m-res+json',
  'application/vnd.onem2m-ntfy+json',
  'application/vnd.onem2m-preq+json',
  'application/vnd.onem2m-prsp+json',
];

const INTEGER = /^\s*(\d{1,15})(?:\.0*)?\s*$/;

/** A non-negative integer as text; also `2001.0`, as a CSE that keeps every number as floating point writes it. */
export function parseInteger(text: string): number | undefined {
  const match = INTEGER.exec(text);
  return match === null ? undefined : Number(match[1]);
}
