/** What RFC 7252 5.10 says of one option. Lengths in bytes. */
export interface OptionRow {
  readonly number: number;
  readonly name: string;
  readonly minLength: number;
  readonly maxLength: number;
  readonly repeatable: boolean;
  readonly clause: string;
}

/** Numbers of the options this endpoint reads or writes. */
export const OPTION = {
  URI_HOST: 3,
  ETAG: 4,
  OBSERVE: 6,
  URI_PORT: 7,
  LOCATION_PATH: 8,
  URI_PATH: 11,
  CONTENT_FORMAT: 12,
  MAX_AGE: 14,
  URI_QUERY: 15,
  ACCEPT: 17,
  LOCATION_QUERY: 20,
  BLOCK2: 23,
  BLOCK1: 27,
  SIZE2: 28,
  PROXY_URI: 35,
  PROXY_SCHEME: 39,
  SIZE1: 60,
} as const;

/**
 * The options that are understood. If-Match (1) and If-None-Match (5) are left out on purpose: they are critical, and a
 * handler cannot see them, so a request that carries one is refused rather than carried out unconditionally.
 */
export const OPTIONS: readonly OptionRow[] = [
  { number: 3, name: 'Uri-Host', minLength: 1, maxLength: 255, repeatable: false, clause: 'RFC 7252 5.10.1' },
  { number: 4, name: 'ETag', minLength: 1, maxLength: 8, repeatable: true, clause: 'RFC 7252 5.10.6' },
  { number: 6, name: 'Observe', minLength: 0, maxLength: 3, repeatable: false, clause: 'RFC 7641 2' },
  { number: 7, name: 'Uri-Port', minLength: 0, maxLength: 2, repeatable: false, clause: 'RFC 7252 5.10.1' },
  { number: 8, name: 'Location-Path', minLength: 0, maxLength: 255, repeatable: true, clause: 'RFC 7252 5.10.7' },
  { number: 11, name: 'Uri-Path', minLength: 0, maxLength: 255, repeatable: true, clause: 'RFC 7252 5.10.1' },
  { number: 12, name: 'Content-Format', minLength: 0, maxLength: 2, repeatable: false, clause: 'RFC 7252 5.10.3' },
  { number: 14, name: 'Max-Age', minLength: 0, maxLength: 4, repeatable: false, clause: 'RFC 7252 5.10.5' },
  { number: 15, name: 'Uri-Query', minLength: 0, maxLength: 255, repeatable: true, clause: 'RFC 7252 5.10.1' },
  { number: 17, name: 'Accept', minLength: 0, maxLength: 2, repeatable: false, clause: 'RFC 7252 5.10.4' },
  { number: 20, name: 'Location-Query', minLength: 0, maxLength: 255, repeatable: true, clause: 'RFC 7252 5.10.7' },
  { number: 23, name: 'Block2', minLength: 0, maxLength: 3, repeatable: false, clause: 'RFC 7959 2.1' },
  { number: 27, name: 'Block1', minLength: 0, maxLength: 3, repeatable: false, clause: 'RFC 7959 2.1' },
  { number: 28, name: 'Size2', minLength: 0, maxLength: 4, repeatable: false, clause: 'RFC 7959 4' },
  { number: 35, name: 'Proxy-Uri', minLength: 1, maxLength: 1034, repeatable: false, clause: 'RFC 7252 5.10.2' },
  { number: 39, name: 'Proxy-Scheme', minLength: 1, maxLength: 255, repeatable: false, clause: 'RFC 7252 5.10.2' },
  { number: 60, name: 'Size1', minLength: 0, maxLength: 4, repeatable: false, clause: 'RFC 7252 5.10.9' },
];

const TABLE_SIZE = 64;
const MIN_LENGTH = new Int16Array(TABLE_SIZE).fill(-1);
const MAX_LENGTH = new Int16Array(TABLE_SIZE).fill(-1);
const REPEATABLE = new Uint8Array(TABLE_SIZE);
for (const row of OPTIONS) {
  MIN_LENGTH[row.number] = row.minLength;
  MAX_LENGTH[row.number] = row.maxLength;
  REPEATABLE[row.number] = row.repeatable ? 1 : 0;
}

/**
 * True when an option of this number and length is understood. `again`: the message has had one of this number. A wrong
 * length and a supernumerary occurrence make it an unrecognized option (RFC 7252 5.4.3, 5.4.5).
 */
export function isUnderstood(number: number, length: number, again: boolean): boolean {
  return (
    number < TABLE_SIZE &&
    length <= (MAX_LENGTH[number] as number) &&
    length >= (MIN_LENGTH[number] as number) &&
    (!again || REPEATABLE[number] === 1)
  );
}

/** True when a message with this option must be refused by whoever does not understand it (RFC 7252 5.4.1). */
export function isCritical(number: number): boolean {
  return (number & 1) === 1;
}
