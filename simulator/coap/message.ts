/** Message types (RFC 7252 3). */
export const CONFIRMABLE = 0;
export const NON_CONFIRMABLE = 1;
export const ACKNOWLEDGEMENT = 2;
export const RESET = 3;

/** Numbers of the options that a device reads or writes (RFC 7252 5.10, RFC 7641, RFC 7959). */
export const Option = {
  ifMatch: 1,
  uriHost: 3,
  etag: 4,
  ifNoneMatch: 5,
  observe: 6,
  uriPort: 7,
  locationPath: 8,
  uriPath: 11,
  contentFormat: 12,
  uriQuery: 15,
  accept: 17,
  block2: 23,
  block1: 27,
} as const;

/** One option as it stands on the wire. */
export interface CoapOption {
  readonly number: number;
  readonly value: Buffer;
}

/** One CoAP message (RFC 7252 3); `code` is dotted, `0.00` when it is empty. */
export interface CoapMessage {
  readonly type: number;
  readonly code: string;
  readonly id: number;
  readonly token: Buffer;
  readonly options: readonly CoapOption[];
  readonly payload: Buffer;
}

const HEADER = 4;
const LONGEST_TOKEN = 8;
const PAYLOAD_MARKER = 0xff;
const NOTHING = Buffer.alloc(0);

/** Reads a datagram; undefined for what is no CoAP message. */
export function readMessage(bytes: Buffer): CoapMessage | undefined {
  const [first = 0, code = 0] = bytes;
  const tokenLength = first & 15;
  if (bytes.length < HEADER + tokenLength || first >> 6 !== 1 || tokenLength > LONGEST_TOKEN) return undefined;
  if (code === 0 && bytes.length > HEADER) return undefined;
  const options: CoapOption[] = [];
  let at = HEADER + tokenLength;
  let number = 0;
  while (at < bytes.length && bytes[at] !== PAYLOAD_MARKER) {
    const head = bytes[at] as number;
    const delta = extended(bytes, at + 1, head >> 4);
    const length = delta && extended(bytes, delta.next, head & 15);
    if (!delta || !length || length.next + length.value > bytes.length) return undefined;
    number += delta.value;
    at = length.next + length.value;
    options.push({ number, value: bytes.subarray(length.next, at) });
  }
  if (at === bytes.length - 1) return undefined;
  return {
    type: (first >> 4) & 3,
    code: `${code >> 5}.${String(code & 31).padStart(2, '0')}`,
    id: bytes.readUInt16BE(2),
    token: bytes.subarray(HEADER, HEADER + tokenLength),
    options,
    payload: at < bytes.length ? bytes.subarray(at + 1) : NOTHING,
  };
}

/** Writes a message; its options in any order. */
export function writeMessage({ type, code, id, token, options, payload }: CoapMessage): Buffer {
  const [group, detail] = code.split('.').map(Number) as [number, number];
  const header = Buffer.of(0x40 | (type << 4) | token.length, (group << 5) | detail, id >> 8, id & 0xff);
  const parts: Buffer[] = [header, token];
  let previous = 0;
  for (const { number, value } of [...options].sort((a, b) => a.number - b.number)) {
    const [deltaNibble, deltaMore] = packed(number - previous);
    const [lengthNibble, lengthMore] = packed(value.length);
    parts.push(Buffer.of((deltaNibble << 4) | lengthNibble), deltaMore, lengthMore, value);
    previous = number;
  }
  if (payload.length > 0) parts.push(Buffer.of(PAYLOAD_MARKER), payload);
  return Buffer.concat(parts);
}

/** An empty message: acknowledgement or reset (RFC 7252 4.1). */
export function emptyMessage(type: number, id: number): Buffer {
  return Buffer.of(0x40 | (type << 4), 0, id >> 8, id & 0xff);
}

/** The values of a repeatable option as text. */
export function texts({ options }: CoapMessage, number: number): string[] {
  return options.filter((option) => option.number === number).map(({ value }) => value.toString());
}

/** The value of an option that holds a number; undefined where it is absent (RFC 7252 3.2). */
export function uint({ options }: CoapMessage, number: number): number | undefined {
  const value = options.find((option) => option.number === number)?.value;
  if (value === undefined || value.length > 4) return undefined;
  return value.length === 0 ? 0 : value.readUIntBE(0, value.length);
}

/** A number as an option holds it: in as few bytes as it needs. */
export function uintOption(number: number, value: number): CoapOption {
  const bytes: number[] = [];
  for (let left = value; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return { number, value: Buffer.from(bytes) };
}

function extended(bytes: Buffer, at: number, nibble: number): { value: number; next: number } | undefined {
  if (nibble < 13) return { value: nibble, next: at };
  if (nibble === 13) return at < bytes.length ? { value: bytes.readUInt8(at) + 13, next: at + 1 } : undefined;
  if (nibble === 15 || at + 2 > bytes.length) return undefined;
  return { value: bytes.readUInt16BE(at) + 269, next: at + 2 };
}

function packed(value: number): [nibble: number, more: Buffer] {
  if (value < 13) return [value, NOTHING];
  if (value < 269) return [13, Buffer.of(value - 13)];
  return [14, Buffer.of((value - 269) >> 8, (value - 269) & 0xff)];
}
