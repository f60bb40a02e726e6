/** As in CborWriter. */
const SCRATCH = Buffer.allocUnsafeSlow(4_096);
const TWO_32 = 0x1_0000_0000;

/**
 * Writes from the end towards the start, so that a header can be written when the length of what it heads is known:
 * what is written first stands last.
 */
export class TailWriter {
  #bytes: Buffer = SCRATCH;
  #start = SCRATCH.length;

  /** How many bytes are written. */
  get length(): number {
    return this.#bytes.length - this.#start;
  }

  /** What was written, on memory of its own; to be asked for before another is written. */
  bytes(): Buffer {
    const written = Buffer.allocUnsafe(this.length);
    this.#bytes.copy(written, 0, this.#start);
    return written;
  }

  /** An unsigned integer in so many bytes (1 to 4). */
  unsigned(value: number, size: number): void {
    this.#reserve(size);
    let rest = value;
    for (let at = this.#start + size - 1; at >= this.#start; at--) {
      this.#bytes[at] = rest & 0xff;
      rest >>>= 8;
    }
  }

  /** An integer in 8 bytes, of which the sign is the caller's business. */
  long(value: number | bigint): void {
    this.#reserve(8);
    if (typeof value === 'bigint') {
      this.#bytes.writeBigUInt64BE(BigInt.asUintN(64, value), this.#start);
    } else {
      this.#bytes.writeInt32BE(Math.floor(value / TWO_32) | 0, this.#start);
      this.#bytes.writeInt32BE(value | 0, this.#start + 4);
    }
  }

  float(value: number): void {
    this.#reserve(4);
    this.#bytes.writeFloatBE(value, this.#start);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#bytes.writeDoubleBE(value, this.#start);
  }

  append(bytes: Buffer): void {
    this.#reserve(bytes.length);
    bytes.copy(this.#bytes, this.#start);
  }

  /** A text, well-formed, as UTF-8. */
  text(value: string): void {
    const size = Buffer.byteLength(value);
    this.#reserve(size);
    this.#bytes.write(value, this.#start, 'utf8');
  }

  #reserve(size: number): void {
    if (size > this.#start) {
      const length = this.length;
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, length + size + SCRATCH.length));
      this.#bytes.copy(larger, larger.length - length, this.#start);
      this.#start = larger.length - length;
      this.#bytes = larger;
    }
    this.#start -= size;
  }
}
