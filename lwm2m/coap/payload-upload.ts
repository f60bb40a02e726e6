import { blockOf, blockSize, blockValue, MAX_BLOCK_NUMBER, RESERVED_SZX } from './block.ts';
import { isSuccess, type ReplyMessage } from './reply-reader.ts';
import { ABSENT } from './request-reader.ts';
import type { RequestPart } from './request-writer.ts';

/**
 * What a reply means to the upload: the next block is to be sent, or all anew; this is the reply to the whole payload; it
 * answers an earlier block and means nothing; or it does not fit the block that was sent.
 */
export type UploadStep = 'next' | 'anew' | 'final' | 'stale' | 'broken';

/** The payload of a request of ours on its way, in one message or in blocks (RFC 7959 2.3, 2.5). Pure. */
export class PayloadUpload {
  readonly #payload: Buffer;
  #szx: number;
  #inBlocks: boolean;
  #offset = 0;
  #shrunk = false;
  #startedOver = false;

  /** `szx` is the exponent of the block size; a payload that fits into one block goes without Block1. */
  constructor(payload: Buffer, szx: number) {
    this.#payload = payload;
    this.#szx = szx;
    this.#inBlocks = payload.length > blockSize(szx);
  }

  /** True when other requests to the same peer would disturb it: some devices answer them 5.03. */
  get inBlocks(): boolean {
    return this.#inBlocks;
  }

  /** True while blocks follow the one that {@link part} gives. */
  get hasMore(): boolean {
    return this.#inBlocks && this.#end < this.#payload.length;
  }

  /** The message to be sent now. */
  part(): RequestPart {
    if (!this.#inBlocks) {
      return { payload: this.#payload, block1: ABSENT, block2: ABSENT, size1: ABSENT, fetchesRest: false };
    }
    const start = this.#offset;
    return {
      payload: this.#payload.subarray(start, this.#end),
      block1: blockValue(this.#number, this.hasMore, this.#szx),
      block2: ABSENT,
      size1: start === 0 ? this.#payload.length : ABSENT,
      fetchesRest: false,
    };
  }

  /** Takes the reply to {@link part}; `piggybacked` ones cannot be those of an earlier block (RFC 7252 5.2.1). */
  take(reply: ReplyMessage, piggybacked: boolean): UploadStep {
    const ours = reply.block1 === undefined ? undefined : blockOf(reply.block1);
    if (reply.code === '4.13') return ours !== undefined && this.#shrink(ours.szx) ? 'anew' : 'final';
    if (!this.#inBlocks) return reply.code === '2.31' ? 'broken' : 'final';
    if (reply.code === '4.08') return this.#startOver() ? 'anew' : 'final';
    if (!isSuccess(reply)) return 'final';
    // Without Block1 the peer took a block for the whole.
    if (ours === undefined) return this.hasMore || reply.code === '2.31' ? 'broken' : 'final';
    if (ours.number !== this.#number) return ours.number < this.#number && !piggybacked ? 'stale' : 'broken';
    if (!this.hasMore) return reply.code === '2.31' ? 'broken' : 'final';
    return this.#advance(ours.szx) ? 'next' : 'broken';
  }

  get #number(): number {
    return this.#offset / blockSize(this.#szx);
  }

  get #end(): number {
    return Math.min(this.#offset + blockSize(this.#szx), this.#payload.length);
  }

  /** Goes on in the size that the peer asks for, where that is smaller (RFC 7959 2.3). */
  #advance(szx: number): boolean {
    this.#offset = this.#end;
    this.#szx = Math.min(szx, this.#szx);
    return this.#number <= MAX_BLOCK_NUMBER;
  }

  /** Begins anew, once, in the smaller size that comes with 4.13 to the first message (RFC 7959 2.9.3). */
  #shrink(szx: number): boolean {
    const smaller = this.#inBlocks ? szx < this.#szx : szx <= this.#szx && this.#payload.length > blockSize(szx);
    if (this.#shrunk || this.#offset > 0 || szx === RESERVED_SZX || !smaller) return false;
    this.#shrunk = true;
    this.#inBlocks = true;
    this.#szx = szx;
    return true;
  }

  /** Begins anew, once, when the peer lost earlier blocks (RFC 7959 2.9.2). */
  #startOver(): boolean {
    if (this.#startedOver || this.#offset === 0) return false;
    this.#startedOver = true;
    this.#offset = 0;
    return true;
  }
}
