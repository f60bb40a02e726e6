import { blockOf, blockSize, blockValue } from './block.ts';
import { CODE } from './codes.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import type { CoapLimits } from './parameters.ts';

/** What is to be done with a block (RFC 7959 2.3, 2.5). */
export interface UploadStep {
  /** The whole payload once the last block is there; otherwise `code` answers the block. */
  readonly payload?: Buffer;
  readonly code: number;
  /** Value of the Block1 option of the answer. */
  readonly block1: number;
  /** Value of Size1 with 4.13: what we take at most. */
  readonly size1?: number;
  /** Seconds of Max-Age with 5.03. */
  readonly maxAge?: number;
}

/** A block of a request as the decoder found it. */
export interface UploadBlock {
  /** (peer, method, path, query): one transfer at a time for each (RFC 7959 2.3). */
  readonly key: string;
  readonly block1: number;
  /** Value of Size1, negative when absent. */
  readonly size1: number;
  /** Content-Format, undefined when absent; must not change within a transfer (RFC 7959 2.9.2). */
  readonly contentFormat: number | undefined;
  readonly payload: Buffer;
}

interface Upload {
  readonly contentFormat: number | undefined;
  bytes: Buffer;
  length: number;
  touchedAt: number;
}

export interface BlockUploadsOptions {
  readonly limits: CoapLimits;
  /** The exponent of the block size we ask for. */
  readonly szx: number;
  /** A transfer without a new block for so long is forgotten, ms. */
  readonly lifetime: number;
  /** A transfer without a new block for so long makes room for another where there is none, ms. */
  readonly stalledAfter: number;
}

const FIRST_ROOM = 2_048;
/** Seconds after which a peer may try again when there is no room. */
const RETRY_AFTER = 10;

/** Puts Block1 transfers together (RFC 7959 2.5). Bounded in number, bytes and time. */
export class BlockUploads implements Deadline {
  dueAt = 0;
  place = -1;
  /** Least recently touched first. */
  readonly #uploads = new Map<string, Upload>();
  readonly #options: BlockUploadsOptions;
  readonly #deadlines: Deadlines;
  #bytes = 0;

  constructor(options: BlockUploadsOptions, deadlines: Deadlines) {
    this.#options = options;
    this.#deadlines = deadlines;
  }

  get size(): number {
    return this.#uploads.size;
  }

  /** Bytes of memory held by unfinished transfers. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes in one block. */
  take(part: UploadBlock, now: number): UploadStep {
    const block = blockOf(part.block1);
    const size = blockSize(block.szx);
    const offset = block.number * size;
    const length = part.payload.length;
    if (length > size || (block.more && length !== size)) return { code: CODE.BAD_REQUEST, block1: part.block1 };
    const limit = this.#options.limits.requestBytes;
    if (offset + length > limit || (block.number === 0 && part.size1 > limit)) {
      this.#forget(part.key);
      return { code: CODE.REQUEST_ENTITY_TOO_LARGE, block1: part.block1, size1: limit };
    }
    if (block.number === 0) {
      this.#forget(part.key);
      if (!block.more) return { code: CODE.EMPTY, block1: part.block1, payload: part.payload };
      if (!this.#begin(part, now)) return { code: CODE.SERVICE_UNAVAILABLE, block1: part.block1, maxAge: RETRY_AFTER };
    }
    return this.#append(part, offset, block.more, now);
  }

  due(now: number): void {
    for (const [key, upload] of this.#uploads) {
      if (upload.touchedAt + this.#options.lifetime > now) break;
      this.#forget(key);
    }
    this.#wait();
  }

  #begin(part: UploadBlock, now: number): boolean {
    this.#makeRoom(FIRST_ROOM, now);
    const { blockTransfers, blockTransferBytes } = this.#options.limits;
    if (this.#uploads.size >= blockTransfers || this.#bytes + FIRST_ROOM > blockTransferBytes) return false;
    const bytes = Buffer.allocUnsafeSlow(FIRST_ROOM);
    this.#bytes += bytes.length;
    this.#uploads.set(part.key, { contentFormat: part.contentFormat, bytes, length: 0, touchedAt: now });
    this.#wait();
    return true;
  }

  #append(part: UploadBlock, offset: number, more: boolean, now: number): UploadStep {
    const upload = this.#uploads.get(part.key);
    const end = offset + part.payload.length;
    if (upload === undefined || offset > upload.length || upload.contentFormat !== part.contentFormat) {
      this.#forget(part.key);
      return { code: CODE.REQUEST_ENTITY_INCOMPLETE, block1: part.block1 };
    }
    if (end > upload.length || !more) {
      if (!this.#grow(upload, end, now)) {
        this.#forget(part.key);
        return { code: CODE.SERVICE_UNAVAILABLE, block1: part.block1, maxAge: RETRY_AFTER };
      }
      part.payload.copy(upload.bytes, offset);
      upload.length = end;
    }
    if (!more) {
      this.#forget(part.key);
      return { code: CODE.EMPTY, block1: part.block1, payload: upload.bytes.subarray(0, end) };
    }
    upload.touchedAt = now;
    this.#uploads.delete(part.key);
    this.#uploads.set(part.key, upload);
    return { code: CODE.CONTINUE, block1: this.#wanted(part.block1) };
  }

  /**
   * The block echoed; on the first one with our size where the peer's is larger (RFC 7959 2.3). Later the number would
   * no longer say the same place.
   */
  #wanted(block1: number): number {
    const { number, more, szx } = blockOf(block1);
    return number === 0 ? blockValue(number, more, Math.min(szx, this.#options.szx)) : block1;
  }

  #grow(upload: Upload, length: number, now: number): boolean {
    if (length <= upload.bytes.length) return true;
    const capacity = Math.max(length, upload.bytes.length * 2);
    const added = capacity - upload.bytes.length;
    upload.touchedAt = now;
    this.#makeRoom(added, now);
    if (this.#bytes + added > this.#options.limits.blockTransferBytes) return false;
    const bytes = Buffer.allocUnsafeSlow(capacity);
    upload.bytes.copy(bytes, 0, 0, upload.length);
    upload.bytes = bytes;
    this.#bytes += added;
    return true;
  }

  /** Forgets transfers that seem abandoned, the oldest first, while `bytes` more do not fit. */
  #makeRoom(bytes: number, now: number): void {
    const { blockTransfers, blockTransferBytes } = this.#options.limits;
    for (const [key, upload] of this.#uploads) {
      if (this.#uploads.size < blockTransfers && this.#bytes + bytes <= blockTransferBytes) return;
      if (upload.touchedAt + this.#options.stalledAfter > now) return;
      this.#forget(key);
    }
  }

  #forget(key: string): void {
    const upload = this.#uploads.get(key);
    if (upload === undefined) return;
    this.#uploads.delete(key);
    this.#bytes -= upload.bytes.length;
    if (this.#uploads.size === 0) this.#deadlines.cancel(this);
  }

  #wait(): void {
    if (this.place >= 0) return;
    const oldest = this.#uploads.values().next().value;
    if (oldest !== undefined) this.#deadlines.set(this, oldest.touchedAt + this.#options.lifetime);
  }
}
