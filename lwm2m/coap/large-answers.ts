import type { AnswerBlocks } from './answer-writer.ts';
import { blockOf, blockSize, blockValue } from './block.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import { digestOf } from './digest.ts';
import type { CoapLimits } from './parameters.ts';
import { ABSENT } from './request-reader.ts';
import type { CoapResponse } from './types.ts';

/** One block of a large answer, ready to be written. */
export interface AnswerBlock {
  readonly response: CoapResponse;
  readonly blocks: AnswerBlocks;
}

interface LargeAnswer {
  readonly response: CoapResponse;
  readonly payload: Buffer;
  readonly etag: Buffer;
  readonly expiry: number;
}

/** Answers longer than a block, kept while the peer fetches them (RFC 7959 2.4). Bounded in number, bytes and time. */
export class LargeAnswers implements Deadline {
  dueAt = 0;
  place = -1;
  readonly #answers = new Map<string, LargeAnswer>();
  readonly #limits: CoapLimits;
  readonly #lifetime: number;
  readonly #deadlines: Deadlines;
  #bytes = 0;

  constructor(limits: CoapLimits, lifetime: number, deadlines: Deadlines) {
    this.#limits = limits;
    this.#lifetime = lifetime;
    this.#deadlines = deadlines;
  }

  get size(): number {
    return this.#answers.size;
  }

  /** The block that the Block2 value of a request asks for; undefined when this answer is not kept (any more). */
  find(key: string, block2: number, szx: number): AnswerBlock | undefined {
    const answer = this.#answers.get(key);
    return answer === undefined ? undefined : cut(answer, block2, szx);
  }

  /** Keeps an answer under (peer, method, path, query, accept) and gives its block, the first when none was asked for. */
  keep(key: string, response: CoapResponse, payload: Buffer, block2: number, szx: number, now: number): AnswerBlock {
    this.#forget(key);
    const answer = { response, payload, etag: etagOf(payload), expiry: now + this.#lifetime };
    this.#answers.set(key, answer);
    this.#bytes += payload.length;
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= this.#limits.largeAnswers && this.#bytes <= this.#limits.largeAnswerBytes) break;
      this.#forget(oldest);
    }
    this.#wait();
    return cut(answer, block2, szx);
  }

  due(now: number): void {
    for (const [key, answer] of this.#answers) {
      if (answer.expiry > now) break;
      this.#forget(key);
    }
    this.#wait();
  }

  #forget(key: string): void {
    const answer = this.#answers.get(key);
    if (answer === undefined) return;
    this.#answers.delete(key);
    this.#bytes -= answer.payload.length;
    if (this.#answers.size === 0) this.#deadlines.cancel(this);
  }

  #wait(): void {
    if (this.place >= 0) return;
    const oldest = this.#answers.values().next().value;
    if (oldest !== undefined) this.#deadlines.set(this, oldest.expiry);
  }
}

/** A block of at most the peer's and our size; 4.00 behind the end. */
function cut(answer: LargeAnswer, block2: number, ourSzx: number): AnswerBlock {
  const wanted = blockOf(block2 === ABSENT ? ourSzx : block2);
  const szx = Math.min(wanted.szx, ourSzx);
  const size = blockSize(szx);
  // A peer counts in its own, larger size only before it knows ours, that is in block 0.
  const start = wanted.number * blockSize(wanted.szx);
  if (start > 0 && start >= answer.payload.length) return { response: { code: '4.00' }, blocks: cutOff };
  const end = Math.min(start + size, answer.payload.length);
  const value = blockValue(start / size, end < answer.payload.length, szx);
  return {
    response: { ...answer.response, payload: answer.payload.subarray(start, end) },
    blocks: {
      block1: ABSENT,
      block2: value,
      size1: ABSENT,
      size2: start === 0 ? answer.payload.length : ABSENT,
      etag: answer.etag,
    },
  };
}

const cutOff: AnswerBlocks = { block1: ABSENT, block2: ABSENT, size1: ABSENT, size2: ABSENT, etag: undefined };

/** Tells two representations apart while one is fetched; no more than that is asked of it. */
function etagOf(payload: Buffer): Buffer {
  const etag = Buffer.alloc(4);
  etag.writeInt32BE(digestOf(payload));
  return etag;
}
