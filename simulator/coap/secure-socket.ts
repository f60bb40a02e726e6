import type { RemoteInfo, Socket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { dtls } from 'node-dtls-client';
import { errorMessage, IpeError } from '../../common/index.ts';
import type { ServerAddress } from '../server-uri.ts';
import { type DeviceSocketOptions, misbehave } from './device-socket.ts';

/** The pre-shared key of a device (LwM2M security mode 0). */
export interface DeviceKey {
  /** ASCII; others cannot be said by the library. */
  readonly identity: string;
  readonly key: Buffer;
}

/** Milliseconds for a handshake; the library sends nothing again, so one that lost a datagram never ends. */
const HANDSHAKE_TIME = 5_000;

/** The parts of the library's socket that its types hide. */
interface Inner {
  readonly udp: Socket;
}

/**
 * A socket whose datagrams go through a DTLS session with one server, for whoever wants a UDP socket. Once the session has
 * ended the next datagram begins another one, from another port. Errors are of a handshake, `simulator/handshake`.
 */
export class SecureSocket extends EventEmitter {
  readonly #server: ServerAddress;
  readonly #key: DeviceKey;
  readonly #options: DeviceSocketOptions;
  #session: dtls.Socket | undefined;
  #opening: Promise<void> | undefined;
  #waiting: Buffer[] = [];
  #closed = false;

  constructor(server: ServerAddress, key: DeviceKey, options: DeviceSocketOptions) {
    super();
    this.#server = server;
    this.#key = key;
    this.#options = options;
  }

  /** Shakes hands; rejects with IpeError `simulator/handshake`. */
  open(): Promise<void> {
    this.#opening ??= this.#handshake().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** Where the device is reached. */
  address(): { address: string; port: number; family: string } {
    if (this.#session === undefined) return { address: '', port: 0, family: 'IPv4' };
    return innerOf(this.#session).udp.address();
  }

  /** As `send` of a UDP socket; where it goes is settled. */
  send(bytes: Buffer, offset: number, length: number, ...rest: readonly unknown[]): void {
    const done = rest.find((one) => typeof one === 'function') as ((error: Error | null) => void) | undefined;
    this.#waiting.push(Buffer.from(bytes.subarray(offset, offset + length)));
    if (this.#session === undefined && !this.#closed) this.open().catch((error: unknown) => this.emit('error', error));
    else this.#flush();
    done?.(null);
  }

  /** The next datagram begins a new session: the server seems to know nothing of this one. */
  renew(): void {
    const session = this.#session;
    this.#session = undefined;
    session?.removeAllListeners();
    session?.on('error', () => {});
    session?.close();
  }

  close(): void {
    this.#closed = true;
    this.renew();
  }

  async #handshake(): Promise<void> {
    const { host, port } = this.#server;
    const { identity, key } = this.#key;
    const session = dtls.createSocket({
      type: this.#options.family === 6 ? 'udp6' : 'udp4',
      address: host,
      port,
      // Its types want a text, which could not hold every key; bytes are taken as they are.
      psk: { [identity]: key as unknown as string },
      timeout: HANDSHAKE_TIME,
      ciphers: ['TLS_PSK_WITH_AES_128_CCM_8'],
    });
    guard(session);
    if (this.#options.misbehaviour.duplicate || this.#options.misbehaviour.reorder > 0) {
      misbehave(innerOf(session).udp, this.#options);
    }
    try {
      await once(session, 'connected');
    } catch (error) {
      this.#waiting = [];
      const message = `no DTLS session with ${host}:${port}: ${errorMessage(error)}`;
      throw new IpeError('simulator/handshake', message, { retryable: true, cause: error });
    }
    session.on('message', (bytes: Buffer, from: RemoteInfo) => this.emit('message', bytes, from));
    const ended = () => {
      if (this.#session === session) this.#session = undefined;
    };
    session.on('close', ended);
    session.on('error', ended);
    this.#session = session;
    if (this.#closed) this.renew();
    else this.#flush();
  }

  #flush(): void {
    const session = this.#session;
    if (session === undefined) return;
    for (const bytes of this.#waiting.splice(0)) session.send(bytes);
  }
}

/** What a datagram that makes no sense has the library throw is the loss of that datagram. */
function guard(session: dtls.Socket): void {
  const { udp } = innerOf(session);
  const [take] = udp.listeners('message') as ((bytes: Buffer, from: RemoteInfo) => void)[];
  udp.removeAllListeners('message');
  udp.on('message', (bytes, from) => {
    try {
      take?.(bytes, from);
    } catch {
      // RFC 6347 4.1.2.7
    }
  });
}

function innerOf(session: dtls.Socket): Inner {
  return session as unknown as Inner;
}
