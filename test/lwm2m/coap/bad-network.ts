import { MessageLayer, type MessageLayerOptions } from '../../../lwm2m/coap/message-layer.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import { settled } from './layer-harness.ts';

type Settings = Omit<MessageLayerOptions, 'now' | 'random' | 'send' | 'wake'>;

/** What the network does to datagrams. */
export interface Weather {
  /** Shares from 0 to 1. */
  readonly loss: number;
  readonly duplication: number;
  /** Milliseconds that a datagram takes at most; a later one may overtake it. */
  readonly delay: number;
}

/** Numbers from 0 up to 1 that are the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d);
    state = (Math.imul(state ^ (state >>> 12), 0x297a_2d39) + 0x9e37_79b9) | 0;
    return ((state ^ (state >>> 15)) >>> 0) / 0x1_0000_0000;
  };
}

interface Flying {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly bytes: Buffer;
}

/** Message layers by address, all at port 5683, with a network between them that loses, doubles and delays. */
export class BadNetwork {
  now = 0;
  /** Datagrams that something sent. */
  sent = 0;
  readonly #random: () => number;
  readonly #weather: Weather;
  readonly #layers = new Map<string, MessageLayer>();
  readonly #flying: Flying[] = [];

  constructor(seed: number, weather: Weather) {
    this.#random = seeded(seed);
    this.#weather = weather;
  }

  /** A layer at an address. */
  add(address: string, settings: Settings): MessageLayer {
    const layer = new MessageLayer({
      ...settings,
      now: () => this.now,
      random: this.#random,
      send: ({ address: to }, buffer, offset, length) => {
        this.send(address, to, buffer.subarray(offset, offset + length));
      },
      wake: () => {},
    });
    this.#layers.set(address, layer);
    return layer;
  }

  send(from: string, to: string, bytes: Buffer): void {
    this.sent++;
    const { loss, duplication, delay } = this.#weather;
    const copies = this.#random() < duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.#random() < loss) continue;
      this.#flying.push({ at: this.now + this.#random() * delay, from, to, bytes: Buffer.from(bytes) });
    }
  }

  /** Time passes until nothing is left to happen, or until then. */
  async run(until: number): Promise<void> {
    for (;;) {
      await settled();
      const next = this.#flying.reduce<Flying | undefined>(
        (a, b) => (a === undefined || b.at < a.at ? b : a),
        undefined,
      );
      const ticks = [...this.#layers.values()].map((layer) => layer.nextTick);
      const at = Math.min(next?.at ?? Number.POSITIVE_INFINITY, ...ticks);
      if (at > until) break;
      this.now = Math.max(this.now, at);
      if (next !== undefined && next.at <= at) {
        this.#flying.splice(this.#flying.indexOf(next), 1);
        this.#layers.get(next.to)?.receive(next.bytes, peerAt(next.from, 5_683));
      } else {
        for (const layer of this.#layers.values()) layer.tick();
      }
    }
    this.now = until;
  }
}
