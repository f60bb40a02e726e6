import { isUtf8 } from 'node:buffer';
import { DecodeError } from '../../common/index.ts';
import type { ContentLimits } from './limits.ts';

/** JSON as it was read; bigint where an integer is beyond 2^53. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json };

/** An integer that long may not fit a number; digits after a point never matter. */
const LONG_INTEGER = /(?<![.\d])\d{16}/;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
/** Sign and digits of 64 bits; longer integers are only worth their magnitude. */
const EXACT_LENGTH = 21;
/** Up to here nesting cannot hurt. */
const SHORT = 4096;

/**
 * Reads a JSON payload. Integers beyond 2^53 keep their digits as bigint. Throws DecodeError `content/syntax`, or
 * `content/limit` for nesting beyond the limit in a long or such a text.
 */
export function readJson(payload: Buffer, limits: ContentLimits): Json {
  if (!isUtf8(payload)) throw new DecodeError('content/syntax', 'JSON is not UTF-8');
  const text = payload.toString('utf8');
  if (LONG_INTEGER.test(text)) return new JsonReader(text, limits.depth).document();
  if (text.length > SHORT) checkDepth(text, limits.depth);
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new DecodeError('content/syntax', 'Payload is not JSON');
  }
}

/** The place behind the string that starts at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code === 0x5c) at++;
  }
  return text.length;
}

function checkDepth(text: string, limit: number): void {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        at = endOfString(text, at) - 1;
        break;
      case 0x5b:
      case 0x7b:
        if (++depth > limit) throw new DecodeError('content/limit', 'JSON is nested too deeply', at);
        break;
      case 0x5d:
      case 0x7d:
        depth--;
    }
  }
}

/** Reads JSON (RFC 8259) with exact integers: slower than JSON.parse, which rounds them. */
class JsonReader {
  readonly #text: string;
  readonly #limit: number;
  #at = 0;

  constructor(text: string, limit: number) {
    this.#text = text;
    this.#limit = limit;
  }

  document(): Json {
    const value = this.#value(0);
    this.#blank();
    if (this.#at !== this.#text.length) throw this.#syntax();
    return value;
  }

  #syntax(): DecodeError {
    return new DecodeError('content/syntax', 'Payload is not JSON', this.#at);
  }

  #blank(): void {
    for (; ; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }

  #value(depth: number): Json {
    this.#blank();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(this.#deeper(depth));
      case '[':
        return this.#array(this.#deeper(depth));
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #deeper(depth: number): number {
    if (depth >= this.#limit) throw new DecodeError('content/limit', 'JSON is nested too deeply', this.#at);
    this.#at++;
    return depth + 1;
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#syntax();
    this.#at += word.length;
    return value;
  }

  #number(): number | bigint {
    NUMBER.lastIndex = this.#at;
    const found = NUMBER.exec(this.#text);
    if (found === null) throw this.#syntax();
    this.#at = NUMBER.lastIndex;
    const value = Number(found[0]);
    if (found[1] !== undefined || found[2] !== undefined || found[0].length > EXACT_LENGTH) return value;
    return Number.isSafeInteger(value) ? value : BigInt(found[0]);
  }

  /** A string, of which only the end is found here. */
  #string(): string {
    const start = this.#at;
    if (this.#text[start] !== '"') throw this.#syntax();
    const end = endOfString(this.#text, start);
    this.#at = end;
    try {
      return JSON.parse(this.#text.slice(start, end)) as string;
    } catch {
      throw this.#syntax();
    }
  }

  /** Takes the mark between entries; false when it is the closing one. */
  #goesOn(close: string): boolean {
    this.#blank();
    const mark = this.#text[this.#at];
    if (mark !== close && mark !== ',') throw this.#syntax();
    this.#at++;
    return mark === ',';
  }

  #isEmpty(close: string): boolean {
    this.#blank();
    if (this.#text[this.#at] !== close) return false;
    this.#at++;
    return true;
  }

  #array(depth: number): Json[] {
    const items: Json[] = [];
    if (this.#isEmpty(']')) return items;
    do items.push(this.#value(depth));
    while (this.#goesOn(']'));
    return items;
  }

  #object(depth: number): { [key: string]: Json } {
    const entries: [string, Json][] = [];
    if (this.#isEmpty('}')) return {};
    do {
      this.#blank();
      const key = this.#string();
      this.#blank();
      if (this.#text[this.#at] !== ':') throw this.#syntax();
      this.#at++;
      entries.push([key, this.#value(depth)]);
    } while (this.#goesOn('}'));
    return Object.fromEntries(entries);
  }
}
