import { AnswerStore } from './answer-store.ts';
import { NON } from './codes.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import type { PeerEntry, PeerTable } from './peers.ts';

/** How a duplicate of a message is answered (RFC 7252 4.2, 4.3). */
export const ANSWER = {
  /** Not at all: a NON message, or the answer is on its way. */
  NONE: 0,
  /** By an empty acknowledgement. */
  EMPTY: 1,
  /** By the bytes kept. */
  KEPT: 2,
} as const;

const SMALLEST = 1_024;
/** More are not forgotten at once, so that nobody waits for a sweep; the rest follows after a pause. */
const SWEEP_STEP = 20_000;
const STEP_PAUSE = 10;
/** Milliseconds between sweeps. */
const SWEEP_PAUSE = 1_000;
/** Message ids of ours are remembered beside those of the peer; this keeps the two apart. */
const OWN = 0x1_0000;

export interface RecentMessagesOptions {
  readonly exchangeLifetime: number;
  readonly nonLifetime: number;
  readonly count: number;
  readonly bytes: number;
}

/**
 * The messages of the last EXCHANGE_LIFETIME by (peer, message id), with what a duplicate is answered with. A ring of
 * numbers in order of arrival and a hash table over it: no object for a message. Above its bounds the oldest go early.
 */
export class RecentMessages implements Deadline {
  dueAt = 0;
  place = -1;
  readonly answers = new AnswerStore();
  readonly #peers: PeerTable;
  readonly #deadlines: Deadlines;
  readonly #options: RecentMessagesOptions;
  readonly #largest: number;
  /** Messages are numbered in order; message n is in slot n modulo capacity. */
  #first = 0;
  #end = 0;
  #capacity = 0;
  #owners: (PeerEntry | undefined)[] = [];
  #ids = new Int32Array(0);
  #digests = new Int32Array(0);
  #expiries = new Float64Array(0);
  #next = new Int32Array(0);
  #buckets = new Int32Array(0);
  #kinds = new Uint8Array(0);
  #locations = new Float64Array(0);
  #lengths = new Uint16Array(0);

  constructor(peers: PeerTable, deadlines: Deadlines, options: RecentMessagesOptions) {
    this.#peers = peers;
    this.#deadlines = deadlines;
    this.#options = options;
    this.#largest = 2 ** Math.ceil(Math.log2(Math.max(2, options.count)));
    this.#resize(Math.min(SMALLEST, this.#largest));
  }

  get size(): number {
    return this.#end - this.#first;
  }

  /** Bytes held, whether or not in use. */
  get bytes(): number {
    return this.#capacity * 43 + this.answers.bytes;
  }

