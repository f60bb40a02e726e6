import { methodCode } from './codes.ts';
import { HEADER_ROOM, MessageWriter, OPTION_ROOM, textRoom, UINT_ROOM } from './message-writer.ts';
import { OPTION } from './options.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import { ABSENT } from './request-reader.ts';

/** One message of a request of ours; {@link ABSENT} where it has no such option. */
export interface RequestPart {
  readonly payload: Buffer;
  /** Value of Block1: which block of the payload this is (RFC 7959 2.3). */
  readonly block1: number;
  /** Value of Block2: which block of the reply this asks for (RFC 7959 2.4). */
  readonly block2: number;
  /** Value of Size1: bytes of the whole payload, with its first block (RFC 7959 4). */
  readonly size1: number;
  /** True when it only fetches more of a reply: without Observe (RFC 7959 2.6). */
  readonly fetchesRest: boolean;
}

const writer = new MessageWriter();

/** Bytes that a message of a request takes at most. */
export function requestRoom(request: OutgoingRequest, part: RequestPart): number {
  let room = HEADER_ROOM + 6 * UINT_ROOM + 1 + part.payload.length;
  for (const segment of request.path) room += OPTION_ROOM + textRoom(segment);
  for (const argument of request.query ?? []) room += OPTION_ROOM + textRoom(argument);
  return room;
}

/** The datagram of a message of a request. Every part has the same options but Observe and those of blocks. */
export function encodeRequest(
  request: OutgoingRequest,
  part: RequestPart,
  type: number,
  messageId: number,
  token: Buffer,
): Buffer {
  const buffer = Buffer.allocUnsafe(requestRoom(request, part));
  writer.begin(buffer, 0, type, methodCode(request.method), messageId, token, 0, token.length);
  if (request.observe !== undefined && !part.fetchesRest) writer.uint(OPTION.OBSERVE, request.observe);
  for (const segment of request.path) writer.text(OPTION.URI_PATH, segment);
  if (request.contentFormat !== undefined) writer.uint(OPTION.CONTENT_FORMAT, request.contentFormat);
  for (const argument of request.query ?? []) writer.text(OPTION.URI_QUERY, argument);
  if (request.accept !== undefined) writer.uint(OPTION.ACCEPT, request.accept);
  if (part.block2 !== ABSENT) writer.uint(OPTION.BLOCK2, part.block2);
  if (part.block1 !== ABSENT) writer.uint(OPTION.BLOCK1, part.block1);
  if (part.size1 !== ABSENT) writer.uint(OPTION.SIZE1, part.size1);
  writer.payload(part.payload);
  return buffer.subarray(0, writer.at);
}
