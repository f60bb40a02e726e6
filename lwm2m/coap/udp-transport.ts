import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { errorMessage, IpeError, type Logger } from '../../common/index.ts';
import { isWithoutIpv6, listenError } from './listen-error.ts';
import { peerAt } from './peers.ts';
import type { DatagramTransport, ReceiveDatagram, TransportLosses } from './transport.ts';
import type { Peer } from './types.ts';

/** Node's default loses datagrams when devices come back all at once. */
const SOCKET_BUFFER_BYTES = 4 << 20;
/** Datagrams above this are worth knowing the fate of: the path may refuse their size. */
const LARGE_DATAGRAM = 1_280;
/** How often the queue of the socket is looked at, in datagrams. */
const QUEUE_CHECK = 32;
const IPV4_MAPPED = '::ffff:';

export interface UdpTransportOptions {
  /** `::` serves IPv6 and IPv4, and falls back to 0.0.0.0 where the machine has no IPv6. */
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Bytes waiting in the socket above which datagrams are dropped. */
  readonly queueLimit: number;
  readonly logger: Logger;
}

/** A datagram that is handed to the socket at the end of this turn of the event loop. */
interface OutgoingDatagram {
  readonly peer: Peer;
  readonly buffer: Buffer;
  readonly offset: number;
  readonly length: number;
}

/**
 * Datagrams on one UDP socket; a peer is an address. What one turn of the event loop sends leaves in a row: a first datagram
 * may cost the waking of another core, those that follow it at once do not.
 */
export class UdpTransport implements DatagramTransport {
  readonly #options: UdpTransportOptions;
  #losses: TransportLosses = { droppedBusy: 0, socketErrors: 0 };
  #socket: Socket | undefined;
  #family: 4 | 6 = 4;
  #untilCheck = QUEUE_CHECK;
  #congested = false;
  #outgoing: OutgoingDatagram[] = [];

  constructor(options: UdpTransportOptions) {
    this.#options = options;
  }

  async open(receive: ReceiveDatagram, losses: TransportLosses): Promise<{ address: string; port: number }> {
    const { host, port, logger } = this.#options;
    this.#losses = losses;
    if (isIP(host) === 0) {
      throw new IpeError('coap/address', `\`${host}\` is not an IP address; \`::\` stands for all of this machine`);
    }
    try {
      return await this.#bind(host, port, receive);
    } catch (error) {
      if (host === '::' && isWithoutIpv6(error)) {
        logger.info('this machine has no IPv6: CoAP is served on IPv4 only');
        return await this.#bind('0.0.0.0', port, receive).catch((second) =>
          Promise.reject(listenError(second, '0.0.0.0', port)),
        );
      }
      throw listenError(error, host, port);
    }
  }

  readonly send = (peer: Peer, buffer: Buffer, offset: number, length: number): void => {
    if (this.#socket === undefined) return;
    if (this.#outgoing.push({ peer, buffer, offset, length }) === 1) setImmediate(this.#sendAll);
  };

  readonly #sendAll = (): void => {
    const outgoing = this.#outgoing;
    if (outgoing.length === 0) return;
    this.#outgoing = [];
    for (const datagram of outgoing) this.#sendNow(datagram);
  };

  #sendNow({ peer, buffer, offset, length }: OutgoingDatagram): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    if (--this.#untilCheck <= 0 || this.#congested) {
      this.#untilCheck = QUEUE_CHECK;
      this.#congested = socket.getSendQueueSize() > this.#options.queueLimit;
      if (this.#congested) {
        this.#losses.droppedBusy++;
        return;
      }
    }
    try {
      if (length > LARGE_DATAGRAM) socket.send(buffer, offset, length, peer.port, peer.address, this.#sent);
      else socket.send(buffer, offset, length, peer.port, peer.address);
    } catch (error) {
      this.#failed(error);
    }
  }

  peer(peer: Peer): Peer {
    const { address, port } = peer;
    if (this.#family === 6 && !address.includes(':')) return peerAt(IPV4_MAPPED + address, port);
    if (this.#family === 4 && address.startsWith(IPV4_MAPPED)) return peerAt(address.slice(IPV4_MAPPED.length), port);
    return peer;
  }

  async close(): Promise<void> {
    this.#sendAll();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  #bind(host: string, port: number, receive: ReceiveDatagram): Promise<{ address: string; port: number }> {
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
        socket.on('error', (error) => this.#failed(error));
        socket.on('message', (data, { address, port: from }) => receive(data, peerAt(address, from)));
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
    const { logger } = this.#options;
    logger.info('the system limits the receive buffer of the CoAP socket: bursts of devices may lose datagrams', {
      bytes,
      wanted: SOCKET_BUFFER_BYTES,
    });
  }

  readonly #sent = (error: Error | null): void => {
    if (error !== null) this.#failed(error);
  };

  /** An error of the socket is the loss of a datagram: retransmission is what helps (RFC 7252 4.2). */
  #failed(error: unknown): void {
    this.#losses.socketErrors++;
    this.#options.logger.debug('the CoAP socket reported an error', { reason: errorMessage(error) });
  }
}
