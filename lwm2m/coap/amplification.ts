import { blockSize } from './block.ts';
import type { Peer } from './types.ts';

/** Bytes of an answer in blocks that are not payload: header, token, ETag, Content-Format, Block2, Size2, marker. */
const BLOCK_OVERHEAD = 4 + 8 + 5 + 3 + 4 + 4 + 1;
const LARGEST_SZX = 6;

/**
 * Bytes that the answer to a datagram may have, repetitions included, at most `times` those of the question: a sender's
 * address may be false, and whoever lives there must not be flooded by us (RFC 7252 11.3). A peer with an identity is where
 * it says.
 */
export function answerRoomFor(peer: Peer, question: Buffer, times: number): number {
  return peer.identity === undefined ? times * question.length : Number.POSITIVE_INFINITY;
}

/** Exponent of the largest block with which an answer stays within `room`; blocks of 16 bytes fit any question. */
export function szxWithin(room: number): number {
  let szx = LARGEST_SZX;
  while (szx > 0 && blockSize(szx) + BLOCK_OVERHEAD > room) szx--;
  return szx;
}

/** How often a message of so many bytes may be repeated within `room`. */
export function repetitionsWithin(room: number, bytes: number): number {
  return Math.max(0, Math.floor(room / bytes) - 1);
}
