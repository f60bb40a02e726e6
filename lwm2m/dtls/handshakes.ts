import type { Deadline, Deadlines } from '../coap/deadlines.ts';
import type { Peer } from '../coap/types.ts';
import type { Connection } from './connection.ts';
import type { DtlsLimits } from './options.ts';

type HandshakeLimits = Pick<DtlsLimits, 'handshakes' | 'handshakeTime' | 'retransmitTime' | 'longestRetransmitTime'>;

/** A handshake whose peer was silent this long gives way to a new one when there are too many, ms. */
const QUIET = 5_000;

/** A handshake in progress. */
export class Handshake implements Deadline {
  dueAt = 0;
  place = -1;
  readonly from: Peer;
  /** The cookie that it began with. */
  readonly cookie: Buffer;
  readonly connection: Connection;
  readonly endsAt: number;
  heardAt: number;
  /** True once the peer's records may be protected by the new keys. */
  changedCipher = false;
  /** How long the next answer is waited for, ms. */
  wait: number;
  readonly #owner: Handshakes;

  constructor(
    owner: Handshakes,
    from: Peer,
    cookie: Buffer,
    connection: Connection,
    now: number,
    limits: HandshakeLimits,
  ) {
    this.#owner = owner;
    this.from = from;
    this.cookie = cookie;
    this.connection = connection;
    this.heardAt = now;
    this.endsAt = now + limits.handshakeTime;
    this.wait = limits.retransmitTime;
  }

  due(now: number): void {
    this.#owner.overdue(this, now);
  }
}

/** Why a handshake was given up. */
export type HandshakeEnd = 'failed' | 'timeout' | 'displaced' | 'stopped';

/** The handshakes in progress, oldest first: how many there may be, and their retransmissions. */
export class Handshakes {
  readonly #all = new Set<Handshake>();
  readonly #deadlines: Deadlines;
  readonly #limits: HandshakeLimits;
  readonly #end: (handshake: Handshake, why: HandshakeEnd) => void;

  /** `end` is told to give a handshake up and must {@link remove} it. */
  constructor(deadlines: Deadlines, limits: HandshakeLimits, end: (handshake: Handshake, why: HandshakeEnd) => void) {
    this.#deadlines = deadlines;
    this.#limits = limits;
    this.#end = end;
  }

  get size(): number {
    return this.#all.size;
  }

  /** True when another one may begin; the oldest may have been given up for it. */
  hasRoom(now: number): boolean {
    if (this.#all.size < this.#limits.handshakes) return true;
    const [oldest] = this.#all;
    if (oldest === undefined || now - oldest.heardAt < QUIET) return false;
    this.#end(oldest, 'displaced');
    return true;
  }

  add(from: Peer, cookie: Buffer, connection: Connection, now: number): Handshake {
    const handshake = new Handshake(this, from, cookie, connection, now, this.#limits);
    this.#all.add(handshake);
    return handshake;
  }

  /** The peer said something: what we answered to it may be lost from now on. */
  heard(handshake: Handshake, now: number): void {
    handshake.heardAt = now;
    handshake.wait = this.#limits.retransmitTime;
    this.#await(handshake, now);
  }

  remove(handshake: Handshake): void {
    this.#all.delete(handshake);
    this.#deadlines.cancel(handshake);
  }

  /** Gives all up. */
  stop(): void {
    for (const handshake of [...this.#all]) this.#end(handshake, 'stopped');
  }

  overdue(handshake: Handshake, now: number): void {
    if (now >= handshake.endsAt) {
      this.#end(handshake, 'timeout');
      return;
    }
    handshake.connection.retransmit();
    if (handshake.connection.state === 'failed') {
      this.#end(handshake, 'failed');
      return;
    }
    handshake.wait = Math.min(2 * handshake.wait, this.#limits.longestRetransmitTime);
    this.#await(handshake, now);
  }

  #await(handshake: Handshake, now: number): void {
    this.#deadlines.set(handshake, Math.min(now + handshake.wait, handshake.endsAt));
  }
}