  /** When the oldest message may be forgotten; Infinity when there is none. */
  get oldestExpiry(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : (this.#expiries[this.#first & (this.#capacity - 1)] as number);
  }

  /**
   * The number of a message seen before, -1 otherwise. `digest` stands for the bytes of the datagram: a device that
   * starts again within the lifetime may use an id anew for another message, and that is no duplicate.
   */
  find(owner: PeerEntry, id: number, digest: number, now: number): number {
    const slot = this.#slotOf(owner, id);
    if (slot < 0 || this.#digests[slot] !== digest || (this.#expiries[slot] as number) <= now) return -1;
    return this.#first + ((slot - this.#first) & (this.#capacity - 1));
  }

  /** Remembers a message of a peer; its number. Takes the place of an earlier one with the same id. */
  add(owner: PeerEntry, id: number, digest: number, type: number, now: number): number {
    const { exchangeLifetime, nonLifetime } = this.#options;
    return this.#add(owner, id, digest, now + (type === NON ? nonLifetime : exchangeLifetime), now);
  }

  /** Keeps our message id, hence the peer's entry that counts them, for EXCHANGE_LIFETIME (RFC 7252 4.4). */
  addOwn(owner: PeerEntry, id: number, now: number): void {
    this.#add(owner, id | OWN, 0, now + this.#options.exchangeLifetime, now);
  }

  /** What a duplicate is answered with, one of {@link ANSWER}. */
  kind(message: number): number {
    return this.#kinds[message & (this.#capacity - 1)] as number;
  }

  /** The bytes kept for a message of kind {@link ANSWER.KEPT}: call with the place to be told. */
  kept(message: number, use: (buffer: Buffer, offset: number, length: number) => void): void {
    const slot = message & (this.#capacity - 1);
    const location = this.#locations[slot] as number;
    use(this.answers.chunkOf(location), this.answers.offsetOf(location), this.#lengths[slot] as number);
  }

  /** From now on duplicates are acknowledged empty; nothing happens when the message was forgotten. */
  setEmpty(message: number): void {
    if (message >= this.#first) this.#kinds[message & (this.#capacity - 1)] = ANSWER.EMPTY;
  }

  /** From now on duplicates are answered with the bytes that {@link answers} has at its place, up to `end`. */
  setKept(message: number, end: number): void {
    if (message < this.#first || this.#owners[message & (this.#capacity - 1)] === undefined) {
      this.answers.pass(end);
      return;
    }
    const slot = message & (this.#capacity - 1);
    this.#lengths[slot] = end - this.answers.at;
    this.#locations[slot] = this.answers.keep(end);
    this.#kinds[slot] = ANSWER.KEPT;
    while (this.answers.bytes > this.#options.bytes && this.size > 1) this.#forgetOldest();
  }

  /** Forgets what is past its lifetime, and gives back the memory for it. */
  due(now: number): void {
    for (let left = SWEEP_STEP; left > 0 && this.oldestExpiry <= now; left--) this.#forgetOldest();
    if (this.oldestExpiry <= now) {
      this.#deadlines.set(this, now + STEP_PAUSE);
      return;
    }
    let fitting = this.#capacity;
    while (fitting > SMALLEST && this.size <= fitting / 4) fitting /= 2;
    if (fitting < this.#capacity) this.#resize(fitting);
    if (this.size === 0) this.answers.trim();
    else this.#deadlines.set(this, Math.max(this.oldestExpiry, now + SWEEP_PAUSE));
  }

  #add(owner: PeerEntry, id: number, digest: number, expiry: number, now: number): number {
    this.#peers.use(owner);
    this.#unlinkEqual(owner, id);
    if (this.oldestExpiry <= now) this.#forgetOldest();
    if (this.oldestExpiry <= now) this.#forgetOldest();
    if (this.size === this.#options.count) this.#forgetOldest();
    else if (this.size === this.#capacity) this.#resize(this.#capacity * 2);
    const message = this.#end++;
    const slot = message & (this.#capacity - 1);
    this.#owners[slot] = owner;
    this.#ids[slot] = id;
    this.#digests[slot] = digest;
    this.#expiries[slot] = expiry;
    this.#kinds[slot] = ANSWER.NONE;
    this.#link(slot);
    if (this.place < 0) this.#deadlines.set(this, expiry);
    return message;
  }

  #bucketOf(owner: PeerEntry, id: number): number {
    const mixed = Math.imul(owner.hash ^ Math.imul(id, 0x9e37_79b1), 0x85eb_ca6b);
    return (mixed ^ (mixed >>> 15)) & (this.#capacity - 1);
  }

  #slotOf(owner: PeerEntry, id: number): number {
    let slot = this.#buckets[this.#bucketOf(owner, id)] as number;
    while (slot >= 0 && (this.#ids[slot] !== id || this.#owners[slot] !== owner)) slot = this.#next[slot] as number;
    return slot;
  }

  #link(slot: number): void {
    const bucket = this.#bucketOf(this.#owners[slot] as PeerEntry, this.#ids[slot] as number);
    this.#next[slot] = this.#buckets[bucket] as number;
    this.#buckets[bucket] = slot;
  }

  #unlinkEqual(owner: PeerEntry, id: number): void {
    const slot = this.#slotOf(owner, id);
    if (slot >= 0) this.#clear(slot);
  }

  #unlink(slot: number, owner: PeerEntry): void {
    const bucket = this.#bucketOf(owner, this.#ids[slot] as number);
    let before = this.#buckets[bucket] as number;
    if (before === slot) {
      this.#buckets[bucket] = this.#next[slot] as number;
      return;
    }
    while (this.#next[before] !== slot) before = this.#next[before] as number;
    this.#next[before] = this.#next[slot] as number;
  }

  #clear(slot: number): void {
    const owner = this.#owners[slot];
    if (owner === undefined) return;
    this.#unlink(slot, owner);
    this.#owners[slot] = undefined;
    if (this.#kinds[slot] === ANSWER.KEPT) this.answers.forget(this.#locations[slot] as number);
    this.#kinds[slot] = ANSWER.NONE;
    this.#peers.release(owner);
  }

  #forgetOldest(): void {
    this.#clear(this.#first & (this.#capacity - 1));
    this.#first++;
  }

  #resize(capacity: number): void {
    const old = this.#capacity;
    const from = { owners: this.#owners, ids: this.#ids, digests: this.#digests, expiries: this.#expiries };
    const { kinds, locations, lengths } = { kinds: this.#kinds, locations: this.#locations, lengths: this.#lengths };
    this.#capacity = capacity;
    this.#owners = new Array<PeerEntry | undefined>(capacity).fill(undefined);
    this.#ids = new Int32Array(capacity);
    this.#digests = new Int32Array(capacity);
    this.#expiries = new Float64Array(capacity);
    this.#next = new Int32Array(capacity);
    this.#buckets = new Int32Array(capacity).fill(-1);
    this.#kinds = new Uint8Array(capacity);
    this.#locations = new Float64Array(capacity);
    this.#lengths = new Uint16Array(capacity);
    for (let message = this.#first; message < this.#end; message++) {
      const source = message & (old - 1);
      const slot = message & (capacity - 1);
      this.#owners[slot] = from.owners[source];
      this.#ids[slot] = from.ids[source] as number;
      this.#digests[slot] = from.digests[source] as number;
      this.#expiries[slot] = from.expiries[source] as number;
      this.#kinds[slot] = kinds[source] as number;
      this.#locations[slot] = locations[source] as number;
      this.#lengths[slot] = lengths[source] as number;
      if (from.owners[source] !== undefined) this.#link(slot);
    }
  }
}
