import { szxOf } from './block.ts';
import { ByteBudget } from './byte-budget.ts';
import { CON, NON } from './codes.ts';
import type { LayerContext } from './layer-context.ts';
import { MAX_TOKEN_LENGTH } from './message.ts';
import type { CoapReply, OutgoingRequest, RequestOptions } from './outgoing-request.ts';
import type { PeerEntry } from './peers.ts';
import { type PeerQueue, PendingRequest } from './pending-request.ts';
import type { ReplyMessage } from './reply-reader.ts';
import { type RequestFailureCode, requestFailure } from './request-failure.ts';
import { RequestTransfer, type TransferBounds } from './request-transfer.ts';
import { encodeRequest, requestRoom } from './request-writer.ts';
import type { Transmissions } from './transmissions.ts';
import type { Peer } from './types.ts';

/** 48 random bits: more than the 32 that RFC 7252 5.3.1 asks for, and still a number. */
const TOKEN_LENGTH = 6;
/** The most that a UDP datagram over IPv4 carries. */
const MAX_DATAGRAM = 65_507;

/** Told when a request with Observe ends; `reply` is undefined when it failed. */
export type ObserveSettled = (
  peer: Peer,
  token: Buffer,
  request: OutgoingRequest,
  reply: CoapReply | undefined,
) => void;

/** Requests of ours: NSTART at a time for each peer, the others wait their turn (RFC 7252 4.7, 5.3). */
export class OutgoingRequests {
  readonly #context: LayerContext;
  readonly #transmissions: Transmissions;
  readonly #observeSettled: ObserveSettled;
  readonly #queues = new Map<PeerEntry, PeerQueue>();
  readonly #bounds: TransferBounds;
  #count = 0;
  #closed = false;

  constructor(context: LayerContext, transmissions: Transmissions, observeSettled: ObserveSettled) {
    const { limits, parameters } = context;
    this.#context = context;
    this.#transmissions = transmissions;
    this.#observeSettled = observeSettled;
    const budget = new ByteBudget(limits.unfinishedReplyBytes);
    this.#bounds = { szx: szxOf(parameters.blockSize), replyBytes: limits.replyBytes, budget };
  }

  /** Requests that run or wait. */
  get size(): number {
    return this.#count;
  }

  /** Bytes of replies that are not whole yet. */
  get replyBytes(): number {
    return this.#bounds.budget.used;
  }

