import { randomBytes } from 'node:crypto';
import { type Clock, IpeError, type Logger, silentLogger, systemClock } from '../../common/index.ts';
import { DeadlineTimer } from '../coap/deadline-timer.ts';
import { Deadlines } from '../coap/deadlines.ts';
import { identityKey, type PeerIdentity } from '../coap/peer-identity.ts';
import type { DatagramTransport, ReceiveDatagram, TransportLosses } from '../coap/transport.ts';
import type { Peer } from '../coap/types.ts';
import { UdpTransport } from '../coap/udp-transport.ts';
import { DEFAULT_CIPHER_SUITES } from './cipher-suites.ts';
import { type ClientHello, readClientHello, startsClientHello } from './client-hello.ts';
import { Connection } from './connection.ts';
import { Cookies } from './cookies.ts';
import { type Handshake, type HandshakeEnd, Handshakes } from './handshakes.ts';
import { identityOf } from './identity.ts';
import { loadOpenssl } from './openssl.ts';
import {
  DEFAULT_DTLS_LIMITS,
  type DtlsCounters,
  type DtlsLimits,
  type DtlsServerOptions,
  newDtlsCounters,
} from './options.ts';
import { CONTENT_TYPE, epochOf, hasRecord, startsWithRecord } from './records.ts';
import { SecurityContext } from './security-context.ts';
import { type CloseReason, type DtlsSession, EstablishedSession } from './session.ts';
import { Sessions } from './sessions.ts';

/** What is known at one address: a session, a handshake, or a session whose device begins anew (RFC 6347 4.2.8). */
interface Place {
  session?: EstablishedSession | undefined;
  handshake?: Handshake | undefined;
}

/** What there is of OpenSSL. */
export interface DtlsCapabilities {
  readonly version: string;
  readonly rawPublicKeys: boolean;
}

/**
 * A DTLS 1.2 server on one UDP socket (RFC 6347), to stand under a CoAP endpoint (RFC 7252 9). Nothing is kept for a sender
 * before it has returned its cookie; all that is kept later is bounded by {@link DtlsLimits}.
 */
export class DtlsServer implements DatagramTransport {
  readonly counters: DtlsCounters = newDtlsCounters();
  readonly #options: DtlsServerOptions;
  readonly #limits: DtlsLimits;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #lower: DatagramTransport;
  readonly #timer: DeadlineTimer;
  readonly #handshakes: Handshakes;
  readonly #sessions: Sessions;
  readonly #cookies: Cookies;
  readonly #places = new Map<string, Place>();
  #context: SecurityContext | undefined;
  #receive: ReceiveDatagram = () => {};

