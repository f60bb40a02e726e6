import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** UDP ports of the loopback address that nobody has now, for servers whose address devices are told before they start. */
export async function freeUdpPorts(count: number): Promise<number[]> {
  const sockets = Array.from({ length: count }, () => createSocket('udp4'));
  const ports: number[] = [];
  for (const socket of sockets) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    ports.push(socket.address().port);
  }
  for (const socket of sockets) {
    socket.close();
    await once(socket, 'close');
  }
  return ports;
}
