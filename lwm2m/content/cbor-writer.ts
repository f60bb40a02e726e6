import { inexpressible } from './codec-context.ts';
import { isWellFormed } from './utf8.ts';

const TWO_32 = 0x1_0000_0000;

/** What is written stands here first: one at a time, as everything is written without a pause. Larger payloads have their own. */
const SCRATCH = Buffer.allocUnsafeSlow(4_096);

/** Writes CBOR in its shortest form, except that floats have 32 or 64 bits: devices often read no half precision. */
export class CborWriter {
  #bytes: Buffer = SCRATCH;
  #at = 0;

  /** What was written, on memory of its own; to be asked for before another is written. */
  bytes(): Buffer {
    const written = Buffer.allocUnsafe(this.#at);
    this.#bytes.copy(written, 0, 0, this.#at);
    return written;
  }

  /** The head of an array of so many items. */
  array(length: number): void {
    this.#head(4, length);
  }

  /** The head of a map of so many pairs. */
  map(length: number): void {
    this.#head(5, length);
  }

  /** An integer of at most 64 bits. */
  integer(value: number | bigint): void {
    if (typeof value === 'bigint') this.#bigint(value);
    else if (value < 0) this.#head(1, -1 - value);
    else this.#head(0, value);
  }

  /** A number as integer where it is one, else as float. */
  number(value: number): void {
    if (Number.isSafeInteger(value)) this.integer(value);
    else this.float(value);
  }

  /** A float of 32 bits where that is exact, else of 64. */
  float(value: number): void {
    this.#reserve(9);
    if (Math.fround(value) === value || Number.isNaN(value)) {
      this.#bytes[this.#at] = 0xfa;
      this.#bytes.writeFloatBE(value, this.#at + 1);
      this.#at += 5;
    } else {
      this.#bytes[this.#at] = 0xfb;
      this.#bytes.writeDoubleBE(value, this.#at + 1);
      this.#at += 9;
    }
  }

  boolean(value: boolean): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value ? 0xf5 : 0xf4;
  }

  byteString(value: Buffer): void {
    this.#head(2, value.length);
    this.#reserve(value.length);
    this.#at += value.copy(this.#bytes, this.#at);
  }

  /** A text. Throws IpeError `content/value` when it is not well-formed Unicode. */
  text(value: string): void {
    const length = value.length;
    if (length < 24) {
      this.#reserve(1 + length);
      const start = this.#at + 1;
      let bits = 0;
      for (let index = 0; index < length; index++) {
        const code = value.charCodeAt(index);
        bits |= code;
        this.#bytes[start + index] = code;
      }
      if (bits < 0x80) {
        this.#bytes[this.#at] = 0x60 | length;
        this.#at = start + length;
        return;
      }
    }
    if (!isWellFormed(value)) throw inexpressible('value', 'A text is not well-formed Unicode');
    const size = Buffer.byteLength(value);
    this.#head(3, size);
    this.#reserve(size);
    this.#at += this.#bytes.write(value, this.#at, 'utf8');
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }

  #head(major: number, argument: number): void {
    this.#reserve(9);
    const initial = major << 5;
    if (argument < 24) {
      this.#bytes[this.#at++] = initial | argument;
    } else if (argument < 0x100) {
      this.#bytes[this.#at++] = initial | 24;
      this.#bytes[this.#at++] = argument;
    } else if (argument < 0x1_0000) {
      this.#bytes[this.#at] = initial | 25;
      this.#at = this.#bytes.writeUInt16BE(argument, this.#at + 1);
    } else if (argument < TWO_32) {
      this.#bytes[this.#at] = initial | 26;
      this.#at = this.#bytes.writeUInt32BE(argument, this.#at + 1);
    } else {
      this.#bytes[this.#at] = initial | 27;
      this.#at = this.#bytes.writeUInt32BE(Math.floor(argument / TWO_32), this.#at + 1);
      this.#at = this.#bytes.writeUInt32BE(argument % TWO_32, this.#at);
    }
  }

  #bigint(value: bigint): void {
    const magnitude = value < 0n ? -1n - value : value;
    if (magnitude <= Number.MAX_SAFE_INTEGER) {
      this.#head(value < 0n ? 1 : 0, Number(magnitude));
      return;
    }
    this.#reserve(9);
    this.#bytes[this.#at] = value < 0n ? 0x3b : 0x1b;
    this.#at = this.#bytes.writeBigUInt64BE(magnitude, this.#at + 1);
  }
}
