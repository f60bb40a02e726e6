import type { IpeError } from '../../common/index.ts';
import type { Deadline } from './deadlines.ts';
import type { CoapReply, OutgoingRequest } from './outgoing-request.ts';
import type { PeerEntry } from './peers.ts';
import type { Transmission } from './transmissions.ts';

/** The requests of ours to one peer, in the order they were asked for. */
export interface PeerQueue {
  readonly entry: PeerEntry;
  readonly running: PendingRequest[];
  readonly waiting: PendingRequest[];
}

/** Ends of a request that its own deadline or its caller bring about. */
export interface PendingRequestOwner {
  fail(pending: PendingRequest, code: 'coap/timeout' | 'coap/aborted'): void;
}

/** A request of ours that has no reply yet. */
export class PendingRequest implements Deadline {
  dueAt = 0;
  place = -1;
  /** Set when it is sent. */
  messageId = -1;
  token: Buffer = Buffer.alloc(0);
  /** While it is not acknowledged; a NON request never has one. */
  transmission: Transmission | undefined;
  readonly queue: PeerQueue;
  readonly request: OutgoingRequest;
  readonly settle: { resolve(reply: CoapReply): void; reject(error: IpeError): void };
  readonly #owner: PendingRequestOwner;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.#owner.fail(this, 'coap/aborted');

  constructor(
    owner: PendingRequestOwner,
    queue: PeerQueue,
    request: OutgoingRequest,
    signal: AbortSignal | undefined,
    settle: PendingRequest['settle'],
  ) {
    this.#owner = owner;
    this.queue = queue;
    this.request = request;
    this.settle = settle;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
  }

  due(): void {
    this.#owner.fail(this, 'coap/timeout');
  }

  /** Listens to the caller's signal no longer. */
  forgetSignal(): void {
    this.#signal?.removeEventListener('abort', this.#abort);
  }
}
