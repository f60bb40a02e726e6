/** What {@link OptionCursor.next} found. */
export const OPTION_FOUND = 1;
/** All options were read; `payload` says where the payload begins. */
const OPTIONS_END = 0;
/** The bytes are no CoAP options (RFC 7252 3.1): the message is to be rejected. */
export const OPTIONS_MALFORMED = -1;

const PAYLOAD_MARKER = 0xff;
/** Numbers above are not defined by RFC 7252 12.2. */
const MAX_OPTION_NUMBER = 65_535;
const NO_BYTES = Buffer.alloc(0);

/** Walks over the options of a message without allocating; never reads or points outside the datagram. */
export class OptionCursor {
  /** Number of the option found. */
  number = 0;
  /** Its value is `data[start..end)`. */
  start = 0;
  end = 0;
  /** Where the payload begins once the end was met; the length of the datagram when there is none. */
  payload = 0;
  #data: Buffer = NO_BYTES;
  #at = 0;

  /** Sets out at the first option of a datagram. */
  begin(data: Buffer, at: number): void {
    this.#data = data;
    this.#at = at;
    this.number = 0;
    this.payload = data.length;
  }

  next(): number {
    const data = this.#data;
    const length = data.length;
    let at = this.#at;
    if (at >= length) return OPTIONS_END;
    const head = data[at++] as number;
    if (head === PAYLOAD_MARKER) {
      this.payload = at;
      // A marker followed by a payload of zero length is a format error (RFC 7252 3).
      return at < length ? OPTIONS_END : OPTIONS_MALFORMED;
    }
    let delta = head >> 4;
    if (delta >= 13) {
      if (delta === 15) return OPTIONS_MALFORMED;
      if (delta === 13) {
        if (at >= length) return OPTIONS_MALFORMED;
        delta = (data[at++] as number) + 13;
      } else {
        if (at + 1 >= length) return OPTIONS_MALFORMED;
        delta = (((data[at] as number) << 8) | (data[at + 1] as number)) + 269;
        at += 2;
      }
    }
    let size = head & 15;
    if (size >= 13) {
      if (size === 15) return OPTIONS_MALFORMED;
      if (size === 13) {
        if (at >= length) return OPTIONS_MALFORMED;
        size = (data[at++] as number) + 13;
      } else {
        if (at + 1 >= length) return OPTIONS_MALFORMED;
        size = (((data[at] as number) << 8) | (data[at + 1] as number)) + 269;
        at += 2;
      }
    }
    const end = at + size;
    this.number += delta;
    if (end > length || this.number > MAX_OPTION_NUMBER) return OPTIONS_MALFORMED;
    this.start = at;
    this.end = end;
    this.#at = end;
    return OPTION_FOUND;
  }
}

/** The unsigned integer in `data[start..end)`, at most four bytes, leading zeros allowed (RFC 7252 3.2). */
export function readUint(data: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 256 + (data[at] as number);
  return value;
}
