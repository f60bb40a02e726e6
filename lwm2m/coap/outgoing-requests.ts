import { IpeError } from '../../common/index.ts';
import { CON, NON } from './codes.ts';
import type { LayerContext } from './layer-context.ts';
import {
  type CoapReply,
  encodeRequest,
  type OutgoingRequest,
  type RequestOptions,
  requestRoom,
} from './outgoing-request.ts';
import { type PeerEntry, peerKey } from './peers.ts';
import { type PeerQueue, PendingRequest } from './pending-request.ts';
import type { Transmissions } from './transmissions.ts';
import type { Peer } from './types.ts';

/** 48 random bits: more than the 32 that RFC 7252 5.3.1 asks for, and still a number. */
const TOKEN_LENGTH = 6;
/** The most that a UDP datagram over IPv4 carries. */
const MAX_DATAGRAM = 65_507;

const MESSAGES = {
  'coap/timeout': 'the device did not answer in time',
  'coap/reset': 'the device answered with a reset',
  'coap/aborted': 'the request to the device was called off',
  'coap/closed': 'the CoAP endpoint is closed',
  'coap/busy': 'too many requests wait for the device',
  'coap/too-large': 'the request does not fit into a datagram',
} as const;
type FailureCode = keyof typeof MESSAGES;

/** Requests of ours: NSTART at a time for each peer, the others wait their turn (RFC 7252 4.7, 5.3). */
export class OutgoingRequests {
  readonly #context: LayerContext;
  readonly #transmissions: Transmissions;
  readonly #queues = new Map<PeerEntry, PeerQueue>();
  #count = 0;
  #closed = false;

  constructor(context: LayerContext, transmissions: Transmissions) {
    this.#context = context;
    this.#transmissions = transmissions;
  }

  /** Requests that run or wait. */
  get size(): number {
    return this.#count;
  }

  /** Sends a request as soon as it is its turn. Rejects with `IpeError` `coap/timeout`, `reset`, `aborted`, `closed`, `busy` or `too-large`. */
  request(peer: Peer, request: OutgoingRequest, options: RequestOptions): Promise<CoapReply> {
    const { limits, parameters, peers, deadlines } = this.#context;
    if (this.#closed) return Promise.reject(failure('coap/closed', peer));
    if (options.signal?.aborted) return Promise.reject(failure('coap/aborted', peer));
    if (requestRoom(request) > MAX_DATAGRAM) return Promise.reject(failure('coap/too-large', peer));
    const entry = peers.obtain(peerKey(peer.address, peer.port), peer.address, peer.port);
    const queue = this.#queues.get(entry) ?? { entry, running: [], waiting: [] };
    if (queue.running.length + queue.waiting.length >= limits.requestsPerPeer || this.#count >= limits.requestsInAll) {
      peers.drop(entry);
      return Promise.reject(failure('coap/busy', peer));
    }
    return new Promise((resolve, reject) => {
      const pending = new PendingRequest(this, queue, request, options.signal, { resolve, reject });
      this.#queues.set(entry, queue);
      this.#count++;
      peers.use(entry);
      queue.waiting.push(pending);
      deadlines.set(pending, this.#context.now() + (options.timeout ?? parameters.replyTimeout));
      this.#advance(queue);
    });
  }

  /** The request of ours that a reply belongs to, by (peer, token); an acknowledgement must have its message id too. */
  take(entry: PeerEntry, token: Buffer, acknowledgedId: number | undefined): ((reply: CoapReply) => void) | undefined {
    const pending = this.#queues
      .get(entry)
      ?.running.find(
        (one) => one.token.equals(token) && (acknowledgedId === undefined || one.messageId === acknowledgedId),
      );
    if (pending === undefined) return undefined;
    return (reply) => {
      this.#context.counters.replies++;
      this.#end(pending);
      pending.settle.resolve(reply);
    };
  }

  /** Takes a reset of a NON request of ours; false when there is none (RFC 7252 4.3). */
  takeReset(entry: PeerEntry, messageId: number): boolean {
    const pending = this.#queues.get(entry)?.running.find((one) => one.messageId === messageId);
    if (pending === undefined) return false;
    this.#context.counters.reset++;
    this.fail(pending, 'coap/reset');
    return true;
  }

  fail(pending: PendingRequest, code: FailureCode): void {
    this.#end(pending);
    pending.settle.reject(failure(code, pending.queue.entry.peer));
  }

  /** Rejects everything with `coap/closed`, and all that is asked from now on. */
  close(): void {
    this.#closed = true;
    for (const { running, waiting } of [...this.#queues.values()]) {
      for (const pending of [...waiting, ...running]) this.fail(pending, 'coap/closed');
    }
  }

  #advance(queue: PeerQueue): void {
    while (queue.running.length < this.#context.parameters.nstart) {
      const next = queue.waiting.shift();
      if (next === undefined) return;
      queue.running.push(next);
      this.#start(next);
    }
  }

  #start(pending: PendingRequest): void {
    const { queue, request } = pending;
    const type = request.confirmable === false ? NON : CON;
    pending.messageId = this.#transmissions.takeMessageId(queue.entry);
    pending.token = this.#newToken();
    const bytes = encodeRequest(request, type, pending.messageId, pending.token);
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

  #newToken(): Buffer {
    const token = Buffer.allocUnsafe(TOKEN_LENGTH);
    token.writeUIntBE(Math.floor(this.#context.random() * 2 ** 24), 0, 3);
    token.writeUIntBE(Math.floor(this.#context.random() * 2 ** 24), 3, 3);
    return token;
  }

  #end(pending: PendingRequest): void {
    const { queue } = pending;
    const { deadlines, peers } = this.#context;
    pending.forgetSignal();
    deadlines.cancel(pending);
    if (pending.transmission !== undefined) this.#transmissions.stop(pending.transmission);
    removeFrom(queue.running, pending);
    removeFrom(queue.waiting, pending);
    this.#count--;
    peers.release(queue.entry);
    if (!this.#closed) this.#advance(queue);
    if (queue.running.length === 0 && queue.waiting.length === 0) this.#queues.delete(queue.entry);
  }
}

function failure(code: FailureCode, peer: Peer): IpeError {
  const retryable = code === 'coap/timeout' || code === 'coap/busy';
  return new IpeError(code, MESSAGES[code], { retryable, details: { peer: peerKey(peer.address, peer.port) } });
}

function removeFrom(list: PendingRequest[], pending: PendingRequest): void {
  const place = list.indexOf(pending);
  if (place >= 0) list.splice(place, 1);
}
