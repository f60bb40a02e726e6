import { createSocket, type Socket } from 'node:dgram';

const BUFFER = 4 << 20;

/** One address from which endpoints speak. */
export interface Peer {
  readonly socket: Socket;
  nextMessageId: number;
}

/** Hears every datagram of the server. */
export type Hear = (peer: Peer, datagram: Buffer) => void;

/** Where an endpoint speaks from; without a port any will do. */
export interface Origin {
  readonly address: string;
  readonly port?: number | undefined;
}

/** A socket that speaks to the server alone, from a loopback address where one is given. */
export async function openPeer(host: string, port: number, hear: Hear, from?: Origin): Promise<Peer> {
  const type = host.includes(':') ? 'udp6' : 'udp4';
  const size = from === undefined ? BUFFER : BUFFER >> 8;
  const socket = createSocket({ type, recvBufferSize: size, sendBufferSize: size });
  const peer: Peer = { socket, nextMessageId: Math.floor(Math.random() * 65536) };
  socket.on('message', (datagram) => hear(peer, datagram));
  // A server that is gone makes itself felt as an unanswered request.
  socket.on('error', () => undefined);
  if (from !== undefined) await new Promise<void>((resolve) => socket.bind(from.port ?? 0, from.address, resolve));
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(port, host, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  return peer;
}

/** A loopback address for each endpoint, 127.1.0.1 to 127.250.255.254. */
export function ownAddress(endpoint: number): string {
  const host = endpoint % 254;
  const block = Math.floor(endpoint / 254);
  return `127.${1 + (Math.floor(block / 256) % 250)}.${block % 256}.${host + 1}`;
}
