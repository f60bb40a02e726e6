import { codeText, methodCode } from './codes.ts';
import type { CoapMessage } from './message.ts';
import { HEADER_ROOM, MessageWriter, OPTION_ROOM, textRoom, UINT_ROOM } from './message-writer.ts';
import { readUint } from './option-cursor.ts';
import { isCritical, isUnderstood, OPTION } from './options.ts';
import type { CoapCode, CoapMethod } from './types.ts';

/** A request of ours to a peer. It carries no Uri-Host: devices refuse one. */
export interface OutgoingRequest {
  readonly method: CoapMethod;
  /** Uri-Path, one entry a segment, each up to 255 bytes. */
  readonly path: readonly string[];
  /** Uri-Query, one entry an option, each up to 255 bytes. */
  readonly query?: readonly string[];
  readonly contentFormat?: number;
  readonly accept?: number;
  readonly observe?: number;
  readonly payload?: string | Buffer;
  /** CON unless false. */
  readonly confirmable?: boolean;
}

/** What a peer answered. Numbers are those of the options of that name; payload and etag point into the datagram. */
export interface CoapReply {
  readonly code: CoapCode;
  readonly locationPath: readonly string[];
  readonly contentFormat?: number;
  readonly observe?: number;
  /** Seconds. */
  readonly maxAge?: number;
  readonly etag?: Buffer;
  /** Values of the block options (RFC 7959 2.2). */
  readonly block1?: number;
  readonly block2?: number;
  readonly payload: Buffer;
}

/** How long and until when a request of ours may take. */
export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds from the call to the reply, the wait for earlier requests to the same peer included. */
  readonly timeout?: number;
}

const writer = new MessageWriter();

/** Bytes that a request takes at most. */
export function requestRoom(request: OutgoingRequest): number {
  let room = HEADER_ROOM + 4 * UINT_ROOM + 1;
  for (const segment of request.path) room += OPTION_ROOM + textRoom(segment);
  for (const argument of request.query ?? []) room += OPTION_ROOM + textRoom(argument);
  const payload = request.payload ?? '';
  return room + (typeof payload === 'string' ? textRoom(payload) : payload.length);
}

/** The datagram of a request. */
export function encodeRequest(request: OutgoingRequest, type: number, messageId: number, token: Buffer): Buffer {
  const buffer = Buffer.allocUnsafe(requestRoom(request));
  writer.begin(buffer, 0, type, methodCode(request.method), messageId, token, 0, token.length);
  if (request.observe !== undefined) writer.uint(OPTION.OBSERVE, request.observe);
  for (const segment of request.path) writer.text(OPTION.URI_PATH, segment);
  if (request.contentFormat !== undefined) writer.uint(OPTION.CONTENT_FORMAT, request.contentFormat);
  for (const argument of request.query ?? []) writer.text(OPTION.URI_QUERY, argument);
  if (request.accept !== undefined) writer.uint(OPTION.ACCEPT, request.accept);
  if (request.payload !== undefined) writer.payload(request.payload);
  return buffer.subarray(0, writer.at);
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The reply in a message; undefined when it must be rejected for a critical option (RFC 7252 5.4.1). */
export function replyOf(message: CoapMessage): CoapReply | undefined {
  const locationPath: string[] = [];
  const reply: Writable<CoapReply> = { code: codeText(message.code), locationPath, payload: message.payload };
  let previous = 0;
  for (const { number, value } of message.options) {
    if (!isUnderstood(number, value.length, number === previous)) {
      if (isCritical(number)) return undefined;
    } else if (number === OPTION.LOCATION_PATH) {
      locationPath.push(value.toString('utf8'));
    } else if (number === OPTION.ETAG) {
      reply.etag = value;
    } else {
      const key = NUMBERS[number];
      if (key !== undefined) reply[key] = readUint(value, 0, value.length);
    }
    previous = number;
  }
  return reply;
}

const NUMBERS: Readonly<Record<number, 'contentFormat' | 'observe' | 'maxAge' | 'block1' | 'block2'>> = {
  [OPTION.OBSERVE]: 'observe',
  [OPTION.CONTENT_FORMAT]: 'contentFormat',
  [OPTION.MAX_AGE]: 'maxAge',
  [OPTION.BLOCK2]: 'block2',
  [OPTION.BLOCK1]: 'block1',
};
