import type { CoapCode, CoapMethod } from './types.ts';

/** A request of ours to a peer. It carries no Uri-Host: devices refuse one. */
export interface OutgoingRequest {
  readonly method: CoapMethod;
  /** Uri-Path, one entry a segment, each up to 255 bytes. */
  readonly path: readonly string[];
  /** Uri-Query, one entry an option, each up to 255 bytes. */
  readonly query?: readonly string[];
  readonly contentFormat?: number;
  readonly accept?: number;
  readonly observe?: number;
  /** Goes in blocks when it is longer than one (RFC 7959 2.3). */
  readonly payload?: string | Buffer;
  /** CON unless false. */
  readonly confirmable?: boolean;
}

/** What a peer answered, its blocks put together. Numbers are those of the options of that name. */
export interface CoapReply {
  readonly code: CoapCode;
  readonly locationPath: readonly string[];
  readonly contentFormat?: number;
  readonly observe?: number;
  /** Seconds. */
  readonly maxAge?: number;
  readonly etag?: Buffer;
  readonly payload: Buffer;
}

/** How long and until when a request of ours may take. */
export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds from the call to the whole reply, the wait for earlier requests to the same peer included. */
  readonly timeout?: number;
  /**
   * Milliseconds from the sending of a message, each block for itself, to its reply. When neither this nor `timeout` is
   * given it is MAX_TRANSMIT_WAIT, and the wait for earlier requests to the same peer is bounded by it too.
   */
  readonly exchangeTimeout?: number;
  /** 0 to 8 bytes, for an observation whose notifications are to be known by it (RFC 7641 3.1); random otherwise. */
  readonly token?: Buffer;
  /** The peer may have an observation under the token already: what it notifies is no reply before it has acknowledged the request. */
  readonly renews?: boolean;
  /** For whom it is, for the log. */
  readonly about?: RequestSubject;
}

/** A registered device, as logs name it. */
export interface RequestSubject {
  readonly endpoint: string;
  readonly registration: string;
}
