import { errorMessage } from '../../common/index.ts';
import { type AnswerBlocks, answerRoom, NO_BLOCKS, writeAnswer } from './answer-writer.ts';
import { blockOf, szxOf } from './block.ts';
import { BlockUploads } from './block-uploads.ts';
import { ACK, CODE, CON, codeText, NON } from './codes.ts';
import { digestOf } from './digest.ts';
import { Exchange } from './exchange.ts';
import { type AnswerBlock, LargeAnswers } from './large-answers.ts';
import type { LayerContext } from './layer-context.ts';
import { MessageWriter } from './message-writer.ts';
import { type PeerEntry, takeMessageId } from './peers.ts';
import { ANSWER } from './recent-messages.ts';
import { ABSENT, MALFORMED, READ, RequestReader } from './request-reader.ts';
import type { Transmissions } from './transmissions.ts';
import type { CoapHandler, CoapRequest, CoapResponse, Peer } from './types.ts';

const FAILED: CoapResponse = { code: '5.00' };
/** Seconds after which a peer may try again when too much is in progress. */
const RETRY_AFTER = 10;
const TOKEN_START = 4;

/** Serves the requests of peers: duplicates, blocks, the handler, and its answer in the acknowledgement or separately. */
export class IncomingRequests {
  readonly #context: LayerContext;
  readonly #transmissions: Transmissions;
  readonly #handler: CoapHandler;
  readonly #reader = new RequestReader();
  readonly #writer = new MessageWriter();
  readonly #uploads: BlockUploads;
  readonly #largeAnswers: LargeAnswers;
  readonly #szx: number;
  #inProgress = 0;
  #stopped = false;

  constructor(context: LayerContext, transmissions: Transmissions, handler: CoapHandler) {
    this.#context = context;
    this.#transmissions = transmissions;
    this.#handler = handler;
    const { limits, parameters, deadlines } = context;
    this.#szx = szxOf(parameters.blockSize);
    const lifetime = parameters.exchangeLifetime;
    this.#uploads = new BlockUploads(
      { limits, szx: this.#szx, lifetime, stalledAfter: parameters.replyTimeout / 2 },
      deadlines,
    );
    this.#largeAnswers = new LargeAnswers(limits, lifetime, deadlines);
  }

  /** Requests whose answer is awaited. */
  get inProgress(): number {
    return this.#inProgress;
  }

  /** Unfinished Block1 transfers. */
  get uploads(): BlockUploads {
    return this.#uploads;
  }

  /** From now on only duplicates are answered. */
  stop(): void {
    this.#stopped = true;
  }

