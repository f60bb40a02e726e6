const NO_BYTES = Buffer.alloc(0);
/** Below this many characters a loop in JavaScript beats the call into the runtime. */
const SHORT_TEXT = 48;

/**
 * Writes one message into a buffer of the caller, options in ascending order of number. The caller sees to the room:
 * {@link textRoom} and the constants below say how much a part can take at most.
 */
export class MessageWriter {
  /** Where the next byte goes. */
  at = 0;
  #buffer: Buffer = NO_BYTES;
  #number = 0;

  /** Header and token (RFC 7252 3). `token` is `tokenSource[tokenStart..tokenStart + tokenLength)`. */
  begin(
    buffer: Buffer,
    at: number,
    type: number,
    code: number,
    messageId: number,
    tokenSource: Buffer,
    tokenStart: number,
    tokenLength: number,
  ): void {
    this.#buffer = buffer;
    this.#number = 0;
    buffer[at] = 0x40 | (type << 4) | tokenLength;
    buffer[at + 1] = code;
    buffer[at + 2] = messageId >> 8;
    buffer[at + 3] = messageId & 0xff;
    for (let i = 0; i < tokenLength; i++) buffer[at + 4 + i] = tokenSource[tokenStart + i] as number;
    this.at = at + 4 + tokenLength;
  }

  /** An option of format uint, in as few bytes as hold it (RFC 7252 3.2); 0 to 2^32 - 1. */
  uint(number: number, value: number): void {
    const length = value === 0 ? 0 : value < 0x100 ? 1 : value < 0x1_0000 ? 2 : value < 0x100_0000 ? 3 : 4;
    this.#head(number, length);
    for (let shift = (length - 1) * 8; shift >= 0; shift -= 8) this.#buffer[this.at++] = (value >>> shift) & 0xff;
  }

  /** An option of format string. */
  text(number: number, value: string): void {
    const length = value.length;
    if (length > SHORT_TEXT || !isAscii(value)) {
      this.#head(number, Buffer.byteLength(value));
      this.at += this.#buffer.write(value, this.at, 'utf8');
      return;
    }
    this.#head(number, length);
    for (let i = 0; i < length; i++) this.#buffer[this.at++] = value.charCodeAt(i);
  }

  /** An option of format opaque. */
  opaque(number: number, value: Uint8Array): void {
    this.#head(number, value.length);
    this.#buffer.set(value, this.at);
    this.at += value.length;
  }

  /** Marker and payload; nothing for an empty one (RFC 7252 3). */
  payload(value: string | Uint8Array): void {
    if (value.length === 0) return;
    this.#buffer[this.at++] = 0xff;
    if (typeof value === 'string') {
      this.at += this.#buffer.write(value, this.at, 'utf8');
    } else {
      this.#buffer.set(value, this.at);
      this.at += value.length;
    }
  }

  #head(number: number, length: number): void {
    const buffer = this.#buffer;
    const delta = number - this.#number;
    this.#number = number;
    const head = this.at++;
    buffer[head] = (this.#extended(delta) << 4) | this.#extended(length);
  }

  /** Nibble of a delta or length; writes its extended bytes (RFC 7252 3.1). */
  #extended(value: number): number {
    if (value < 13) return value;
    if (value < 269) {
      this.#buffer[this.at++] = value - 13;
      return 13;
    }
    this.#buffer[this.at++] = (value - 269) >> 8;
    this.#buffer[this.at++] = (value - 269) & 0xff;
    return 14;
  }
}

/** Bytes that header and token take at most. */
export const HEADER_ROOM = 12;
/** Bytes that an option takes at most beside its value. */
export const OPTION_ROOM = 5;
/** Bytes that an option of format uint takes at most. */
export const UINT_ROOM = 9;

/** Bytes that a text takes at most in UTF-8. */
export function textRoom(text: string): number {
  return text.length * 3;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
