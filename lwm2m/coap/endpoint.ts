import { type Clock, type Logger, silentLogger, systemClock } from '../../common/index.ts';
import type { CoapCounters } from './counters.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import { type HeldByLayer, MessageLayer } from './message-layer.ts';
import type { NotificationHandler } from './notification.ts';
import type { FindObserved } from './observed-requests.ts';
import type { CoapReply, OutgoingRequest, RequestOptions } from './outgoing-request.ts';
import { type CoapLimits, DEFAULT_LIMITS, type TransmissionParameters } from './parameters.ts';
import type { Admission } from './rate-limit.ts';
import { secureRandom } from './secure-random.ts';
import type { DatagramTransport } from './transport.ts';
import type { CoapHandler, Peer } from './types.ts';
import { UdpTransport } from './udp-transport.ts';

export interface CoapEndpointOptions {
  /** `::` serves IPv6 and IPv4, and falls back to 0.0.0.0 where the machine has no IPv6. */
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** What carries its datagrams; absent: UDP at this host and port. */
  readonly transport?: DatagramTransport;
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** At least 0, below 1; cannot be foreseen from outside, unless in a test. */
  readonly random?: () => number;
  readonly limits?: Partial<CoapLimits>;
  readonly parameters?: Partial<TransmissionParameters>;
  /** Takes responses that answer no open request, whole with their blocks; where absent, they are reset. */
  readonly notification?: NotificationHandler;
  /**
   * The request that a notification belongs to, asked when only its first block came. Where absent the endpoint remembers
   * the observations it asked for itself; it cannot know those of an earlier run or of a device's earlier address.
   */
  readonly observed?: FindObserved;
  /** Whether one more request, duplicate, ping or undecodable message is answered; absent: all are. */
  readonly admit?: (peer: Peer, now: number) => Admission;
  /** See `MessageLayerOptions.durable`. */
  readonly durable?: () => Promise<void> | undefined;
  /** Told of each CoAP ping (RFC 7252 4.3): a sign of life that asks for nothing. */
  readonly ping?: (peer: Peer) => void;
}

/** How often a closing endpoint looks whether it is done, ms. */
const CLOSE_POLL = 10;

/** A CoAP endpoint on one UDP socket, or what stands in its place: serves the requests of devices and sends requests to them (RFC 7252). */
export class CoapEndpoint {
  readonly #clock: Clock;
  readonly #layer: MessageLayer;
  readonly #transport: DatagramTransport;
  #open = false;
  readonly #timer: DeadlineTimer;

  constructor(options: CoapEndpointOptions, handler: CoapHandler) {
    const { host, port, logger = silentLogger } = options;
    const queueLimit = options.limits?.sendQueueBytes ?? DEFAULT_LIMITS.sendQueueBytes;
    this.#clock = options.clock ?? systemClock;
    this.#transport = options.transport ?? new UdpTransport({ host, port, queueLimit, logger });
    this.#timer = new DeadlineTimer(this.#clock, () => {
      this.#layer.tick();
      return this.#layer.nextTick;
    });
    this.#layer = new MessageLayer({
      handler,
      now: () => this.#clock.monotonic(),
      random: options.random ?? secureRandom(),
      send: this.#transport.send,
      wake: (at) => this.#timer.wake(at),
      logger,
      ...(options.notification && { notification: options.notification }),
      ...(options.observed && { observed: options.observed }),
      ...(options.durable && { durable: options.durable }),
      ...(options.ping && { ping: options.ping }),
      ...(options.admit && { admit: options.admit }),
      ...(options.limits && { limits: options.limits }),
      ...(options.parameters && { parameters: options.parameters }),
    });
  }

  /** What it has seen and done. */
  get counters(): CoapCounters {
    return this.#layer.counters;
  }

  /** What it holds at the moment. */
  get held(): HeldByLayer {
    return this.#layer.held;
  }

  /** Opens the socket, once. Rejects with `IpeError` `coap/port-in-use`, or `coap/address` for an address that cannot be used. */
  async listen(): Promise<{ address: string; port: number }> {
    const bound = await this.#transport.open((data, peer) => this.#layer.receive(data, peer), this.counters);
    this.#open = true;
    return bound;
  }

  /**
   * Takes no more requests, lets answers in progress finish for at most `grace` milliseconds and closes the socket.
   * Requests of ours reject with `coap/closed`.
   */
  async close(grace: number): Promise<void> {
    this.#layer.stop();
    const until = this.#clock.monotonic() + grace;
    while (this.#open && this.#layer.busy && this.#clock.monotonic() < until) await this.#pause();
    this.#timer.stop();
    this.#open = false;
    await this.#transport.close();
  }

  /**
   * Sends a request to a device from the same socket, in blocks where it is long; resolves to the whole reply (RFC 7959).
   * Rejects with `IpeError` `coap/timeout`, `coap/reset`, `coap/aborted`, `coap/closed`, `coap/busy`, `coap/too-large`,
   * `coap/token`, `coap/reply-too-large`, `coap/changed` or, for blocks that make no sense, `coap/blocks`.
   */
  request(peer: Peer, request: OutgoingRequest, options: RequestOptions = {}): Promise<CoapReply> {
    return this.#layer.request(this.#transport.peer(peer), request, options);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.timer(CLOSE_POLL, resolve);
    });
  }
}
