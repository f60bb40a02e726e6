import { blockSize } from './block.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { CoapReply, OutgoingRequest } from './outgoing-request.ts';
import { PayloadUpload } from './payload-upload.ts';
import { type DownloadFailure, ReplyDownload } from './reply-download.ts';
import type { ReplyMessage } from './reply-reader.ts';
import type { RequestPart } from './request-writer.ts';

/** What follows from a reply: a message to be sent, of this run or a new one, nothing, or the end, good or bad. */
export type TransferStep =
  | { readonly kind: 'send' | 'send-anew' }
  | { readonly kind: 'ignore' }
  | { readonly kind: 'done'; readonly reply: CoapReply }
  | { readonly kind: 'failed'; readonly code: DownloadFailure };

/** What the transfers of one message layer have in common. */
export interface TransferBounds {
  /** Exponent of our block size. */
  readonly szx: number;
  /** Bytes of one reply. */
  readonly replyBytes: number;
  /** Bytes of all replies that are not whole. */
  readonly budget: ByteBudget;
}

const SEND: TransferStep = { kind: 'send' };
const SEND_ANEW: TransferStep = { kind: 'send-anew' };
const IGNORE: TransferStep = { kind: 'ignore' };
const NO_BYTES = Buffer.alloc(0);

/** A request of ours as the messages it takes: blocks of its payload, then blocks of its reply (RFC 7959 2.7). Pure. */
export class RequestTransfer {
  readonly #upload: PayloadUpload;
  readonly #download: ReplyDownload;
  #uploaded = false;

  constructor(request: OutgoingRequest, bounds: TransferBounds) {
    const given = request.payload ?? NO_BYTES;
    const payload = typeof given === 'string' ? Buffer.from(given) : given;
    const isSafe = request.method === 'GET' || request.method === 'FETCH';
    const again = isSafe && payload.length <= blockSize(bounds.szx) ? payload : undefined;
    this.#upload = new PayloadUpload(payload, bounds.szx);
    this.#download = new ReplyDownload({ szx: bounds.szx, limit: bounds.replyBytes, budget: bounds.budget, again });
  }

  /** Begins with a reply that is there already, in part (RFC 7959 2.6). */
  resume(first: ReplyMessage): TransferStep {
    this.#uploaded = true;
    return this.#fetch(first, true);
  }

  /** True while no other request may go to the peer. */
  get isExclusive(): boolean {
    return !this.#uploaded && this.#upload.inBlocks;
  }

  /** True until all of the payload has been sent: no reply so far can be the one to the whole. */
  get hasMoreToSend(): boolean {
    return !this.#uploaded && this.#upload.hasMore;
  }

  /** The message to be sent now. */
  part(): RequestPart {
    return this.#uploaded ? this.#download.part() : this.#upload.part();
  }

  /** Takes the reply to {@link part}. */
  take(reply: ReplyMessage, piggybacked: boolean): TransferStep {
    if (this.#uploaded) return this.#fetch(reply, piggybacked);
    const step = this.#upload.take(reply, piggybacked);
    if (step === 'next') return SEND;
    if (step === 'anew') return SEND_ANEW;
    if (step === 'stale') return IGNORE;
    if (step === 'broken') return { kind: 'failed', code: 'coap/blocks' };
    this.#uploaded = true;
    return this.#fetch(reply, piggybacked);
  }

  /** Gives its memory back. */
  release(): void {
    this.#download.release();
  }

  #fetch(reply: ReplyMessage, piggybacked: boolean): TransferStep {
    const result = this.#download.take(reply, piggybacked);
    if (result === 'more') return SEND;
    if (result === 'anew') return SEND_ANEW;
    if (result === 'stale') return IGNORE;
    return typeof result === 'string' ? { kind: 'failed', code: result } : { kind: 'done', reply: result };
  }
}