  constructor(options: DtlsServerOptions) {
    const { host, port, clock = systemClock, logger = silentLogger } = options;
    this.#options = options;
    this.#limits = { ...DEFAULT_DTLS_LIMITS, ...options.limits };
    this.#clock = clock;
    this.#logger = logger;
    const queueLimit = this.#limits.sendQueueBytes;
    this.#lower = options.lower ?? new UdpTransport({ host, port, queueLimit, logger });
    const deadlines = new Deadlines((at) => this.#timer.wake(at));
    this.#timer = new DeadlineTimer(clock, () => {
      deadlines.run(clock.monotonic());
      return deadlines.next;
    });
    this.#handshakes = new Handshakes(deadlines, this.#limits, (handshake, why) => this.#giveUp(handshake, why));
    this.#sessions = new Sessions(deadlines, this.#limits, (session, why) => this.#end(session, why));
    this.#cookies = new Cookies(this.#limits.cookieTime, clock.monotonic(), randomBytes);
  }

  /** What is held at the moment. */
  get held(): { readonly handshakes: number; readonly sessions: number; readonly addresses: number } {
    return { handshakes: this.#handshakes.size, sessions: this.#sessions.size, addresses: this.#places.size };
  }

  /** What OpenSSL can; absent before {@link open}. */
  get capabilities(): DtlsCapabilities | undefined {
    const openssl = this.#context?.openssl;
    return openssl && { version: openssl.version, rawPublicKeys: openssl.rawPublicKeys !== undefined };
  }

  /** Besides what a socket may reject with: `dtls/unavailable`, `dtls/raw-public-keys`, `dtls/ciphers`, `dtls/certificate`. */
  async open(receive: ReceiveDatagram, losses: TransportLosses): Promise<{ address: string; port: number }> {
    const { libssl, ciphers = DEFAULT_CIPHER_SUITES, certificate, credential, rawPublicKeys } = this.#options;
    if (credential === undefined && certificate === undefined && rawPublicKeys === undefined) {
      throw new IpeError('dtls/credentials', 'DTLS needs pre-shared keys, raw public keys or a certificate');
    }
    const openssl = await loadOpenssl(libssl);
    if (credential === undefined && certificate === undefined && openssl.rawPublicKeys === undefined) {
      throw new IpeError('dtls/raw-public-keys', `${openssl.version} has no raw public keys, which came with 3.2`);
    }
    const context = new SecurityContext(openssl, {
      ciphers,
      credential,
      certificate,
      rawPublicKeys,
      ...this.#limits,
    });
    this.#context = context;
    this.#receive = receive;
    try {
      return await this.#lower.open((data, from) => this.#take(data, from), losses);
    } catch (error) {
      this.#context = undefined;
      context.free();
      throw error;
    }
  }

  readonly send = (peer: Peer, buffer: Buffer, offset: number, length: number): void => {
    const session = this.#sessions.find(peer.key);
    if (!session?.connection.write(buffer.subarray(offset, offset + length))) this.counters.unsent++;
  };

  peer(peer: Peer): Peer {
    return this.#sessions.find(peer.key)?.peer ?? peer;
  }

  /** The session of an identity. */
  session(identity: PeerIdentity): DtlsSession | undefined {
    return this.#sessions.find(identityKey(identity));
  }

  /** Ends the session of an identity, e.g. since its credential was removed; it cannot be resumed. False: there is none. */
  closeSession(identity: PeerIdentity): boolean {
    const session = this.#sessions.find(identityKey(identity));
    if (session !== undefined) this.#end(session, 'revoked');
    return session !== undefined;
  }

  async close(): Promise<void> {
    this.#handshakes.stop();
    this.#sessions.stop();
    this.#timer.stop();
    await this.#lower.close();
    this.#context?.free();
    this.#context = undefined;
  }

  #take(data: Buffer, from: Peer): void {
    this.counters.received++;
    if (!startsWithRecord(data)) {
      this.counters.malformed++;
      return;
    }
    const place = this.#places.get(from.key);
    if (startsClientHello(data)) {
      this.#hello(data, from, place);
    } else if (place === undefined) {
      this.counters.unmatched++;
    } else {
      const { handshake, session } = place;
      if (handshake !== undefined && (session === undefined || epochOf(data) === 0 || handshake.changedCipher)) {
        this.#advance(handshake, data);
      } else if (session !== undefined) this.#hear(session, data);
    }
  }

  /** A ClientHello changes nothing here before its cookie is right, not even for a peer with a session (RFC 6347 4.2.8). */
  #hello(data: Buffer, from: Peer, place: Place | undefined): void {
    const now = this.#clock.monotonic();
    let hello: ClientHello;
    try {
      hello = readClientHello(data);
    } catch {
      this.counters.malformed++;
      return;
    }
    if (hello.messageSequence !== 1 || !this.#cookies.verify(hello, from.key, now)) {
      this.counters.helloVerifyRequests++;
      const request = this.#cookies.request(hello, from.key, now);
      this.#lower.send(from, request, 0, request.length);
    } else if (place?.handshake?.cookie.equals(hello.cookie)) {
      this.#advance(place.handshake, data);
    } else if (!place?.session?.cookie.equals(hello.cookie)) {
      this.#begin(data, from, hello, now);
    }
  }

  #begin(data: Buffer, from: Peer, hello: ClientHello, now: number): void {
    const context = this.#context;
    if (context === undefined) return;
    const unfinished = this.#places.get(from.key)?.handshake;
    if (unfinished !== undefined) this.#giveUp(unfinished, 'displaced');
    if (!(this.#options.admit?.(from) ?? true) || !this.#handshakes.hasRoom(now)) {
      this.counters.handshakesRefused++;
      return;
    }
    this.counters.handshakesStarted++;
    const connection = new Connection(context, this.#limits.mtu, (buffer, offset, length) => {
      this.counters.sent++;
      // The buffer is used again at once, the socket may need it later.
      this.#lower.send(from, Buffer.from(buffer.subarray(offset, offset + length)), 0, length);
    });
    const handshake = this.#handshakes.add(from, Buffer.from(hello.cookie), connection, now);
    const place = this.#places.get(from.key) ?? {};
    place.handshake = handshake;
    this.#places.set(from.key, place);
    connection.begin(data);
    this.#judge(handshake, [], now);
  }

  #advance(handshake: Handshake, data: Buffer): void {
    handshake.changedCipher ||= hasRecord(data, CONTENT_TYPE.changeCipherSpec);
    const messages = handshake.connection.take(data);
    this.#judge(handshake, messages, this.#clock.monotonic());
  }

  #judge(handshake: Handshake, messages: readonly Buffer[], now: number): void {
    const { state } = handshake.connection;
    if (state === 'handshake') this.#handshakes.heard(handshake, now);
    else if (state === 'failed') this.#giveUp(handshake, 'failed');
    else this.#establish(handshake, messages, now);
  }

  #establish(handshake: Handshake, messages: readonly Buffer[], now: number): void {
    const { from, cookie, connection } = handshake;
    const context = this.#context as SecurityContext;
    const identity = identityOf(connection, context, this.#clock.wall());
    this.#handshakes.remove(handshake);
    const place = this.#places.get(from.key) as Place;
    place.handshake = undefined;
    if (identity === undefined) {
      this.counters.identitiesRefused++;
      this.#logger.info('a DTLS handshake was refused: the identity does not hold any more', { from: from.key });
      connection.close();
      connection.free(true);
      this.#leave(from);
      return;
    }
    const before = place.session;
    const session = new EstablishedSession(from, cookie, connection, identity, now, this.#clock.wall());
    this.counters.handshakesCompleted++;
    if (session.resumed) this.counters.handshakesResumed++;
    const previous = this.#sessions.add(session);
    if (before !== undefined && before !== previous) this.#end(before, 'replaced');
    if (previous !== undefined) this.#end(previous, 'replaced');
    this.#places.set(from.key, { session });
    this.#options.established?.(session, previous);
    this.#deliver(session, messages);
  }

  #hear(session: EstablishedSession, data: Buffer): void {
    const messages = session.connection.take(data);
    if (messages.length > 0) this.#sessions.heard(session, this.#clock.monotonic());
    this.#deliver(session, messages);
  }

  #deliver(session: EstablishedSession, messages: readonly Buffer[]): void {
    for (const message of messages) this.#receive(message, session.peer);
    if (this.#sessions.find(session.peer.key) !== session) return;
    const { state } = session.connection;
    if (state === 'ended') this.#end(session, 'peer');
    else if (state === 'failed') this.#end(session, 'error');
  }

  #end(session: EstablishedSession, why: CloseReason): void {
    this.#sessions.remove(session);
    const place = this.#places.get(session.from.key);
    if (place?.session === session) place.session = undefined;
    this.#leave(session.from);
    // Whoever has the address of a replaced session now need not hear of it.
    if (why !== 'replaced') session.connection.close();
    session.connection.free(why === 'revoked' || why === 'error');
    this.counters.sessionsClosed[why]++;
    this.#options.closed?.(session, why);
  }

  #giveUp(handshake: Handshake, why: HandshakeEnd): void {
    const { from, connection } = handshake;
    this.#handshakes.remove(handshake);
    const place = this.#places.get(from.key);
    if (place?.handshake === handshake) place.handshake = undefined;
    this.#leave(from);
    const { offered } = connection;
    connection.free();
    if (why === 'failed') this.counters.handshakesFailed++;
    else if (why === 'timeout') this.counters.handshakesTimedOut++;
    else if (why === 'displaced') this.counters.handshakesDisplaced++;
    this.#logger.debug('a DTLS handshake was given up', {
      from: from.key,
      why,
      ...(offered && { identity: offered.identity, known: offered.fingerprint !== 0 }),
    });
  }

  #leave({ key }: Peer): void {
    const place = this.#places.get(key);
    if (place !== undefined && place.session === undefined && place.handshake === undefined) this.#places.delete(key);
  }
}