  /** Takes a CON or NON request whose header is sound; false when the rest is not (RFC 7252 3). */
  receive(data: Buffer, type: number, messageId: number, key: string, address: string, port: number): boolean {
    const { recent, peers, counters } = this.#context;
    const now = this.#context.now();
    const digest = digestOf(data);
    const known = peers.find(key);
    if (known !== undefined) {
      const seen = recent.find(known, messageId, digest, now);
      if (seen >= 0) {
        this.#answerDuplicate(known, messageId, seen);
        return true;
      }
    }
    const verdict = this.#reader.read(data, data[1] as number, TOKEN_START + ((data[0] as number) & 15));
    if (verdict === MALFORMED) return false;
    if (this.#stopped) return true;
    if (verdict !== READ) {
      this.#refuse(data, type, messageId, { address, port, key }, verdict);
      return true;
    }
    if (this.#inProgress >= this.#context.limits.requestsInProgress) {
      counters.droppedBusy++;
      this.#refuse(data, type, messageId, { address, port, key }, CODE.SERVICE_UNAVAILABLE);
      return true;
    }
    counters.requests++;
    const entry = known ?? peers.obtain(key, address, port);
    const message = recent.add(entry, messageId, digest, type, now);
    const request = this.#reader.request(entry.peer, data);
    const { block1, block2 } = this.#reader;
    if (block1 !== ABSENT || block2 !== ABSENT || request.payload.length > this.#context.limits.requestBytes) {
      this.#receiveBlock(new Exchange(this, entry, request, type, messageId, message, block1, block2), now);
    } else {
      this.#serve(entry, request, type, messageId, message);
    }
    return true;
  }

  /** The patience with a handler is over: the peer is told that its request arrived (RFC 7252 5.2.2). */
  acknowledge(exchange: Exchange): void {
    exchange.acknowledged = true;
    this.#context.recent.setEmpty(exchange.message);
    this.sendEmpty(exchange.entry.peer, ACK, exchange.messageId);
  }

  /** Sends an empty message: an acknowledgement or a reset (RFC 7252 4.1). */
  sendEmpty(peer: Peer, type: number, messageId: number): void {
    const bytes = Buffer.allocUnsafe(4);
    bytes[0] = 0x40 | (type << 4);
    bytes[1] = CODE.EMPTY;
    bytes[2] = messageId >> 8;
    bytes[3] = messageId & 0xff;
    this.#context.send(peer, bytes, 0, 4);
  }

  #answerDuplicate(entry: PeerEntry, messageId: number, message: number): void {
    const { recent, counters } = this.#context;
    counters.duplicates++;
    const kind = recent.kind(message);
    if (kind === ANSWER.EMPTY) this.sendEmpty(entry.peer, ACK, messageId);
    if (kind === ANSWER.KEPT)
      recent.kept(message, (bytes, at, length) => this.#context.send(entry.peer, bytes, at, length));
  }

  /** Answers without remembering anything: the same request would be refused again. */
  #refuse(data: Buffer, type: number, messageId: number, peer: Peer, code: number): void {
    this.#context.counters.refused++;
    // A NON request with an unknown critical option is rejected in silence (RFC 7252 5.4.1).
    if (type === NON && code === CODE.BAD_OPTION) return;
    const token = data.subarray(TOKEN_START, TOKEN_START + ((data[0] as number) & 15));
    const busy = code === CODE.SERVICE_UNAVAILABLE;
    const response = busy ? { code: codeText(code), maxAge: RETRY_AFTER } : { code: codeText(code) };
    const bytes = Buffer.allocUnsafe(answerRoom(response));
    const id = type === CON ? messageId : Math.floor(this.#context.random() * 0x1_0000);
    const end = writeAnswer(this.#writer, bytes, 0, type === CON ? ACK : NON, id, token, response, NO_BLOCKS);
    this.#context.send(peer, bytes, 0, end);
  }

  #serve(entry: PeerEntry, request: CoapRequest, type: number, messageId: number, message: number): void {
    const answer = this.#call(request);
    if (answer instanceof Promise) {
      this.#await(new Exchange(this, entry, request, type, messageId, message, ABSENT, ABSENT), answer);
    } else if (this.#isLong(answer, this.#szx)) {
      this.#finish(new Exchange(this, entry, request, type, messageId, message, ABSENT, ABSENT), answer);
    } else {
      this.#sendAnswer(entry, type, messageId, message, request.token, answer, NO_BLOCKS);
    }
  }

  #call(request: CoapRequest): CoapResponse | Promise<CoapResponse> {
    try {
      return this.#handler(request);
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): CoapResponse {
    this.#context.counters.handlerFailures++;
    this.#context.logger.error('a CoAP request could not be served', { reason: errorMessage(error) });
    return FAILED;
  }

  #await(exchange: Exchange, answer: Promise<CoapResponse>): void {
    const { deadlines, peers, parameters } = this.#context;
    this.#inProgress++;
    peers.use(exchange.entry);
    if (exchange.type === CON) deadlines.set(exchange, this.#context.now() + parameters.patience);
    const settle = (response: CoapResponse) => {
      this.#inProgress--;
      deadlines.cancel(exchange);
      this.#finish(exchange, response);
      peers.release(exchange.entry);
    };
    answer.then(settle, (error: unknown) => settle(this.#failed(error)));
  }

  /** A request that has Block1 or Block2, or more payload than we take (RFC 7959). */
  #receiveBlock(exchange: Exchange, now: number): void {
    const { request, block1, block2 } = exchange;
    const limit = this.#context.limits.requestBytes;
    if (block1 === ABSENT && request.payload.length > limit) {
      this.#answerBlock(exchange, CODE.REQUEST_ENTITY_TOO_LARGE, { ...NO_BLOCKS, size1: limit });
      return;
    }
    if (block1 !== ABSENT) {
      const { contentFormat, payload } = request;
      const size1 = this.#reader.size1;
      const step = this.#uploads.take({ key: exchange.uploadKey, block1, size1, contentFormat, payload }, now);
      if (step.payload === undefined) {
        const blocks = { ...NO_BLOCKS, block1: step.block1, size1: step.size1 ?? ABSENT };
        this.#answerBlock(exchange, step.code, blocks, step.maxAge);
        return;
      }
      exchange.request = { ...request, payload: step.payload };
    }
    if (block2 !== ABSENT && blockOf(block2).number > 0) {
      const block = this.#largeAnswers.find(exchange.answerKey, block2, this.#szx);
      if (block !== undefined) {
        this.#sendBlock(exchange, block);
        return;
      }
      // Only what changes nothing may be asked of the handler again (RFC 7252 5.1).
      if (request.method !== 'GET' && request.method !== 'FETCH') {
        this.#answerBlock(exchange, CODE.REQUEST_ENTITY_INCOMPLETE, NO_BLOCKS);
        return;
      }
    }
    const answer = this.#call(exchange.request);
    if (answer instanceof Promise) this.#await(exchange, answer);
    else this.#finish(exchange, answer);
  }

  #answerBlock(exchange: Exchange, code: number, blocks: AnswerBlocks, maxAge?: number): void {
    if (code !== CODE.CONTINUE) this.#context.counters.refused++;
    const response = { code: codeText(code) };
    this.#sendExchange(exchange, maxAge === undefined ? response : { ...response, maxAge }, blocks);
  }

  #finish(exchange: Exchange, response: CoapResponse): void {
    const { block1, block2 } = exchange;
    const szx = block2 === ABSENT ? this.#szx : Math.min(this.#szx, blockOf(block2).szx);
    const payload = response.payload;
    if (payload !== undefined && (this.#isLong(response, szx) || (block2 !== ABSENT && blockOf(block2).number > 0))) {
      const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
      this.#sendBlock(
        exchange,
        this.#largeAnswers.keep(exchange.answerKey, response, bytes, block2, this.#szx, this.#context.now()),
      );
    } else {
      this.#sendExchange(
        exchange,
        response,
        block1 === ABSENT ? NO_BLOCKS : { ...NO_BLOCKS, block1: exchange.lastBlock1 },
      );
    }
  }

  #sendBlock(exchange: Exchange, block: AnswerBlock): void {
    const blocks = exchange.block1 === ABSENT ? block.blocks : { ...block.blocks, block1: exchange.lastBlock1 };
    this.#sendExchange(exchange, block.response, blocks);
  }

  #isLong(response: CoapResponse, szx: number): boolean {
    const payload = response.payload;
    if (payload === undefined) return false;
    const size = 1 << (szx + 4);
    if (typeof payload !== 'string') return payload.length > size;
    return payload.length * 3 > size && Buffer.byteLength(payload) > size;
  }

  #sendExchange(exchange: Exchange, response: CoapResponse, blocks: AnswerBlocks): void {
    const { entry, type, messageId, message, request } = exchange;
    if (exchange.acknowledged) this.#sendSeparately(exchange, response, blocks);
    else this.#sendAnswer(entry, type, messageId, message, request.token, response, blocks);
  }

  #sendAnswer(
    entry: PeerEntry,
    type: number,
    messageId: number,
    message: number,
    token: Buffer,
    response: CoapResponse,
    blocks: AnswerBlocks,
  ): void {
    const { recent } = this.#context;
    const store = recent.answers;
    if (!store.reserve(answerRoom(response))) {
      this.#sendAnswer(entry, type, messageId, message, token, this.#failed('the answer is too long'), NO_BLOCKS);
      return;
    }
    const { buffer, at } = store;
    const piggybacked = type === CON;
    const id = piggybacked ? messageId : takeMessageId(entry);
    const end = writeAnswer(this.#writer, buffer, at, piggybacked ? ACK : NON, id, token, response, blocks);
    if (piggybacked) recent.setKept(message, end);
    else store.pass(end);
    this.#context.send(entry.peer, buffer, at, end - at);
  }

  #sendSeparately(exchange: Exchange, response: CoapResponse, blocks: AnswerBlocks): void {
    const { entry, request } = exchange;
    const bytes = Buffer.allocUnsafe(answerRoom(response));
    const id = this.#transmissions.takeMessageId(entry);
    const end = writeAnswer(this.#writer, bytes, 0, CON, id, request.token, response, blocks);
    this.#context.counters.separate++;
    this.#transmissions.start(entry, bytes.subarray(0, end), (outcome) => {
      if (outcome === 'acknowledged') return;
      this.#context.logger.debug('a separate CoAP answer was not taken', { peer: entry.peer.key, outcome });
    });
  }
}
