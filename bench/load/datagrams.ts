/** Length of the fixed part of every request here: header and a token of four bytes. */
const HEAD = 8;
const DIGITS = 7;

const CON_TOKEN_4 = 0x44;
const EMPTY_ACK = 0x60;
const EMPTY_RST = 0x70;

/** Request codes (RFC 7252 12.1.1). */
export const POST = 0x02;
export const DELETE = 0x04;

function option(delta: number, value: string): Buffer {
  const bytes = Buffer.from(value);
  if (delta > 12 || bytes.length > 268) throw new RangeError('option too long for this writer');
  const extended = bytes.length > 12;
  const head = [(delta << 4) | (extended ? 13 : bytes.length), ...(extended ? [bytes.length - 13] : [])];
  return Buffer.concat([Buffer.from(head), bytes]);
}

function writeHead(target: Buffer, code: number, messageId: number, token: number): void {
  target[0] = CON_TOKEN_4;
  target[1] = code;
  target[2] = messageId >> 8;
  target[3] = messageId & 0xff;
  target[4] = token >>> 24;
  target[5] = (token >>> 16) & 0xff;
  target[6] = (token >>> 8) & 0xff;
  target[7] = token & 0xff;
}

/** A Register datagram (RFC 7252 3; LwM2M Register) in which only endpoint number, message id and token change. */
export class RegisterDatagram {
  readonly length: number;
  readonly #template: Buffer;
  readonly #digitsAt: number;

  constructor(prefix: string, lifetime: number, links: string) {
    const zeros = '0'.repeat(DIGITS);
    const before = Buffer.concat([Buffer.alloc(HEAD), option(11, 'rd'), Buffer.from([0x11, 40])]);
    const name = option(3, `ep=${prefix}${zeros}`);
    const rest = [option(0, `lt=${lifetime}`), option(0, 'lwm2m=1.1'), option(0, 'b=U'), Buffer.from([0xff])];
    this.#template = Buffer.concat([before, name, ...rest, Buffer.from(links)]);
    this.#digitsAt = before.length + name.length - DIGITS;
    this.length = this.#template.length;
  }

  write(target: Buffer, messageId: number, token: number, endpoint: number): void {
    this.#template.copy(target);
    writeHead(target, POST, messageId, token);
    for (let at = this.#digitsAt + DIGITS - 1, left = endpoint; left > 0; at--, left = Math.floor(left / 10)) {
      target[at] = 0x30 + (left % 10);
    }
  }
}

/** The Uri-Path options that lead back to each endpoint's registration, as the server named it in Location-Path. */
export class Locations {
  static readonly #STRIDE = 64;
  readonly #bytes: Buffer;

  constructor(endpoints: number) {
    this.#bytes = Buffer.alloc(endpoints * Locations.#STRIDE);
  }

  /** Takes the Location-Path options (8) of an answer whose options begin at `at`; false when there are none. */
  store(endpoint: number, answer: Buffer, start: number): boolean {
    const base = endpoint * Locations.#STRIDE;
    let to = base + 1;
    let number = 0;
    let at = start;
    while (at < answer.length && answer[at] !== 0xff) {
      const first = answer[at++] as number;
      let delta = first >> 4;
      let length = first & 15;
      if (delta === 13) delta = 13 + (answer[at++] as number);
      else if (delta > 13) return false;
      if (length === 13) length = 13 + (answer[at++] as number);
      else if (length > 13) return false;
      number += delta;
      if (number === 8) {
        if (to + 2 + length > base + Locations.#STRIDE) return false;
        const optionDelta = to === base + 1 ? 11 : 0;
        this.#bytes[to++] = (optionDelta << 4) | (length > 12 ? 13 : length);
        if (length > 12) this.#bytes[to++] = length - 13;
        for (let index = 0; index < length; index++) this.#bytes[to++] = answer[at + index] as number;
      }
      at += length;
    }
    this.#bytes[base] = to - base - 1;
    return to > base + 1;
  }

  has(endpoint: number): boolean {
    return this.#bytes[endpoint * Locations.#STRIDE] !== 0;
  }

  forget(endpoint: number): void {
    this.#bytes[endpoint * Locations.#STRIDE] = 0;
  }

  /** Writes an Update (POST) or De-register (DELETE) of that endpoint and returns its length. */
  write(target: Buffer, code: number, messageId: number, token: number, endpoint: number): number {
    writeHead(target, code, messageId, token);
    const base = endpoint * Locations.#STRIDE;
    const length = this.#bytes[base] as number;
    for (let index = 0; index < length; index++) target[HEAD + index] = this.#bytes[base + 1 + index] as number;
    return HEAD + length;
  }
}

/** An empty acknowledgement or reset of a message (RFC 7252 4.2). */
export function emptyMessage(kind: 'ACK' | 'RST', messageId: number): Buffer {
  return Buffer.from([kind === 'ACK' ? EMPTY_ACK : EMPTY_RST, 0, messageId >> 8, messageId & 0xff]);
}

/** `2.04` of 0x44. */
export function codeText(code: number): string {
  return `${code >> 5}.${String(code & 31).padStart(2, '0')}`;
}
