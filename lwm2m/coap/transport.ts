import type { Peer } from './types.ts';

/** Takes in a datagram; its bytes do not change afterwards. */
export type ReceiveDatagram = (data: Buffer, peer: Peer) => void;

/** Hands a datagram, `buffer[offset..offset + length)`, to the network. The bytes stay as they are until it is sent. */
export type SendDatagram = (peer: Peer, buffer: Buffer, offset: number, length: number) => void;

/** What a transport counts of its losses. Only ever counts up. */
export interface TransportLosses {
  /** Datagrams dropped because a bound was reached. */
  droppedBusy: number;
  /** Datagrams that could not be sent, and other errors of the socket. */
  socketErrors: number;
}

/** What carries the datagrams of a CoAP endpoint: UDP, or DTLS over it (RFC 7252 9). Losing a datagram is no error. */
export interface DatagramTransport {
  /** Opens, once. Rejects with an `IpeError`: `coap/port-in-use` or `coap/address`, or what else hinders this transport. */
  open(receive: ReceiveDatagram, losses: TransportLosses): Promise<{ address: string; port: number }>;
  readonly send: SendDatagram;
  /** The peer as this transport names it now: a registration may be older than the setting of the host. */
  peer(peer: Peer): Peer;
  /** Sends and takes no more. */
  close(): Promise<void>;
}
