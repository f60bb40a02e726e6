import { type Block, blockOf, blockSize, blockValue, MAX_BLOCK_NUMBER, RESERVED_SZX } from './block.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { CoapReply } from './outgoing-request.ts';
import { isSuccess, type ReplyMessage, wholeReply } from './reply-reader.ts';
import { ABSENT } from './request-reader.ts';
import type { RequestPart } from './request-writer.ts';

/** Why a reply in blocks cannot be had whole. */
export type DownloadFailure = 'coap/blocks' | 'coap/changed' | 'coap/reply-too-large' | 'coap/busy';

/**
 * What a reply leads to: the whole, the next block, all blocks anew, nothing since it answers an earlier block, or failure.
 */
export type DownloadStep = CoapReply | 'more' | 'anew' | 'stale' | DownloadFailure;

const NO_BYTES = Buffer.alloc(0);

export interface ReplyDownloadOptions {
  /** Exponent of the largest block we ask for. */
  readonly szx: number;
  /** Bytes of the whole. */
  readonly limit: number;
  readonly budget: ByteBudget;
  /** Payload that asks for all of it again; undefined where asking twice is not safe (RFC 7252 5.1). */
  readonly again: Buffer | undefined;
}

/** A reply or notification of a peer, its blocks fetched one by one (RFC 7959 2.4, 2.6, 2.7). Pure. */
export class ReplyDownload {
  readonly #limit: number;
  readonly #budget: ByteBudget;
  readonly #again: Buffer | undefined;
  #szx: number;
  /** The message whose options are those of the whole; a new one after starting over. */
  #first: ReplyMessage | undefined;
  #observe: number | undefined;
  #startedOver = false;
  #bytes: Buffer = NO_BYTES;
  #length = 0;

  constructor(options: ReplyDownloadOptions) {
    this.#szx = options.szx;
    this.#limit = options.limit;
    this.#budget = options.budget;
    this.#again = options.again;
  }

  /** Takes the reply to {@link part}; `piggybacked` ones cannot be those of an earlier block (RFC 7252 5.2.1). */
  take(reply: ReplyMessage, piggybacked: boolean): DownloadStep {
    return this.#first === undefined ? this.#begin(reply) : this.#continue(this.#first, reply, piggybacked);
  }

  /** The message that asks for the next block; its size never grows. */
  part(): RequestPart {
    const number = this.#length / blockSize(this.#szx);
    const block2 = blockValue(number, false, this.#szx);
    const payload = (number === 0 ? this.#again : undefined) ?? NO_BYTES;
    return { payload, block1: ABSENT, block2, size1: ABSENT, fetchesRest: true };
  }

  /** Gives its memory back. */
  release(): void {
    this.#budget.release(this.#bytes.length);
    this.#bytes = NO_BYTES;
    this.#length = 0;
  }

  #begin(reply: ReplyMessage): DownloadStep {
    if (!this.#startedOver) this.#observe = reply.observe;
    const block = reply.block2 === undefined ? undefined : blockOf(reply.block2);
    if (!isSuccess(reply) || block === undefined) return this.#whole(reply, reply.payload);
    if (block.number !== 0) return 'coap/blocks';
    if (!block.more) return this.#whole(reply, reply.payload);
    if ((reply.size2 ?? 0) > this.#limit) return 'coap/reply-too-large';
    this.#first = reply;
    return this.#append(block, reply.payload);
  }

  #continue(first: ReplyMessage, reply: ReplyMessage, piggybacked: boolean): DownloadStep {
    if (!isSuccess(reply)) return this.#again !== undefined ? this.#whole(reply, reply.payload) : 'coap/blocks';
    if (reply.block2 === undefined) return 'coap/blocks';
    if (isOther(first, reply)) return this.#startOver();
    const block = blockOf(reply.block2);
    const start = block.number * blockSize(block.szx);
    if (start !== this.#length) return start < this.#length && !piggybacked ? 'stale' : 'coap/blocks';
    const step = this.#append(block, reply.payload);
    if (step !== 'more' || block.more) return step;
    return this.#whole(first, this.#bytes.subarray(0, this.#length));
  }

  #append(block: Block, payload: Buffer): 'more' | DownloadFailure {
    const size = blockSize(block.szx);
    if (block.szx === RESERVED_SZX || payload.length > size || (block.more && payload.length < size)) {
      return 'coap/blocks';
    }
    const end = this.#length + payload.length;
    if (end > this.#limit) return 'coap/reply-too-large';
    if (!this.#grow(end)) return 'coap/busy';
    payload.copy(this.#bytes, this.#length);
    this.#length = end;
    this.#szx = Math.min(this.#szx, block.szx);
    return block.more && end / blockSize(this.#szx) > MAX_BLOCK_NUMBER ? 'coap/reply-too-large' : 'more';
  }

  #grow(length: number): boolean {
    if (length <= this.#bytes.length) return true;
    const held = this.#bytes.length;
    const ample = Math.min(Math.max(length, held * 2), this.#limit);
    const capacity = [ample, length].find((one) => this.#budget.take(one - held));
    if (capacity === undefined) return false;
    const bytes = Buffer.allocUnsafeSlow(capacity);
    this.#bytes.copy(bytes, 0, 0, this.#length);
    this.#bytes = bytes;
    return true;
  }

  /** The representation changed meanwhile: from its first block again, once (RFC 7959 2.4). */
  #startOver(): 'anew' | 'coap/changed' {
    if (this.#startedOver || this.#again === undefined) return 'coap/changed';
    this.#startedOver = true;
    this.#first = undefined;
    this.#length = 0;
    return 'anew';
  }

  /** An observation is the first reply's matter: what only fetched the rest asked for none. */
  #whole(reply: ReplyMessage, payload: Buffer): CoapReply {
    const { observe: _, ...rest } = wholeReply(reply);
    return this.#observe === undefined ? { ...rest, payload } : { ...rest, payload, observe: this.#observe };
  }
}

/** True when two blocks cannot be of one representation. Their codes say nothing: some devices change those. */
function isOther(first: ReplyMessage, reply: ReplyMessage): boolean {
  const { etag, contentFormat } = reply;
  return (
    (etag !== undefined && first.etag !== undefined && !etag.equals(first.etag)) ||
    (contentFormat !== undefined && first.contentFormat !== undefined && contentFormat !== first.contentFormat)
  );
}
