import type { RemoteInfo, Socket } from 'node:dgram';

const CONFIRMABLE = 0;
const ACKNOWLEDGEMENT = 2;
const HEADER = 4;
/** Acknowledgements remembered; the network repeats what is young. */
const REMEMBERED = 32;

type Listener = (datagram: Buffer, peer: RemoteInfo) => void;

/**
 * Stands between a socket and the listeners that a CoAP client and a CoAP server have put on it, because the library's
 * client takes a repeated acknowledgement within a blockwise transfer for a wrong one, its server answers a ping, and
 * both throw on what they cannot use. `onFault` gets what was thrown.
 */
export function guardIncoming(socket: Socket, onFault: (error: unknown) => void): void {
  const [client, server] = socket.listeners('message') as Listener[];
  const acknowledged: number[] = [];
  const seen = (id: number) => {
    if (acknowledged.includes(id)) return true;
    if (acknowledged.push(id) > REMEMBERED) acknowledged.shift();
    return false;
  };
  socket.removeAllListeners('message');
  socket.on('message', (datagram, peer) => {
    if (datagram.length < HEADER) return;
    const type = (datagram.readUInt8(0) >> 4) & 3;
    const code = datagram.readUInt8(1);
    if (type === ACKNOWLEDGEMENT && seen(datagram.readUInt16BE(2))) return;
    try {
      client?.(datagram, peer);
      if (type !== CONFIRMABLE || code !== 0) server?.(datagram, peer);
    } catch (error) {
      onFault(error);
    }
  });
}
