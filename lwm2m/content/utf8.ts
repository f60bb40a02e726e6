import { isUtf8 } from 'node:buffer';
import { DecodeError } from '../../common/index.ts';

const LONE_SURROGATE = /\p{Surrogate}/u;

/** The text of `bytes[start..end)`. Throws DecodeError `content/syntax` when it is not UTF-8. */
export function readUtf8(bytes: Buffer, start: number, end: number): string {
  let bits = 0;
  for (let at = start; at < end; at++) bits |= bytes[at] as number;
  if (bits < 0x80) return readAscii(bytes, start, end);
  if (!isUtf8(bytes.subarray(start, end))) throw new DecodeError('content/syntax', 'Text is not UTF-8', start);
  return bytes.toString('utf8', start, end);
}

/** Short texts, which most names are, cost less without a call into the engine's library. */
function readAscii(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length > 8) return bytes.toString('latin1', start, end);
  const a = bytes[start] as number;
  const b = bytes[start + 1] as number;
  const c = bytes[start + 2] as number;
  const d = bytes[start + 3] as number;
  if (length < 5) {
    if (length === 1) return String.fromCharCode(a);
    if (length === 2) return String.fromCharCode(a, b);
    if (length === 3) return String.fromCharCode(a, b, c);
    return length === 0 ? '' : String.fromCharCode(a, b, c, d);
  }
  const e = bytes[start + 4] as number;
  const f = bytes[start + 5] as number;
  const g = bytes[start + 6] as number;
  if (length === 5) return String.fromCharCode(a, b, c, d, e);
  if (length === 6) return String.fromCharCode(a, b, c, d, e, f);
  if (length === 7) return String.fromCharCode(a, b, c, d, e, f, g);
  return String.fromCharCode(a, b, c, d, e, f, g, bytes[start + 7] as number);
}

/** False when a text holds half of a surrogate pair, which UTF-8 cannot carry. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}
