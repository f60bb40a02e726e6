import type { PeerIdentity } from './peer-identity.ts';

/** Where a datagram came from or goes to. Equal `key` means the same peer. */
export interface Peer {
  /** IP address as the socket gives it (an IPv4 peer of a dual-stack socket is `::ffff:a.b.c.d`). */
  readonly address: string;
  readonly port: number;
  /** `address` and `port` as one string, or the identity where it is proved: the first half of every message-layer key. */
  readonly key: string;
  /** Who the peer has proved to be; absent without security. */
  readonly identity?: PeerIdentity;
}

/** Method of a request (RFC 7252 5.8, RFC 8132 2). */
export type CoapMethod = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'FETCH' | 'PATCH' | 'iPATCH';

/** Response code in its dotted form, e.g. `2.05` (RFC 7252 5.9). */
export type CoapCode = `${number}.${number}`;

/** A whole request of a peer, its blocks already put together (RFC 7252 5.1). */
export interface CoapRequest {
  readonly peer: Peer;
  readonly method: CoapMethod;
  /** Uri-Path, one entry a segment, percent-decoding not needed on the wire. */
  readonly path: readonly string[];
  /** Uri-Query, one entry an option. */
  readonly query: readonly string[];
  readonly contentFormat?: number;
  readonly accept?: number;
  readonly observe?: number;
  readonly token: Buffer;
  readonly payload: Buffer;
  /** Of its message, the last of a request in blocks: for logs alone. */
  readonly messageId?: number;
}

/** What a request is answered with (RFC 7252 5.2). */
export interface CoapResponse {
  readonly code: CoapCode;
  readonly locationPath?: readonly string[];
  readonly contentFormat?: number;
  /** Seconds; with 5.03 the time after which the peer should try again (RFC 7252 5.9.3.4). */
  readonly maxAge?: number;
  /** A diagnostic text of one line, or the representation. */
  readonly payload?: string | Buffer;
}

/**
 * Serves the requests of peers. A value is sent piggybacked at once; a promise that takes longer than the endpoint's
 * patience is acknowledged empty and answered separately (RFC 7252 5.2.2). It must not throw or reject; the endpoint
 * answers 5.00 without text if it does.
 */
export type CoapHandler = (request: CoapRequest) => CoapResponse | Promise<CoapResponse>;
