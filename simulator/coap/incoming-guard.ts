import type { RemoteInfo, Socket } from 'node:dgram';
import { ACKNOWLEDGEMENT, type CoapMessage, readMessage } from './message.ts';
import type { ServerRole } from './server-role.ts';

/** Acknowledgements remembered; the network repeats what is young. */
const REMEMBERED = 32;

type Listener = (datagram: Buffer, peer: RemoteInfo) => void;

/**
 * Gives each datagram to the role that it is for: requests, and empty messages about its own ones, to the server role;
 * the rest to the library's client, which has put its listener on the socket. That one takes a repeated acknowledgement
 * within a blockwise transfer for a wrong one, so repetitions stay out, and it throws on what it cannot use: `onFault`
 * gets that.
 */
export function guardIncoming(socket: Socket, server: ServerRole, onFault: (error: unknown) => void): void {
  const [client] = socket.listeners('message') as Listener[];
  const acknowledged: number[] = [];
  const seen = ({ type, id }: CoapMessage) => {
    if (type !== ACKNOWLEDGEMENT) return false;
    if (acknowledged.includes(id)) return true;
    if (acknowledged.push(id) > REMEMBERED) acknowledged.shift();
    return false;
  };
  socket.removeAllListeners('message');
  socket.on('message', (datagram, peer) => {
    const message = readMessage(datagram);
    if (!message) return;
    const request = message.code.startsWith('0.');
    try {
      if (request && server.receive(message, { address: peer.address, port: peer.port })) return;
      if (!seen(message)) client?.(datagram, peer);
    } catch (error) {
      onFault(error);
    }
  });
}
