import type { CoapCode, CoapMethod } from './types.ts';

/** Type of a message as it stands in the header (RFC 7252 3). */
export const CON = 0;
/** Non-confirmable (RFC 7252 4.3). */
export const NON = 1;
/** Acknowledgement (RFC 7252 4.2). */
export const ACK = 2;
/** Reset (RFC 7252 4.2). */
export const RST = 3;

/** Methods by their code 0.01 to 0.07 (RFC 7252 12.1.1, RFC 8132 4); index 0 is the empty message. */
export const METHODS: readonly (CoapMethod | undefined)[] = [
  undefined,
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'FETCH',
  'PATCH',
  'iPATCH',
];

/** The code byte of a method. */
export function methodCode(method: CoapMethod): number {
  return METHODS.indexOf(method);
}

/** Code bytes that the message layer itself answers with (RFC 7252 12.1.2, RFC 7959 6). */
export const CODE = {
  EMPTY: 0x00,
  CONTINUE: 0x5f, // 2.31
  BAD_REQUEST: 0x80, // 4.00
  BAD_OPTION: 0x82, // 4.02
  METHOD_NOT_ALLOWED: 0x85, // 4.05
  REQUEST_ENTITY_INCOMPLETE: 0x88, // 4.08
  REQUEST_ENTITY_TOO_LARGE: 0x8d, // 4.13
  INTERNAL_SERVER_ERROR: 0xa0, // 5.00
  SERVICE_UNAVAILABLE: 0xa3, // 5.03
  PROXYING_NOT_SUPPORTED: 0xa5, // 5.05
} as const;

const CODE_TEXTS: readonly CoapCode[] = Array.from(
  { length: 256 },
  (_, byte) => `${byte >> 5}.${String(byte & 31).padStart(2, '0')}` as CoapCode,
);

const CODE_BYTES = new Map<string, number>(CODE_TEXTS.map((text, byte) => [text, byte]));

/** A code byte in its dotted form, `0x45` is `2.05` (RFC 7252 3). */
export function codeText(byte: number): CoapCode {
  return CODE_TEXTS[byte & 0xff] as CoapCode;
}

/** The byte of a dotted response code (classes 2 to 5); undefined for anything else. */
export function responseCodeByte(code: string): number | undefined {
  const byte = CODE_BYTES.get(code);
  return byte !== undefined && isResponseCode(byte) ? byte : undefined;
}

/** True for the classes 2 to 5 (RFC 7252 12.1); 1, 6 and 7 are reserved. */
export function isResponseCode(byte: number): boolean {
  return byte >= 0x40 && byte < 0xc0;
}