  /**
   * Sends a request as soon as it is its turn; resolves to the whole reply. Rejects with `IpeError` of a
   * {@link RequestFailureCode}.
   */
  request(peer: Peer, request: OutgoingRequest, options: RequestOptions): Promise<CoapReply> {
    const { payload = '' } = request;
    const token = options.token ?? this.#newToken();
    if (options.signal?.aborted) return Promise.reject(requestFailure('coap/aborted', peer));
    if (token.length > MAX_TOKEN_LENGTH) return Promise.reject(requestFailure('coap/token', peer));
    const length = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
    if (length > this.#context.limits.uploadBytes) return Promise.reject(requestFailure('coap/too-large', peer));
    const transfer = new RequestTransfer(request, this.#bounds);
    if (requestRoom(request, transfer.part()) > MAX_DATAGRAM) {
      return Promise.reject(requestFailure('coap/too-large', peer));
    }
    return this.#enqueue(peer, request, transfer, token, options, undefined);
  }

  /**
   * Fetches the blocks after the `first` of a notification that `request` asked for, before all requests that wait
   * (RFC 7959 2.6); `progress` is told of each. Rejects like {@link request}.
   */
  fetchRest(peer: Peer, request: OutgoingRequest, first: ReplyMessage, progress: () => void): Promise<CoapReply> {
    const transfer = new RequestTransfer(request, this.#bounds);
    const step = transfer.resume(first);
    const { observe: _, ...asked } = { ...request, confirmable: true };
    const fetched =
      step.kind === 'failed'
        ? Promise.reject(requestFailure(step.code, peer))
        : this.#enqueue(peer, asked, transfer, this.#newToken(), {}, progress);
    return fetched.finally(() => transfer.release());
  }

  /**
   * The request of ours that a reply belongs to, by (peer, token); an acknowledgement must have its message id too. A
   * notification that comes while its observation is cancelled, or asked for anew, is no reply.
   */
  find(
    entry: PeerEntry,
    token: Buffer,
    messageId: number | undefined,
    reply: ReplyMessage,
  ): PendingRequest | undefined {
    const pending = this.#queues.get(entry)?.running.find((one) => one.token.equals(token));
    if (pending === undefined) return undefined;
    if (messageId !== undefined) return pending.messageId === messageId ? pending : undefined;
    return pending.takesNotifications || reply.observe === undefined ? pending : undefined;
  }

  /** Takes the reply that {@link find} found the request of. */
  take(pending: PendingRequest, reply: ReplyMessage, piggybacked: boolean): void {
    const step = pending.transfer.take(reply, piggybacked);
    if (step.kind === 'ignore') return;
    pending.progress?.();
    this.#stopTransmission(pending);
    if (step.kind === 'failed') this.fail(pending, step.code);
    else if (step.kind === 'done') this.#succeed(pending, step.reply);
    else this.#transmit(pending, step.kind === 'send-anew');
  }

  /** Our open request for an observation with this token; its notifications wait until it ends. */
  observing(entry: PeerEntry, token: Buffer): Pick<PendingRequest, 'request' | 'renews'> | undefined {
    const { running } = this.#queues.get(entry) ?? {};
    return running?.find(({ request, ownToken }) => request.observe === 0 && ownToken.equals(token));
  }

  /** Takes a reset of a NON request of ours; false when there is none (RFC 7252 4.3). */
  takeReset(entry: PeerEntry, messageId: number): boolean {
    const pending = this.#queues.get(entry)?.running.find((one) => one.messageId === messageId);
    if (pending === undefined) return false;
    this.#context.counters.reset++;
    this.fail(pending, 'coap/reset');
    return true;
  }

  fail(pending: PendingRequest, code: RequestFailureCode): void {
    this.#end(pending, undefined);
    pending.settle.reject(requestFailure(code, pending.queue.entry.peer));
  }

  /** Rejects everything with `coap/closed`, and all that is asked from now on. */
  close(): void {
    this.#closed = true;
    for (const { running, waiting } of [...this.#queues.values()]) {
      for (const pending of [...waiting, ...running]) this.fail(pending, 'coap/closed');
    }
  }

  #enqueue(
    peer: Peer,
    request: OutgoingRequest,
    transfer: RequestTransfer,
    token: Buffer,
    options: RequestOptions,
    urgent: (() => void) | undefined,
  ): Promise<CoapReply> {
    const { limits, parameters, peers, deadlines } = this.#context;
    if (this.#closed) return Promise.reject(requestFailure('coap/closed', peer));
    const entry = peers.obtain(peer);
    const queue = this.#queues.get(entry) ?? { entry, running: [], waiting: [] };
    if (queue.running.length + queue.waiting.length >= limits.requestsPerPeer || this.#count >= limits.requestsInAll) {
      peers.drop(entry);
      return Promise.reject(requestFailure('coap/busy', peer));
    }
    return new Promise((resolve, reject) => {
      const { replyTimeout } = parameters;
      const settle = { resolve, reject };
      const now = this.#context.now();
      const parts = { owner: this, queue, request, transfer, options, token, now, replyTimeout, settle };
      const pending = new PendingRequest(parts);
      this.#queues.set(entry, queue);
      this.#count++;
      peers.use(entry);
      pending.progress = urgent;
      if (urgent !== undefined) queue.waiting.unshift(pending);
      else queue.waiting.push(pending);
      deadlines.set(pending, pending.startBy);
      this.#advance(queue);
    });
  }

  #advance(queue: PeerQueue): void {
    const { running, waiting } = queue;
    while (running.length < this.#context.parameters.nstart) {
      const next = waiting[0];
      if (next === undefined) return;
      // An upload in blocks runs alone: some devices answer whatever comes between its blocks with 5.03.
      if (running.length > 0 && (next.transfer.isExclusive || running.some(({ transfer }) => transfer.isExclusive))) {
        return;
      }
      waiting.shift();
      running.push(next);
      this.#transmit(next, false);
    }
  }

  /** Sends the message that the transfer has come to; `anew` when it began again. */
  #transmit(pending: PendingRequest, anew: boolean): void {
    const { queue, request, transfer } = pending;
    const part = transfer.part();
    const type = request.confirmable === false ? NON : CON;
    pending.messageId = this.#transmissions.takeMessageId(queue.entry);
    // Blocks share a token: some devices know the transfer by it. That of an observation is for its notifications alone.
    const isOwn = pending.token === pending.ownToken && request.observe !== undefined;
    if (isOwn ? part.fetchesRest : anew) pending.token = this.#newToken();
    this.#context.deadlines.set(pending, pending.replyBy(this.#context.now()));
    this.#tell(pending);
    const bytes = encodeRequest(request, part, type, pending.messageId, pending.token);
    if (type === NON) {
      this.#context.send(queue.entry.peer, bytes, 0, bytes.length);
      return;
    }
    pending.transmission = this.#transmissions.start(queue.entry, bytes, (end) => {
      pending.transmission = undefined;
      if (end === 'reset') this.fail(pending, 'coap/reset');
      if (end === 'given-up') this.fail(pending, 'coap/timeout');
      // Acknowledged: the reply comes separately, until the deadline of the request (RFC 7252 5.2.2).
    });
  }

  #tell({ queue, request, messageId, token, about }: PendingRequest): void {
    const { endpoint, registration } = about ?? {};
    const { method } = request;
    const to = queue.entry.peer.key;
    this.#context.logger.debug('CoAP request', { endpoint, registration, method, to, mid: messageId, tkn: token });
  }

  #newToken(): Buffer {
    const token = Buffer.allocUnsafe(TOKEN_LENGTH);
    token.writeUIntBE(Math.floor(this.#context.random() * 2 ** 24), 0, 3);
    token.writeUIntBE(Math.floor(this.#context.random() * 2 ** 24), 3, 3);
    return token;
  }

  #stopTransmission(pending: PendingRequest): void {
    if (pending.transmission !== undefined) this.#transmissions.stop(pending.transmission);
    pending.transmission = undefined;
  }

  #succeed(pending: PendingRequest, reply: CoapReply): void {
    this.#context.counters.replies++;
    this.#end(pending, reply);
    pending.settle.resolve(reply);
  }

  #end(pending: PendingRequest, reply: CoapReply | undefined): void {
    const { queue, request } = pending;
    const { deadlines, peers } = this.#context;
    pending.forgetSignal();
    pending.transfer.release();
    deadlines.cancel(pending);
    this.#stopTransmission(pending);
    removeFrom(queue.running, pending);
    removeFrom(queue.waiting, pending);
    this.#count--;
    if (request.observe !== undefined) this.#observeSettled(queue.entry.peer, pending.ownToken, request, reply);
    peers.release(queue.entry);
    if (!this.#closed) this.#advance(queue);
    if (queue.running.length === 0 && queue.waiting.length === 0) this.#queues.delete(queue.entry);
  }
}

function removeFrom(list: PendingRequest[], pending: PendingRequest): void {
  const place = list.indexOf(pending);
  if (place >= 0) list.splice(place, 1);
}
