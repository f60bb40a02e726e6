import type { Clock, Logger } from '../../common/index.ts';
import type { DatagramTransport } from '../coap/transport.ts';
import type { Peer } from '../coap/types.ts';
import type { CipherSuite } from './cipher-suites.ts';
import type { RawPublicKeys } from './raw-public-keys.ts';
import type { ServerCertificate } from './server-certificate.ts';
import type { CloseReason, DtlsSession } from './session.ts';

/** What a server holds and waits for at most. */
export interface DtlsLimits {
  /** Handshakes in progress; beyond it the oldest gives way once it has been silent for a while, else none begins. */
  readonly handshakes: number;
  /** Established sessions; beyond it the one that was silent longest is closed. */
  readonly sessions: number;
  /** A handshake that is not finished after this is given up, ms. */
  readonly handshakeTime: number;
  /** First and longest wait for the answer to a flight, ms (RFC 6347 4.2.4.1; RFC 7925 11 advises 9 s on slow networks). */
  readonly retransmitTime: number;
  readonly longestRetransmitTime: number;
  /** A session that was silent this long is closed, ms. */
  readonly idleTime: number;
  /** Sessions that may be resumed, and how long after their full handshake, s. 0 sessions: none. */
  readonly resumableSessions: number;
  readonly resumptionTime: number;
  /** A cookie holds at least this long and at most twice as long, ms. */
  readonly cookieTime: number;
  /** The most bytes of a datagram of a handshake, at least 256. */
  readonly mtu: number;
  /** Bytes waiting in the socket above which datagrams are dropped. */
  readonly sendQueueBytes: number;
}

/** The MTU suits the smallest path of IPv6 (RFC 8200 5), less the headers of IPv6 and UDP. */
export const DEFAULT_DTLS_LIMITS: DtlsLimits = {
  handshakes: 2_000,
  sessions: 100_000,
  handshakeTime: 60_000,
  retransmitTime: 1_000,
  longestRetransmitTime: 60_000,
  idleTime: 86_400_000,
  resumableSessions: 20_000,
  resumptionTime: 86_400,
  cookieTime: 60_000,
  mtu: 1_232,
  sendQueueBytes: 4 << 20,
};

export interface DtlsServerOptions {
  /** `::` serves IPv6 and IPv4. */
  readonly host: string;
  /** 0 takes any free one; 5684 is registered for `coaps` (RFC 7252 12.7). */
  readonly port: number;
  /** What carries the records; absent: UDP at this host and port. */
  readonly lower?: DatagramTransport;
  /** A shared library to take OpenSSL from; absent: the one inside Node. */
  readonly libssl?: string;
  /** The key of a PSK identity; asked in every handshake, must be quick and must not change sessions. Absent: no PSK. */
  readonly credential?: (identity: string) => Uint8Array | undefined;
  /** Absent: no certificates. */
  readonly certificate?: ServerCertificate;
  /** Absent: no raw public keys. Without effect where OpenSSL has none, unless there is nothing else. */
  readonly rawPublicKeys?: RawPublicKeys;
  /** Absent: {@link DEFAULT_CIPHER_SUITES}, as far as there are keys for them. */
  readonly ciphers?: readonly CipherSuite[];
  readonly limits?: Partial<DtlsLimits>;
  /** Asked before a handshake begins with a peer that has proved its address; false: its ClientHello is dropped. */
  readonly admit?: (peer: Peer) => boolean;
  /** Told of each new session, and of the one of the same identity whose place it takes. */
  readonly established?: (session: DtlsSession, previous: DtlsSession | undefined) => void;
  readonly closed?: (session: DtlsSession, reason: CloseReason) => void;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** What a server has seen and done since it was made. Only ever counts up. */
export interface DtlsCounters {
  /** Datagrams that came. */
  received: number;
  /** Datagrams of records handed to the socket. */
  sent: number;
  /** Datagrams that do not begin with a DTLS record, or with a ClientHello that makes no sense. */
  malformed: number;
  /** Datagrams of senders that have no session. */
  unmatched: number;
  /** HelloVerifyRequests sent; nothing is kept for them. */
  helloVerifyRequests: number;
  handshakesStarted: number;
  handshakesCompleted: number;
  /** Of those completed, the ones that took up an earlier session. */
  handshakesResumed: number;
  /** Ended by an alert or an error. */
  handshakesFailed: number;
  /** Given up; a wrong key or an unknown identity looks so. */
  handshakesTimedOut: number;
  /** Not begun, for the limit or the hook `admit`. */
  handshakesRefused: number;
  /** Given up for a younger one. */
  handshakesDisplaced: number;
  /** Completed with an identity that does not hold any more. */
  identitiesRefused: number;
  sessionsClosed: Record<CloseReason, number>;
  /** Datagrams of ours for peers without a session, or longer than a record may be. */
  unsent: number;
}

/** Counters at zero. */
export function newDtlsCounters(): DtlsCounters {
  return {
    received: 0,
    sent: 0,
    malformed: 0,
    unmatched: 0,
    helloVerifyRequests: 0,
    handshakesStarted: 0,
    handshakesCompleted: 0,
    handshakesResumed: 0,
    handshakesFailed: 0,
    handshakesTimedOut: 0,
    handshakesRefused: 0,
    handshakesDisplaced: 0,
    identitiesRefused: 0,
    sessionsClosed: { peer: 0, error: 0, idle: 0, displaced: 0, replaced: 0, revoked: 0, stopped: 0 },
    unsent: 0,
  };
}
