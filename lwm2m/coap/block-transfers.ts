import { szxWithin } from './amplification.ts';
import type { AnswerSender } from './answer-sender.ts';
import { type AnswerBlocks, NO_BLOCKS } from './answer-writer.ts';
import { blockOf, blockSize, szxOf } from './block.ts';
import { BlockUploads } from './block-uploads.ts';
import { CODE, codeText } from './codes.ts';
import type { Exchange } from './exchange.ts';
import { type AnswerBlock, LargeAnswers } from './large-answers.ts';
import type { LayerContext } from './layer-context.ts';
import { ABSENT } from './request-reader.ts';
import type { CoapResponse } from './types.ts';

/** Block-wise transfers with peers that ask (RFC 7959): Block1 of their requests, Block2 of our answers. */
export class BlockTransfers {
  readonly uploads: BlockUploads;
  readonly #context: LayerContext;
  readonly #sender: AnswerSender;
  readonly #answers: LargeAnswers;
  readonly #szx: number;

  constructor(context: LayerContext, sender: AnswerSender) {
    const { limits, parameters, deadlines } = context;
    const lifetime = parameters.exchangeLifetime;
    this.#context = context;
    this.#sender = sender;
    this.#szx = szxOf(parameters.blockSize);
    const stalledAfter = parameters.replyTimeout / 2;
    this.uploads = new BlockUploads({ limits, szx: this.#szx, lifetime, stalledAfter }, deadlines);
    this.#answers = new LargeAnswers(limits, lifetime, deadlines);
  }

  /** True when an answer does not fit into one block of ours, or not into `room` bytes. */
  isLong(response: CoapResponse, room: number): boolean {
    return isLonger(response, blockSize(this.#szxWithin(room)));
  }

  /** Takes in a block; true when the request of the exchange is whole and for the handler, otherwise it is answered. */
  take(exchange: Exchange, size1: number): boolean {
    return this.#takeUpload(exchange, size1) && this.#takeDownload(exchange);
  }

  /** Sends the answer of the handler, or the block of it that was asked for. */
  finish(exchange: Exchange, response: CoapResponse): void {
    const { block1, block2 } = exchange;
    const szx = this.#szxWithin(exchange.room);
    const wanted = blockOf(block2 === ABSENT ? szx : block2);
    const payload = response.payload;
    if (payload !== undefined && (wanted.number > 0 || isLonger(response, blockSize(Math.min(wanted.szx, szx))))) {
      const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
      const now = this.#context.now();
      this.#sendBlock(exchange, this.#answers.keep(exchange.answerKey, response, bytes, block2, szx, now));
    } else {
      const blocks = block1 === ABSENT ? NO_BLOCKS : { ...NO_BLOCKS, block1: exchange.lastBlock1 };
      this.#sender.sendFor(exchange, response, blocks);
    }
  }

  #szxWithin(room: number): number {
    return Math.min(this.#szx, szxWithin(room));
  }

  #takeUpload(exchange: Exchange, size1: number): boolean {
    const { request, block1 } = exchange;
    const limit = this.#context.limits.requestBytes;
    if (block1 === ABSENT) {
      if (request.payload.length <= limit) return true;
      this.#refuse(exchange, CODE.REQUEST_ENTITY_TOO_LARGE, { ...NO_BLOCKS, size1: limit });
      return false;
    }
    const { contentFormat, payload } = request;
    const part = { key: exchange.uploadKey, block1, size1, contentFormat, payload };
    const step = this.uploads.take(part, this.#context.now());
    if (step.payload === undefined) {
      const blocks = { ...NO_BLOCKS, block1: step.block1, size1: step.size1 ?? ABSENT };
      if (step.code === CODE.CONTINUE) this.#sender.sendFor(exchange, { code: codeText(step.code) }, blocks);
      else this.#refuse(exchange, step.code, blocks, step.maxAge);
      return false;
    }
    exchange.request = { ...request, payload: step.payload };
    return true;
  }

  #takeDownload(exchange: Exchange): boolean {
    const { request, block2 } = exchange;
    if (block2 === ABSENT || blockOf(block2).number === 0) return true;
    const block = this.#answers.find(exchange.answerKey, block2, this.#szxWithin(exchange.room));
    if (block !== undefined) {
      this.#sendBlock(exchange, block);
      return false;
    }
    // Only a method that changes nothing may be asked of the handler again (RFC 7252 5.1).
    if (request.method === 'GET' || request.method === 'FETCH') return true;
    this.#refuse(exchange, CODE.REQUEST_ENTITY_INCOMPLETE, NO_BLOCKS);
    return false;
  }

  #sendBlock(exchange: Exchange, block: AnswerBlock): void {
    const blocks = exchange.block1 === ABSENT ? block.blocks : { ...block.blocks, block1: exchange.lastBlock1 };
    this.#sender.sendFor(exchange, block.response, blocks);
  }

  #refuse(exchange: Exchange, code: number, blocks: AnswerBlocks, maxAge?: number): void {
    this.#context.counters.refused++;
    const response = { code: codeText(code) };
    this.#sender.sendFor(exchange, maxAge === undefined ? response : { ...response, maxAge }, blocks);
  }
}

function isLonger(response: CoapResponse, size: number): boolean {
  const payload = response.payload;
  if (payload === undefined) return false;
  if (typeof payload !== 'string') return payload.length > size;
  return payload.length * 3 > size && Buffer.byteLength(payload) > size;
}
