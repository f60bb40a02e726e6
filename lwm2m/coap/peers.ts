import type { Peer } from './types.ts';

/** What the message layer knows of a peer as long as anything refers to it. */
export interface PeerEntry {
  /** Where it was heard of last; equal in key. */
  peer: Peer;
  /** Told apart from all other entries of this process by this number. */
  readonly number: number;
  /** Scatters the tables that are keyed by peer; cannot be foreseen from outside. */
  readonly hash: number;
  /** How many messages, exchanges and requests keep this entry. */
  uses: number;
  /** Message id of our next message to the peer (RFC 7252 4.4). */
  nextMessageId: number;
}

/** The peer at an address; `#` stands between the two since an IPv6 address has colons of its own. */
export function peerAt(address: string, port: number): Peer {
  return { address, port, key: peerKey(address, port) };
}

/** The key of a peer: equal for equal address and port. */
export function peerKey(address: string, port: number): string {
  return `${address}#${port}`;
}

/**
 * The peers with something in progress or remembered. Message ids start at random and count up for each peer (RFC 7252
 * 4.4); an entry is forgotten with its last use, EXCHANGE_LIFETIME after the peer's last message.
 */
export class PeerTable {
  readonly #entries = new Map<string, PeerEntry>();
  readonly #random: () => number;
  readonly #secret: number;
  #lastNumber = 0;

  constructor(random: () => number) {
    this.#random = random;
    this.#secret = Math.floor(random() * 0x1_0000_0000);
  }

  get size(): number {
    return this.#entries.size;
  }

  find(key: string): PeerEntry | undefined {
    return this.#entries.get(key);
  }

  /** The entry of a peer, made anew when there is none. Whoever calls this calls {@link use} or {@link drop} next. */
  obtain(peer: Peer): PeerEntry {
    const known = this.#entries.get(peer.key);
    if (known !== undefined) return known;
    const entry: PeerEntry = {
      peer,
      number: ++this.#lastNumber,
      hash: Math.imul(this.#lastNumber ^ this.#secret, 0x9e37_79b1),
      uses: 0,
      nextMessageId: Math.floor(this.#random() * 0x1_0000),
    };
    this.#entries.set(peer.key, entry);
    return entry;
  }

  use(entry: PeerEntry): void {
    entry.uses++;
  }

  /** Ends one use; the last one forgets the peer. */
  release(entry: PeerEntry): void {
    entry.uses--;
    this.drop(entry);
  }

  /** Forgets a peer that nothing uses. */
  drop(entry: PeerEntry): void {
    if (entry.uses <= 0) this.#entries.delete(entry.peer.key);
  }
}

/** Takes the next message id towards a peer. */
export function takeMessageId(entry: PeerEntry): number {
  const id = entry.nextMessageId;
  entry.nextMessageId = (id + 1) & 0xffff;
  return id;
}
