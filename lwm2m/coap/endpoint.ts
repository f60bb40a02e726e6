import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import {
  type Clock,
  errorMessage,
  IpeError,
  type Logger,
  silentLogger,
  systemClock,
  type Timer,
} from '../../common/index.ts';
import type { CoapCounters } from './counters.ts';
import { isWithoutIpv6, listenError } from './listen-error.ts';
import { type HeldByLayer, MessageLayer } from './message-layer.ts';
import type { NotificationHandler } from './notification.ts';
import type { FindObserved } from './observed-requests.ts';
import type { CoapReply, OutgoingRequest, RequestOptions } from './outgoing-request.ts';
import { type CoapLimits, DEFAULT_LIMITS, type TransmissionParameters } from './parameters.ts';
import { peerAt } from './peers.ts';
import { secureRandom } from './secure-random.ts';
import type { CoapHandler, Peer } from './types.ts';

export interface CoapEndpointOptions {
  /** `::` serves IPv6 and IPv4, and falls back to 0.0.0.0 where the machine has no IPv6. */
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
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
}

/** Node's default loses datagrams when devices come back all at once. */
const SOCKET_BUFFER_BYTES = 4 << 20;
/** Datagrams above this are worth knowing the fate of: the path may refuse their size. */
const LARGE_DATAGRAM = 1_280;
/** How often the queue of the socket is looked at, in datagrams. */
const QUEUE_CHECK = 32;
/** How often a closing endpoint looks whether it is done, ms. */
const CLOSE_POLL = 10;

/** A CoAP endpoint on one UDP socket: serves the requests of devices and sends requests to them (RFC 7252). */
export class CoapEndpoint {
  readonly #options: CoapEndpointOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #layer: MessageLayer;
  readonly #queueLimit: number;
  #socket: Socket | undefined;
  #family: 4 | 6 = 4;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #untilCheck = QUEUE_CHECK;
  #congested = false;
  #closed = false;

  constructor(options: CoapEndpointOptions, handler: CoapHandler) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#queueLimit = options.limits?.sendQueueBytes ?? DEFAULT_LIMITS.sendQueueBytes;
    this.#layer = new MessageLayer({
      handler,
      now: () => this.#clock.monotonic(),
      random: options.random ?? secureRandom(),
      send: (peer, buffer, offset, length) => this.#send(peer, buffer, offset, length),
      wake: (at) => this.#wake(at),
      logger: this.#logger,
      ...(options.notification && { notification: options.notification }),
      ...(options.observed && { observed: options.observed }),
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
    const { host, port } = this.#options;
    if (isIP(host) === 0) {
      throw new IpeError('coap/address', `\`${host}\` is not an IP address; \`::\` stands for all of this machine`);
    }
    try {
      return await this.#bind(host, port);
    } catch (error) {
      if (host === '::' && isWithoutIpv6(error)) {
        this.#logger.info('this machine has no IPv6: CoAP is served on IPv4 only');
        return await this.#bind('0.0.0.0', port).catch((second) =>
          Promise.reject(listenError(second, '0.0.0.0', port)),
        );
      }
      throw listenError(error, host, port);
    }
  }

  /**
   * Takes no more requests, lets answers in progress finish for at most `grace` milliseconds and closes the socket.
   * Requests of ours reject with `coap/closed`.
   */
  async close(grace: number): Promise<void> {
    this.#layer.stop();
    const until = this.#clock.monotonic() + grace;
    while (this.#socket !== undefined && this.#layer.busy && this.#clock.monotonic() < until) await this.#pause();
    this.#closed = true;
    this.#timer?.cancel();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  /**
   * Sends a request to a device from the same socket, in blocks where it is long; resolves to the whole reply (RFC 7959).
   * Rejects with `IpeError` `coap/timeout`, `coap/reset`, `coap/aborted`, `coap/closed`, `coap/busy`, `coap/too-large`,
   * `coap/token`, `coap/reply-too-large`, `coap/changed` or, for blocks that make no sense, `coap/blocks`.
   */
  request(peer: Peer, request: OutgoingRequest, options: RequestOptions = {}): Promise<CoapReply> {
    return this.#layer.request(peerOn(this.#family, peer), request, options);
  }

  #bind(host: string, port: number): Promise<{ address: string; port: number }> {
    const type = host.includes(':') ? 'udp6' : 'udp4';
    const family = type === 'udp6' ? 6 : 4;
    const socket = createSocket({
      type,
      recvBufferSize: SOCKET_BUFFER_BYTES,
      sendBufferSize: SOCKET_BUFFER_BYTES,
      // Peers are addresses already: no name is ever looked up, and no datagram waits a tick for it.
      lookup: (hostname, _options, callback) => callback(null, hostname, family),
    });
    return new Promise((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.removeAllListeners('error');
        socket.on('error', (error) => this.#socketFailed(error));
        socket.on('message', (data, { address, port: from }) => this.#layer.receive(data, address, from));
        this.#socket = socket;
        this.#family = family;
        this.#checkReceiveBuffer(socket);
        const bound = socket.address();
        resolve({ address: bound.address, port: bound.port });
      });
    });
  }

  #checkReceiveBuffer(socket: Socket): void {
    const bytes = socket.getRecvBufferSize();
    if (bytes >= SOCKET_BUFFER_BYTES) return;
    this.#logger.info('the system limits the receive buffer of the CoAP socket: bursts of devices may lose datagrams', {
      bytes,
      wanted: SOCKET_BUFFER_BYTES,
    });
  }

  #send(peer: Peer, buffer: Buffer, offset: number, length: number): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    if (--this.#untilCheck <= 0 || this.#congested) {
      this.#untilCheck = QUEUE_CHECK;
      this.#congested = socket.getSendQueueSize() > this.#queueLimit;
      if (this.#congested) {
        this.counters.droppedBusy++;
        return;
      }
    }
    try {
      if (length > LARGE_DATAGRAM) socket.send(buffer, offset, length, peer.port, peer.address, this.#sent);
      else socket.send(buffer, offset, length, peer.port, peer.address);
    } catch (error) {
      this.#socketFailed(error);
    }
  }

  readonly #sent = (error: Error | null): void => {
    if (error !== null) this.#socketFailed(error);
  };

  /** An error of the socket is the loss of a datagram: retransmission is what helps (RFC 7252 4.2). */
  #socketFailed(error: unknown): void {
    this.counters.socketErrors++;
    this.#logger.debug('the CoAP socket reported an error', { reason: errorMessage(error) });
  }

  #wake(at: number): void {
    if (at >= this.#timerAt || this.#closed) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.timer(Math.max(0, Math.ceil(at - this.#clock.monotonic())), () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#layer.tick();
      this.#wake(this.#layer.nextTick);
    });
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.timer(CLOSE_POLL, resolve);
    });
  }
}

const IPV4_MAPPED = '::ffff:';

/** The peer as a socket of this family names it: a registration may be older than the setting of the host. */
function peerOn(family: 4 | 6, peer: Peer): Peer {
  const { address, port } = peer;
  if (family === 6 && !address.includes(':')) return peerAt(IPV4_MAPPED + address, port);
  if (family === 4 && address.startsWith(IPV4_MAPPED)) return peerAt(address.slice(IPV4_MAPPED.length), port);
  return peer;
}
