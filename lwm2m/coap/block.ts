/** A Block1 or Block2 option (RFC 7959 2.2). */
export interface Block {
  readonly number: number;
  readonly more: boolean;
  /** Exponent of the size: 2^(szx + 4) bytes, 0 to 6; 7 is reserved. */
  readonly szx: number;
}

/** The exponent that RFC 7959 2.2 reserves: a request that carries it is answered 4.00. */
export const RESERVED_SZX = 7;

/** The most that a block option holds: 20 bits (RFC 7959 2.2). */
export const MAX_BLOCK_NUMBER = 0xf_ffff;

/** Reads the value of a block option, an unsigned integer of up to three bytes. */
export function blockOf(value: number): Block {
  return { number: value >>> 4, more: (value & 8) !== 0, szx: value & 7 };
}

/** The value of a block option. */
export function blockValue(number: number, more: boolean, szx: number): number {
  return number * 16 + (more ? 8 : 0) + szx;
}

/** Bytes of a block. */
export function blockSize(szx: number): number {
  return 1 << (szx + 4);
}

/** The exponent of a size of 16, 32 … 1024 bytes. */
export function szxOf(size: number): number {
  return Math.min(6, Math.max(0, Math.floor(Math.log2(size)) - 4));
}
