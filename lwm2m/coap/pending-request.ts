import type { IpeError } from '../../common/index.ts';
import type { Deadline } from './deadlines.ts';
import type { CoapReply, OutgoingRequest, RequestOptions, RequestSubject } from './outgoing-request.ts';
import type { PeerEntry } from './peers.ts';
import type { RequestTransfer } from './request-transfer.ts';
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

/** What {@link PendingRequest} is made of. */
export interface PendingRequestParts {
  readonly owner: PendingRequestOwner;
  readonly queue: PeerQueue;
  readonly request: OutgoingRequest;
  readonly transfer: RequestTransfer;
  readonly options: RequestOptions;
  /** The token of the request itself: its notifications have it too (RFC 7641 3.2). */
  readonly token: Buffer;
  readonly now: number;
  /** Milliseconds that a message waits for its reply where the options do not say. */
  readonly replyTimeout: number;
  readonly settle: { resolve(reply: CoapReply): void; reject(error: IpeError): void };
}

/** A request of ours that has no whole reply yet. */
export class PendingRequest implements Deadline {
  dueAt = 0;
  place = -1;
  /** Of the message last sent. */
  messageId = -1;
  token: Buffer;
  /** While that message is not acknowledged; a NON request never has one. */
  transmission: Transmission | undefined;
  /** Told of each reply. */
  progress: (() => void) | undefined;
  readonly queue: PeerQueue;
  readonly request: OutgoingRequest;
  readonly transfer: RequestTransfer;
  readonly ownToken: Buffer;
  readonly settle: PendingRequestParts['settle'];
  readonly about: RequestSubject | undefined;
  /** Its observation may stand at the peer already, under its token. */
  readonly renews: boolean;
  /** When it has to begin at the latest. */
  readonly startBy: number;
  readonly #endBy: number;
  readonly #exchangeTimeout: number;
  readonly #owner: PendingRequestOwner;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.#owner.fail(this, 'coap/aborted');

  constructor(parts: PendingRequestParts) {
    const { timeout, exchangeTimeout, signal, about, renews } = parts.options;
    this.about = about;
    this.renews = renews === true;
    this.#owner = parts.owner;
    this.queue = parts.queue;
    this.request = parts.request;
    this.transfer = parts.transfer;
    this.token = this.ownToken = parts.token;
    this.settle = parts.settle;
    this.#exchangeTimeout = exchangeTimeout ?? timeout ?? parts.replyTimeout;
    this.#endBy = parts.now + (timeout ?? Number.POSITIVE_INFINITY);
    this.startBy = parts.now + (timeout ?? this.#exchangeTimeout);
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
  }

  /** True when a message with Observe that is no acknowledgement may be the reply: else it is a notification (RFC 7641 3.2). */
  get takesNotifications(): boolean {
    const { observe } = this.request;
    if (observe === undefined) return true;
    const isUnheard = this.renews && this.transmission !== undefined;
    return observe === 0 && !this.transfer.hasMoreToSend && !isUnheard;
  }

  /** When a message sent now must have its reply. */
  replyBy(now: number): number {
    return Math.min(now + this.#exchangeTimeout, this.#endBy);
  }

  due(): void {
    this.#owner.fail(this, 'coap/timeout');
  }

  /** Listens to the caller's signal no longer. */
  forgetSignal(): void {
    this.#signal?.removeEventListener('abort', this.#abort);
  }
}
