import { errorMessage } from '../../common/index.ts';
import { answerRoomFor } from './amplification.ts';
import type { AnswerSender } from './answer-sender.ts';
import { NO_BLOCKS } from './answer-writer.ts';
import { BlockTransfers } from './block-transfers.ts';
import type { BlockUploads } from './block-uploads.ts';
import { ACK, CON } from './codes.ts';
import { digestOf } from './digest.ts';
import { Exchange } from './exchange.ts';
import type { LayerContext } from './layer-context.ts';
import type { PeerEntry } from './peers.ts';
import { ABSENT, MALFORMED, READ, RequestReader } from './request-reader.ts';
import type { CoapHandler, CoapRequest, CoapResponse, Peer } from './types.ts';

const FAILED: CoapResponse = { code: '5.00' };
/** Seconds after which a peer may try again when too much is in progress. */
const BUSY: CoapResponse = { code: '5.03', maxAge: 10 };

/** Serves the requests of peers: duplicates, blocks, the handler, and the patience with it. */
export class IncomingRequests {
  readonly #context: LayerContext;
  readonly #sender: AnswerSender;
  readonly #blocks: BlockTransfers;
  readonly #handler: CoapHandler;
  readonly #reader = new RequestReader();
  #inProgress = 0;
  #stopped = false;

  constructor(context: LayerContext, sender: AnswerSender, handler: CoapHandler) {
    this.#context = context;
    this.#sender = sender;
    this.#handler = handler;
    this.#blocks = new BlockTransfers(context, sender);
  }

  /** Requests whose answer is awaited. */
  get inProgress(): number {
    return this.#inProgress;
  }

  /** Unfinished Block1 transfers. */
  get uploads(): BlockUploads {
    return this.#blocks.uploads;
  }

  /** From now on only duplicates are answered. */
  stop(): void {
    this.#stopped = true;
  }

  /** Takes a CON or NON request whose header is sound; false when the rest is not (RFC 7252 3). */
  receive(data: Buffer, type: number, messageId: number, peer: Peer): boolean {
    const { recent, peers, counters, limits } = this.#context;
    const now = this.#context.now();
    const admission = this.#context.admit(peer, now);
    if (admission !== 'served') {
      counters.limited++;
      if (admission !== 'ignored') this.#sender.turnAway(data, type, messageId, peer, admission);
      return true;
    }
    const digest = digestOf(data);
    const known = peers.find(peer.key);
    if (known !== undefined) {
      known.peer = peer;
      const seen = recent.find(known, messageId, digest, now);
      if (seen >= 0) {
        this.#sender.answerDuplicate(known, messageId, seen);
        return true;
      }
    }
    const verdict = this.#reader.read(data, data[1] as number, 4 + ((data[0] as number) & 15));
    if (verdict === MALFORMED) return false;
    if (this.#stopped) return true;
    if (verdict !== READ) {
      this.#sender.refuse(data, type, messageId, peer, verdict);
      return true;
    }
    counters.requests++;
    const entry = known ?? peers.obtain(peer);
    const message = recent.add(entry, messageId, digest, type, now);
    const request = this.#reader.request(entry.peer, data);
    const { block1, block2 } = this.#reader;
    if (this.#inProgress >= limits.requestsInProgress) {
      counters.droppedBusy++;
      this.#sender.send(entry, type, messageId, message, request.token, BUSY, NO_BLOCKS);
    } else if (block1 !== ABSENT || block2 !== ABSENT || request.payload.length > limits.requestBytes) {
      const room = answerRoomFor(entry.peer, data, limits.amplification);
      this.#serveBlock(new Exchange(this, entry, request, type, messageId, message, block1, block2, room));
    } else {
      this.#serve(entry, request, type, messageId, message, answerRoomFor(entry.peer, data, limits.amplification));
    }
    return true;
  }

  /** The patience with a handler is over: the peer is told that its request arrived (RFC 7252 5.2.2). */
  acknowledge(exchange: Exchange): void {
    exchange.acknowledged = true;
    this.#context.recent.setEmpty(exchange.message);
    this.#sender.sendEmpty(exchange.entry.peer, ACK, exchange.messageId);
  }

  #serve(entry: PeerEntry, request: CoapRequest, type: number, messageId: number, message: number, room: number): void {
    const answer = this.#call(request);
    if (!(answer instanceof Promise) && !this.#blocks.isLong(answer, room)) {
      this.#sender.send(entry, type, messageId, message, request.token, answer, NO_BLOCKS);
      return;
    }
    const exchange = new Exchange(this, entry, request, type, messageId, message, ABSENT, ABSENT, room);
    if (answer instanceof Promise) this.#await(exchange, answer);
    else this.#blocks.finish(exchange, answer);
  }

  /** A request that has Block1 or Block2, or more payload than we take (RFC 7959). */
  #serveBlock(exchange: Exchange): void {
    if (!this.#blocks.take(exchange, this.#reader.size1)) return;
    const answer = this.#call(exchange.request);
    if (answer instanceof Promise) this.#await(exchange, answer);
    else this.#blocks.finish(exchange, answer);
  }

  #await(exchange: Exchange, answer: Promise<CoapResponse>): void {
    const { deadlines, peers, parameters } = this.#context;
    this.#inProgress++;
    peers.use(exchange.entry);
    if (exchange.type === CON) deadlines.set(exchange, this.#context.now() + parameters.patience);
    const settle = (response: CoapResponse) => {
      this.#inProgress--;
      deadlines.cancel(exchange);
      this.#blocks.finish(exchange, response);
      peers.release(exchange.entry);
    };
    answer.then(settle, (error: unknown) => settle(this.#failed(error)));
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
}
