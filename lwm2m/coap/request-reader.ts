import { RESERVED_SZX } from './block.ts';
import { CODE, METHODS } from './codes.ts';
import { OPTION_FOUND, OPTIONS_MALFORMED, OptionCursor, readUint } from './option-cursor.ts';
import { isCritical, isUnderstood, OPTION } from './options.ts';
import { TextReader } from './text-reader.ts';
import type { CoapMethod, CoapRequest, Peer } from './types.ts';

/** The request can be served. */
export const READ = 0;
/** The datagram is no CoAP message. */
export const MALFORMED = -1;

/** The value of a numeric option that is not there. */
export const ABSENT = -1;

/** More segments, or more query arguments, than any request needs: 4.00. */
const MAX_TEXT_OPTIONS = 128;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Never written to: it only says that there are none. */
const NO_TEXTS: string[] = [];
const NO_BYTES = Buffer.alloc(0);

/**
 * Reads requests, one at a time: {@link read} leaves its findings in the fields, {@link request} makes the object of them.
 * One reader serves all datagrams, so that nothing is allocated for a datagram that is refused.
 */
export class RequestReader {
  /** Values of Block1, Block2 and Size1; {@link ABSENT} where the request has none (RFC 7959 2.1, 4). */
  block1 = ABSENT;
  block2 = ABSENT;
  size1 = ABSENT;
  #path: string[] = NO_TEXTS;
  #query: string[] = NO_TEXTS;
  #contentFormat = ABSENT;
  #accept = ABSENT;
  #observe = ABSENT;
  readonly #cursor = new OptionCursor();
  readonly #texts = new TextReader();

  /**
   * {@link READ}, {@link MALFORMED}, or the code byte of the refusal. The datagram's header is sound and its options
   * begin at `optionsStart`. Malformed comes before any refusal.
   */
  read(data: Buffer, code: number, optionsStart: number): number {
    this.block1 = this.block2 = this.size1 = ABSENT;
    this.#contentFormat = this.#accept = this.#observe = ABSENT;
    this.#path = this.#query = NO_TEXTS;
    const cursor = this.#cursor;
    cursor.begin(data, optionsStart);
    let verdict = code < METHODS.length ? READ : CODE.METHOD_NOT_ALLOWED;
    let previous = 0;
    let found = cursor.next();
    while (found === OPTION_FOUND) {
      const number = cursor.number;
      if (isUnderstood(number, cursor.end - cursor.start, number === previous)) {
        const refusal = this.#option(data, number, cursor.start, cursor.end);
        if (refusal !== READ && verdict === READ) verdict = refusal;
      } else if (isCritical(number) && verdict === READ) {
        verdict = CODE.BAD_OPTION;
      }
      previous = number;
      found = cursor.next();
    }
    return found === OPTIONS_MALFORMED ? MALFORMED : verdict;
  }

  /** The request last read. */
  request(peer: Peer, data: Buffer): CoapRequest {
    const tokenLength = (data[0] as number) & 15;
    const payload = this.#cursor.payload;
    const request: Writable<CoapRequest> = {
      peer,
      method: METHODS[data[1] as number] as CoapMethod,
      path: this.#path,
      query: this.#query,
      token: tokenLength === 0 ? NO_BYTES : data.subarray(4, 4 + tokenLength),
      payload: payload === data.length ? NO_BYTES : data.subarray(payload),
      messageId: ((data[2] as number) << 8) | (data[3] as number),
    };
    if (this.#contentFormat !== ABSENT) request.contentFormat = this.#contentFormat;
    if (this.#accept !== ABSENT) request.accept = this.#accept;
    if (this.#observe !== ABSENT) request.observe = this.#observe;
    return request;
  }

  #option(data: Buffer, number: number, start: number, end: number): number {
    switch (number) {
      case OPTION.URI_PATH:
        if (this.#path === NO_TEXTS) this.#path = [];
        return this.#text(this.#path, data, start, end);
      case OPTION.URI_QUERY:
        if (this.#query === NO_TEXTS) this.#query = [];
        return this.#text(this.#query, data, start, end);
      case OPTION.CONTENT_FORMAT:
        this.#contentFormat = readUint(data, start, end);
        return READ;
      case OPTION.ACCEPT:
        this.#accept = readUint(data, start, end);
        return READ;
      case OPTION.OBSERVE:
        this.#observe = readUint(data, start, end);
        return READ;
      case OPTION.BLOCK1:
        this.block1 = readUint(data, start, end);
        return (this.block1 & 7) === RESERVED_SZX ? CODE.BAD_REQUEST : READ;
      case OPTION.BLOCK2:
        this.block2 = readUint(data, start, end);
        return (this.block2 & 7) === RESERVED_SZX ? CODE.BAD_REQUEST : READ;
      case OPTION.SIZE1:
        this.size1 = readUint(data, start, end);
        return READ;
      case OPTION.PROXY_URI:
      case OPTION.PROXY_SCHEME:
        return CODE.PROXYING_NOT_SUPPORTED;
      default:
        return READ; // Uri-Host and Uri-Port name this endpoint, the rest says nothing in a request.
    }
  }

  #text(into: string[], data: Buffer, start: number, end: number): number {
    const text = into.length < MAX_TEXT_OPTIONS ? this.#texts.read(data, start, end) : undefined;
    if (text === undefined) return CODE.BAD_REQUEST;
    into.push(text);
    return READ;
  }
}
