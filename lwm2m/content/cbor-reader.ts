import { DecodeError } from '../../common/index.ts';
import { readUtf8 } from './utf8.ts';

/** A CBOR item that is no container; null stands for null and undefined. */
export type CborScalar = number | bigint | string | boolean | Buffer | null;

/** Major types (RFC 8949 3.1). */
const CBOR_UNSIGNED = 0;
const CBOR_NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
export const CBOR_ARRAY = 4;
export const CBOR_MAP = 5;
const TAG = 6;

const BREAK = 0xff;
const INDEFINITE = 31;
const TWO_32 = 0x1_0000_0000;
const MAX_TAGS = 4;
const MAX_CHUNKS = 16_384;
const MAX_BIGNUM_BYTES = 16;
const MAX_EXPONENT = 1200;

/**
 * Reads CBOR (RFC 8949) item by item. Counts and lengths are checked against the bytes that are left before anything is
 * read or allocated; nesting is bounded. Throws DecodeError `content/syntax`, `content/limit` or `content/value`.
 */
export class CborReader {
  readonly #bytes: Buffer;
  readonly #depth: number;
  #at = 0;

  constructor(bytes: Buffer, depth: number) {
    this.#bytes = bytes;
    this.#depth = depth;
  }

  /** The major type of the next item. */
  major(): number {
    return this.#peek() >> 5;
  }

  /** Enters an array; the number of its items, -1 for indefinite length. */
  array(): number {
    return this.#container(CBOR_ARRAY, 1);
  }

  /** Enters a map; the number of its pairs, -1 for indefinite length. */
  map(): number {
    return this.#container(CBOR_MAP, 2);
  }

