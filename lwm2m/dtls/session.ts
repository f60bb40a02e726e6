import { identityKey, type PeerIdentity } from '../coap/peer-identity.ts';
import type { Peer } from '../coap/types.ts';
import type { CipherSuite } from './cipher-suites.ts';
import type { Connection } from './connection.ts';

/**
 * Why a session ended: `peer`: its close_notify; `error`: an alert or an error; `idle`: silent too long; `displaced`: too
 * many sessions; `replaced`: a newer one of the same identity; `revoked`: we were told to; `stopped`: the server closes.
 */
export type CloseReason = 'peer' | 'error' | 'idle' | 'displaced' | 'replaced' | 'revoked' | 'stopped';

/** What is known of an established session. */
export interface DtlsSession {
  /** The peer; its key is that of its identity, so that a new session of the same identity is the same peer. */
  readonly peer: Peer & { readonly identity: PeerIdentity };
  readonly cipherSuite: CipherSuite | undefined;
  /** True when it took up the keys of an earlier session. */
  readonly resumed: boolean;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly establishedAt: number;
}

/** An established session and the connection behind it. */
export class EstablishedSession implements DtlsSession {
  readonly peer: Peer & { readonly identity: PeerIdentity };
  readonly cipherSuite: CipherSuite | undefined;
  readonly resumed: boolean;
  readonly establishedAt: number;
  /** The address that the session began from, as the socket knows it. */
  readonly from: Peer;
  /** The cookie that its handshake began with. */
  readonly cookie: Buffer;
  readonly connection: Connection;
  /** When the peer was last heard, ms on the monotonic clock, to the second. */
  heardAt: number;

  constructor(from: Peer, cookie: Buffer, connection: Connection, identity: PeerIdentity, now: number, wall: number) {
    this.from = from;
    this.cookie = cookie;
    this.connection = connection;
    this.peer = { address: from.address, port: from.port, key: identityKey(identity), identity };
    this.cipherSuite = connection.cipherSuite;
    this.resumed = connection.resumed;
    this.establishedAt = wall;
    this.heardAt = now;
  }
}
