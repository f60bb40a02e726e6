import { expect } from 'vitest';
import { type CoapMessage, decodeMessage } from '../../../lwm2m/coap/message.ts';
import { MessageLayer, type MessageLayerOptions } from '../../../lwm2m/coap/message-layer.ts';
import type { CoapReply } from '../../../lwm2m/coap/outgoing-request.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import type { CoapHandler } from '../../../lwm2m/coap/types.ts';
import { encodeMessage } from '../../support/coap-message.ts';

/** A datagram that the layer sent. */
export interface SentDatagram {
  readonly at: number;
  readonly to: string;
  readonly bytes: Buffer;
}

type LayerSettings = Pick<
  MessageLayerOptions,
  'limits' | 'parameters' | 'logger' | 'notification' | 'observed' | 'durable' | 'admit'
>;

/** A message layer with a clock that stands still until it is told, and a network that is a list. */
export class LayerHarness {
  now = 1_000_000;
  readonly sent: SentDatagram[] = [];
  readonly layer: MessageLayer;
  /** What `random` gives next; 0.5 afterwards. */
  readonly chances: number[] = [];

  constructor(handler: CoapHandler = () => ({ code: '2.04' }), settings: LayerSettings = {}) {
    this.layer = new MessageLayer({
      handler,
      now: () => this.now,
      random: () => this.chances.shift() ?? 0.5,
      send: (peer, buffer, offset, length) => {
        this.sent.push({ at: this.now, to: peer.key, bytes: Buffer.from(buffer.subarray(offset, offset + length)) });
      },
      wake: () => {},
      ...settings,
    });
  }

  /** A datagram arrives from `address#5683`. */
  receive(datagram: Buffer | Partial<CoapMessage>, address = '192.0.2.1', port = 5683): void {
    this.layer.receive(Buffer.isBuffer(datagram) ? datagram : encodeMessage(message(datagram)), peerAt(address, port));
  }

  /** Time passes; whatever falls due meanwhile happens at its own time. */
  advance(milliseconds: number): void {
    const until = this.now + milliseconds;
    while (this.layer.nextTick <= until) {
      this.now = Math.max(this.now, this.layer.nextTick);
      this.layer.tick();
    }
    this.now = until;
  }

  /** The one message that was sent since the last call. */
  takeOne(): CoapMessage {
    const all = this.take();
    expect(all).toHaveLength(1);
    return all[0] as CoapMessage;
  }

  /** A device answers a request of ours in the acknowledgement. */
  answer(request: CoapMessage, parts: Partial<CoapMessage>): void {
    this.receive({ type: 2, code: 0x45, messageId: request.messageId, token: request.token, ...parts });
  }

  /** What was sent since the last call. */
  take(): CoapMessage[] {
    return this.sent.splice(0).map(({ bytes }) => decodeMessage(bytes));
  }

  /** The same as bytes. */
  takeHex(): string[] {
    return this.sent.splice(0).map(({ bytes }) => bytes.toString('hex'));
  }
}

/** What became of a request, to be looked at without waiting. */
export interface Watched {
  reply?: CoapReply;
  code?: string;
  retryable?: boolean;
}

/** Looks at what becomes of a request. */
export function watch(promise: Promise<CoapReply>): Watched {
  const seen: Watched = {};
  promise.then(
    (reply) => {
      seen.reply = reply;
    },
    (error: { code: string; retryable: boolean }) => {
      seen.code = error.code;
      seen.retryable = error.retryable;
    },
  );
  return seen;
}

/** A message; CON GET without token unless said otherwise. */
export function message(parts: Partial<CoapMessage>): CoapMessage {
  const nothing = Buffer.alloc(0);
  return { type: 0, code: 1, messageId: 1, token: nothing, options: [], payload: nothing, ...parts };
}

/** An option from text, bytes or a number in its shortest form. */
export function option(number: number, value: string | Buffer | number): CoapMessage['options'][number] {
  if (typeof value !== 'number') return { number, value: Buffer.from(value as string) };
  const hex = value === 0 ? '' : value.toString(16);
  return { number, value: Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, 'hex') };
}

/** The number that an option of a message holds; undefined when there is none. */
export function numberIn(from: CoapMessage, number: number): number | undefined {
  const found = from.options.find((one) => one.number === number);
  if (found === undefined) return undefined;
  return found.value.length === 0 ? 0 : found.value.readUIntBE(0, found.value.length);
}

/** The value of a block option written as RFC 7959 does: number/more/size. */
export function block(number: number, more: 0 | 1, size: number): number {
  return number * 16 + more * 8 + (Math.log2(size) - 4);
}

/** Printable bytes, no two blocks of them alike. */
export function text(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => 32 + ((at + (at >> 6)) % 90)));
}

/** Numbers for `random`, so that each token differs. */
export function variedChances(): number[] {
  return Array.from({ length: 200 }, (_, n) => ((n * 7_919) % 1_009) / 1_009);
}

/** Lets promises that are settled run on. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}