  /** True when a container of `length` (-1: indefinite) is over after `read` entries; takes the break of an indefinite one. */
  isOver(length: number, read: number): boolean {
    if (length >= 0) return read === length;
    if (this.#peek() !== BREAK) return false;
    this.#at++;
    return true;
  }

  /** Throws when something follows the item that was read. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw this.#syntax('Bytes follow the CBOR item');
  }

  /**
   * The next item, which must be no array and no map. Bignums, decimal fractions and bigfloats become numbers, other tags
   * are left off (RFC 8949 3.4).
   */
  scalar(): CborScalar {
    const initial = this.#bytes[this.#at] as number;
    // What most items are: small integers, and texts of less than 24 bytes.
    if (initial < 0x18) {
      this.#at++;
      return initial;
    }
    if (initial >= 0x60 && initial < 0x78) {
      const start = this.#at + 1;
      const end = start + initial - 0x60;
      if (end > this.#bytes.length) throw this.#syntax('CBOR ends too early');
      this.#at = end;
      return readUtf8(this.#bytes, start, end);
    }
    return this.#anyScalar();
  }

  #anyScalar(): CborScalar {
    for (let tags = 0; tags <= MAX_TAGS; tags++) {
      const initial = this.#take();
      const info = initial & 0x1f;
      switch (initial >> 5) {
        case CBOR_UNSIGNED:
          return this.#integer(info);
        case CBOR_NEGATIVE: {
          const value = this.#integer(info);
          return typeof value === 'bigint' || value === Number.MAX_SAFE_INTEGER ? -1n - BigInt(value) : -1 - value;
        }
        case BYTES:
          return this.#string(info, BYTES);
        case TEXT: {
          if (info === INDEFINITE) {
            const bytes = this.#string(info, TEXT);
            return readUtf8(bytes, 0, bytes.length);
          }
          const end = this.#lengthOf(info);
          const start = this.#at;
          this.#at = end;
          return readUtf8(this.#bytes, start, end);
        }
        case TAG: {
          const tag = this.#argument(info);
          if (tag === 2 || tag === 3) return this.#bignum(tag);
          if (tag === 4 || tag === 5) return this.#fraction(tag);
          break;
        }
        case 7:
          return this.#simple(info);
        default:
          throw new DecodeError('content/value', 'An array or map stands where a value belongs', this.#at - 1);
      }
    }
    throw new DecodeError('content/limit', `More than ${MAX_TAGS} tags on one CBOR item`, this.#at);
  }

  /** Passes over the next item whatever it is. */
  skip(depth = 0): void {
    if (depth > this.#depth) throw new DecodeError('content/limit', 'CBOR is nested too deeply', this.#at);
    const major = this.major();
    if (major !== CBOR_ARRAY && major !== CBOR_MAP) {
      if (major === TAG) {
        this.#argument(this.#take() & 0x1f);
        this.skip(depth + 1);
      } else {
        this.scalar();
      }
      return;
    }
    const length = major === CBOR_ARRAY ? this.array() : this.map();
    for (let read = 0; !this.isOver(length, read); read++) {
      this.skip(depth + 1);
      if (major === CBOR_MAP) this.skip(depth + 1);
    }
  }

  #syntax(message: string): DecodeError {
    return new DecodeError('content/syntax', message, this.#at);
  }

  #peek(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw this.#syntax('CBOR ends too early');
    return byte;
  }

  #take(): number {
    const byte = this.#peek();
    this.#at++;
    return byte;
  }

  /** Moves on by `count` bytes, which must be there, and gives the place before them. */
  #pass(count: number): number {
    const start = this.#at;
    if (count > this.#bytes.length - start) throw this.#syntax('CBOR ends too early');
    this.#at = start + count;
    return start;
  }

  /** The argument of an initial byte (RFC 8949 3); beyond 2^53 it is not exact. */
  #argument(info: number): number {
    if (info < 24) return info;
    switch (info) {
      case 24:
        return this.#take();
      case 25:
        return this.#bytes.readUInt16BE(this.#pass(2));
      case 26:
        return this.#bytes.readUInt32BE(this.#pass(4));
      case 27: {
        const start = this.#pass(8);
        return this.#bytes.readUInt32BE(start) * TWO_32 + this.#bytes.readUInt32BE(start + 4);
      }
      default:
        throw this.#syntax('Not a CBOR length');
    }
  }

  #integer(info: number): number | bigint {
    const value = this.#argument(info);
    return value <= Number.MAX_SAFE_INTEGER ? value : this.#bytes.readBigUInt64BE(this.#at - 8);
  }

  /** Where a string of this initial byte ends. */
  #lengthOf(info: number): number {
    const length = this.#argument(info);
    if (length > this.#bytes.length - this.#at) throw this.#syntax('CBOR ends too early');
    return this.#at + length;
  }

  /** A byte string, or the bytes of a text, on its own memory. */
  #string(info: number, major: number): Buffer {
    if (info !== INDEFINITE) {
      const end = this.#lengthOf(info);
      const start = this.#at;
      this.#at = end;
      return Buffer.from(this.#bytes.subarray(start, end));
    }
    const chunks: Buffer[] = [];
    while (!this.isOver(-1, 0)) {
      const initial = this.#take();
      if (initial >> 5 !== major) throw this.#syntax('A chunk of another type in a CBOR string');
      const end = this.#lengthOf(initial & 0x1f);
      const chunk = this.#bytes.subarray(this.#at, end);
      if (major === TEXT) readUtf8(chunk, 0, chunk.length);
      if (chunks.push(chunk) > MAX_CHUNKS) {
        throw new DecodeError('content/limit', 'A CBOR string is in too many chunks', this.#at);
      }
      this.#at = end;
    }
    return Buffer.concat(chunks);
  }

  #bignum(tag: number): number | bigint {
    const initial = this.#take();
    if (initial >> 5 !== BYTES) throw this.#syntax('A CBOR bignum is a byte string');
    const bytes = this.#string(initial & 0x1f, BYTES);
    if (bytes.length > MAX_BIGNUM_BYTES) throw new DecodeError('content/limit', 'A CBOR bignum is too long', this.#at);
    const magnitude = bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
    const value = tag === 2 ? magnitude : -1n - magnitude;
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  /** A decimal fraction or bigfloat: exponent and mantissa (RFC 8949 3.4.4). */
  #fraction(tag: number): number {
    const length = this.array();
    if (length !== 2) throw this.#syntax('A CBOR fraction has two parts');
    const exponent = this.#part();
    const mantissa = this.major() === TAG ? this.#taggedBignum() : this.#part();
    if (typeof exponent !== 'number' || Math.abs(exponent) > MAX_EXPONENT) {
      throw new DecodeError('content/limit', 'The exponent of a CBOR fraction is too large', this.#at);
    }
    return tag === 4 ? Number(`${mantissa}e${exponent}`) : Number(mantissa) * 2 ** exponent;
  }

  #taggedBignum(): number | bigint {
    const tag = this.#argument(this.#take() & 0x1f);
    if (tag !== 2 && tag !== 3) throw this.#syntax('The mantissa of a CBOR fraction is an integer');
    return this.#bignum(tag);
  }

  #part(): number | bigint {
    const major = this.major();
    if (major !== CBOR_UNSIGNED && major !== CBOR_NEGATIVE)
      throw this.#syntax('A part of a CBOR fraction is an integer');
    return this.scalar() as number | bigint;
  }

  #simple(info: number): number | boolean | null {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        return halfPrecision(this.#bytes.readUInt16BE(this.#pass(2)));
      case 26:
        return this.#bytes.readFloatBE(this.#pass(4));
      case 27:
        return this.#bytes.readDoubleBE(this.#pass(8));
      default:
        throw this.#syntax('Not a CBOR value');
    }
  }

  #container(major: number, itemsPerEntry: number): number {
    const initial = this.#take();
    if (initial >> 5 !== major) {
      this.#at--;
      throw this.#syntax(major === CBOR_MAP ? 'A CBOR map is expected' : 'A CBOR array is expected');
    }
    const info = initial & 0x1f;
    if (info === INDEFINITE) return -1;
    const length = this.#argument(info);
    if (length > (this.#bytes.length - this.#at) / itemsPerEntry) {
      throw this.#syntax('A CBOR container promises more than there is');
    }
    return length;
  }
}

/** IEEE 754 half precision (RFC 8949 appendix D). */
function halfPrecision(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
