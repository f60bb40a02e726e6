import type { Deadline } from './deadlines.ts';
import type { LayerContext } from './layer-context.ts';
import { type PeerEntry, takeMessageId } from './peers.ts';

/** How the sending of a CON message ended. */
export type TransmissionEnd = 'acknowledged' | 'reset' | 'given-up';

/** A CON message of ours on its way (RFC 7252 4.2). */
export class Transmission implements Deadline {
  dueAt = 0;
  place = -1;
  readonly peer: PeerEntry;
  readonly messageId: number;
  readonly #owner: Transmissions;
  readonly #bytes: Buffer;
  readonly #ended: (end: TransmissionEnd) => void;
  #left: number;
  #interval: number;

  constructor(
    owner: Transmissions,
    peer: PeerEntry,
    bytes: Buffer,
    interval: number,
    retransmissions: number,
    ended: (end: TransmissionEnd) => void,
  ) {
    this.#owner = owner;
    this.peer = peer;
    this.messageId = ((bytes[2] as number) << 8) | (bytes[3] as number);
    this.#bytes = bytes;
    this.#interval = interval;
    this.#left = retransmissions;
    this.#ended = ended;
  }

  /** Sends it; when nobody answers in time, {@link due} sends it again. */
  transmit(now: number): void {
    this.#owner.transmit(this, this.#bytes, now + this.#interval);
    this.#interval *= 2;
  }

  due(now: number): void {
    if (this.#left === 0) {
      this.#owner.end(this, 'given-up');
      return;
    }
    this.#left--;
    this.#owner.countRetransmission();
    this.transmit(now);
  }

  ended(end: TransmissionEnd): void {
    this.#ended(end);
  }
}

/** The CON messages of ours that wait for their acknowledgement, by (peer, message id) (RFC 7252 4.2, 4.8). */
export class Transmissions {
  readonly #context: LayerContext;
  readonly #running = new Map<number, Transmission>();

  constructor(context: LayerContext) {
    this.#context = context;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Takes a message id that no message of ours in the last EXCHANGE_LIFETIME had towards the peer (RFC 7252 4.4). */
  takeMessageId(peer: PeerEntry): number {
    const id = takeMessageId(peer);
    this.#context.recent.addOwn(peer, id, this.#context.now());
    return id;
  }

  /** Sends a CON message until it is acknowledged, reset or given up, again at most `repetitions` times; then calls `ended` once. */
  start(
    peer: PeerEntry,
    bytes: Buffer,
    ended: (end: TransmissionEnd) => void,
    repetitions = Number.POSITIVE_INFINITY,
  ): Transmission {
    const { ackTimeout, ackRandomFactor, maxRetransmit } = this.#context.parameters;
    const interval = ackTimeout * (1 + this.#context.random() * (ackRandomFactor - 1));
    const transmission = new Transmission(this, peer, bytes, interval, Math.min(maxRetransmit, repetitions), ended);
    this.#running.set(keyOf(peer, transmission.messageId), transmission);
    this.#context.peers.use(peer);
    transmission.transmit(this.#context.now());
    return transmission;
  }

  find(peer: PeerEntry, messageId: number): Transmission | undefined {
    return this.#running.get(keyOf(peer, messageId));
  }

  end(transmission: Transmission, end: TransmissionEnd): void {
    this.stop(transmission);
    if (end === 'reset') this.#context.counters.reset++;
    if (end === 'given-up') this.#context.counters.givenUp++;
    transmission.ended(end);
  }

  /** Ends it without a word to whoever started it. */
  stop(transmission: Transmission): void {
    if (!this.#running.delete(keyOf(transmission.peer, transmission.messageId))) return;
    this.#context.deadlines.cancel(transmission);
    this.#context.peers.release(transmission.peer);
  }

  transmit(transmission: Transmission, bytes: Buffer, nextAt: number): void {
    this.#context.send(transmission.peer.peer, bytes, 0, bytes.length);
    this.#context.deadlines.set(transmission, nextAt);
  }

  countRetransmission(): void {
    this.#context.counters.retransmissions++;
  }
}

/** A number for (peer, message id); peers are numbered up, never anew. */
function keyOf(peer: PeerEntry, messageId: number): number {
  return peer.number * 0x1_0000 + messageId;
}
