import { isUtf8 } from 'node:buffer';

/** Longer texts are not worth remembering. */
const REMEMBERED_LENGTH = 24;
const REMEMBERED_TEXTS = 512;

/**
 * Turns the bytes of string options into strings (RFC 7252 3.2). The same few (`rd`, `lwm2m=1.1`, …) come in nearly every
 * request: a small table of those last seen gives them back without a new string.
 */
export class TextReader {
  readonly #remembered: string[] = new Array<string>(REMEMBERED_TEXTS).fill('');

  /** The text of `data[start..end)`; undefined when it is not UTF-8. */
  read(data: Buffer, start: number, end: number): string | undefined {
    let hash = end - start;
    let bits = 0;
    for (let at = start; at < end; at++) {
      const byte = data[at] as number;
      bits |= byte;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    if (bits > 0x7f) {
      const bytes = data.subarray(start, end);
      return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
    }
    if (end - start > REMEMBERED_LENGTH) return data.toString('latin1', start, end);
    const place = (hash ^ (hash >>> 9)) & (REMEMBERED_TEXTS - 1);
    const known = this.#remembered[place] as string;
    if (isSame(known, data, start, end)) return known;
    const text = data.toString('latin1', start, end);
    this.#remembered[place] = text;
    return text;
  }
}

function isSame(text: string, data: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== data[start + i]) return false;
  return true;
}
