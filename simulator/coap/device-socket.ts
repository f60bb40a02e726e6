import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Clock, errorMessage, IpeError } from '../../common/index.ts';
import type { Misbehaviour } from '../misbehaviour.ts';

/** What a socket is opened with. */
export interface DeviceSocketOptions {
  readonly family: 4 | 6;
  readonly localAddress: string | undefined;
  readonly misbehaviour: Pick<Misbehaviour, 'duplicate' | 'reorder'>;
  readonly clock: Clock;
  readonly random: () => number;
}

/**
 * A bound UDP socket whose datagrams are doubled or held back on demand. Throws `IpeError`
 * `simulator/too-many-sockets` where the process may open no more files, else `simulator/socket`.
 */
export async function openSocket(options: DeviceSocketOptions): Promise<Socket> {
  const socket = createSocket(options.family === 6 ? 'udp6' : 'udp4');
  try {
    socket.bind(0, options.localAddress);
    await once(socket, 'listening');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EMFILE' && code !== 'ENFILE') {
      throw new IpeError('simulator/socket', `no UDP socket: ${errorMessage(error)}`, { cause: error });
    }
    const message = 'this process may open no more files: raise the limit (ulimit -n), or let endpoints share sockets';
    throw new IpeError('simulator/too-many-sockets', message, { cause: error });
  }
  const { duplicate, reorder } = options.misbehaviour;
  if (duplicate || reorder > 0) misbehave(socket, options);
  return socket;
}

type Send = (...parameters: unknown[]) => void;

/** Has a socket double and hold back what it sends. Both roles send through `send`, so that this is the one place to interfere. */
export function misbehave(
  socket: Socket,
  { misbehaviour: { duplicate, reorder }, clock, random }: DeviceSocketOptions,
): void {
  const send = socket.send.bind(socket) as Send;
  let open = true;
  socket.once('close', () => {
    open = false;
  });
  const later = (parameters: unknown[]) => {
    if (reorder === 0) send(...parameters);
    else clock.timer(random() * reorder, () => open && send(...parameters));
  };
  const replacement: Send = (...parameters) => {
    later(parameters);
    if (duplicate) later(parameters.filter((parameter) => typeof parameter !== 'function'));
  };
  Object.defineProperty(socket, 'send', { value: replacement });
}
