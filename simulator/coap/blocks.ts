import { createHash } from 'node:crypto';

/** A Block1 or Block2 option (RFC 7959 2.2). */
export interface Block {
  readonly number: number;
  readonly more: boolean;
  /** Bytes: 16, 32 … 1024. */
  readonly size: number;
}

/** Reads the value of a block option; undefined for the reserved size. */
export function readBlock(value: number): Block | undefined {
  const exponent = value & 7;
  return exponent === 7 ? undefined : { number: value >>> 4, more: (value & 8) !== 0, size: 2 ** (exponent + 4) };
}

/** The value of a block option. */
export function blockValue({ number, more, size }: Block): number {
  return number * 16 + (more ? 8 : 0) + (Math.log2(size) - 4);
}

/** A representation, and what tells it from an earlier one of the same resource. */
export interface Representation {
  readonly contentFormat: number | undefined;
  readonly payload: Buffer;
  readonly etag: Buffer;
}

/** The last long representations that were sent, for requests of their later blocks (RFC 7959 2.4); bounded. */
export class Representations {
  readonly #limit: number;
  readonly #kept = new Map<string, Representation>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): Representation | undefined {
    return this.#kept.get(key);
  }

  /** Keeps a representation instead of the earlier one of the same key. */
  keep(key: string, contentFormat: number | undefined, payload: Buffer): Representation {
    const before = this.#kept.get(key);
    if (before?.payload === payload) return before;
    const etag = createHash('sha256').update(payload).digest().subarray(0, 4);
    const representation = { contentFormat, payload, etag };
    this.#kept.delete(key);
    this.#kept.set(key, representation);
    if (this.#kept.size > this.#limit) this.#kept.delete(this.#kept.keys().next().value as string);
    return representation;
  }
}

/** What became of a block of a payload. */
export type Upload = { readonly whole: Buffer } | { readonly code: '2.31' | '4.08' | '4.13' };

/** Puts the blocks of payloads together, one payload at a time (RFC 7959 2.5). */
export class BlockUploads {
  readonly #maxBytes: number;
  #key = '';
  #parts: Buffer[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes a block: 2.31 while more follow, 4.08 for one that is not the next, 4.13 above the limit. */
  take(key: string, { number, more, size }: Block, payload: Buffer): Upload {
    if (number === 0) this.#begin(key);
    const place = number * size;
    if (key !== this.#key || place > this.#length) return { code: '4.08' };
    // A block that comes again, as after a lost answer, was taken before.
    if (place === this.#length) {
      this.#parts.push(Buffer.from(payload));
      this.#length += payload.length;
    }
    if (this.#length > this.#maxBytes) {
      this.#begin('');
      return { code: '4.13' };
    }
    if (more) return { code: '2.31' };
    const whole = Buffer.concat(this.#parts);
    this.#begin('');
    return { whole };
  }

  #begin(key: string): void {
    this.#key = key;
    this.#parts = [];
    this.#length = 0;
  }
}
