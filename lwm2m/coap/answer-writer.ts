import { CODE, responseCodeByte } from './codes.ts';
import { HEADER_ROOM, type MessageWriter, OPTION_ROOM, textRoom, UINT_ROOM } from './message-writer.ts';
import { OPTION } from './options.ts';
import { ABSENT } from './request-reader.ts';
import type { CoapResponse } from './types.ts';

/** Options of an answer that the message layer adds; {@link ABSENT} where there is none. */
export interface AnswerBlocks {
  /** Value of Block1: the block this acknowledges (RFC 7959 2.3). */
  readonly block1: number;
  /** Value of Block2: the block this carries; `payload` is already cut. */
  readonly block2: number;
  /** Value of Size1 with 4.13 (RFC 7959 4). */
  readonly size1: number;
  /** Value of Size2: bytes of the whole answer, in its first block (RFC 7959 4). */
  readonly size2: number;
  /** The same for every block of one answer (RFC 7959 2.4). */
  readonly etag: Buffer | undefined;
}

/** An answer that is no block of anything. */
export const NO_BLOCKS: AnswerBlocks = {
  block1: ABSENT,
  block2: ABSENT,
  size1: ABSENT,
  size2: ABSENT,
  etag: undefined,
};

const FIXED_ROOM = HEADER_ROOM + 8 * UINT_ROOM + 1;
/** Seconds of Max-Age are an unsigned integer of four bytes (RFC 7252 5.10.5). */
const MAX_UINT = 0xffff_ffff;

/** Bytes that an answer takes at most. */
export function answerRoom(response: CoapResponse): number {
  let room = FIXED_ROOM;
  if (response.locationPath !== undefined) {
    for (const segment of response.locationPath) room += OPTION_ROOM + textRoom(segment);
  }
  const payload = response.payload;
  if (payload !== undefined) room += typeof payload === 'string' ? textRoom(payload) : payload.length;
  return room;
}

/**
 * Writes an answer with the token of `request` into `buffer` from `at`; where it ends. The caller made
 * {@link answerRoom} bytes free. A code that is no response code goes out as 5.00.
 */
export function writeAnswer(
  writer: MessageWriter,
  buffer: Buffer,
  at: number,
  type: number,
  messageId: number,
  token: Buffer,
  response: CoapResponse,
  blocks: AnswerBlocks,
): number {
  const code = responseCodeByte(response.code) ?? CODE.INTERNAL_SERVER_ERROR;
  writer.begin(buffer, at, type, code, messageId, token, 0, token.length);
  if (blocks.etag !== undefined) writer.opaque(OPTION.ETAG, blocks.etag);
  if (response.locationPath !== undefined) {
    for (const segment of response.locationPath) writer.text(OPTION.LOCATION_PATH, segment);
  }
  if (response.contentFormat !== undefined) writer.uint(OPTION.CONTENT_FORMAT, response.contentFormat);
  if (response.maxAge !== undefined) writer.uint(OPTION.MAX_AGE, Math.min(Math.max(0, response.maxAge), MAX_UINT));
  if (blocks !== NO_BLOCKS) {
    if (blocks.block2 !== ABSENT) writer.uint(OPTION.BLOCK2, blocks.block2);
    if (blocks.block1 !== ABSENT) writer.uint(OPTION.BLOCK1, blocks.block1);
    if (blocks.size2 !== ABSENT) writer.uint(OPTION.SIZE2, blocks.size2);
    if (blocks.size1 !== ABSENT) writer.uint(OPTION.SIZE1, blocks.size1);
  }
  if (response.payload !== undefined) writer.payload(response.payload);
  return writer.at;
}
