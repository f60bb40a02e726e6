import type { Socket } from 'node:dgram';
import { Agent, type IncomingMessage, type OutgoingMessage } from 'coap';
import { errorMessage, IpeError } from '../../common/index.ts';
import type { ServerAddress } from '../server-uri.ts';
import { type DeviceSocketOptions, openSocket } from './device-socket.ts';
import type { DeviceRequest, DeviceResponse, NotificationEnd, PortHandler } from './exchange.ts';
import { guardIncoming } from './incoming-guard.ts';
import { type DeviceKey, SecureSocket } from './secure-socket.ts';
import { type NotificationManner, ServerRole } from './server-role.ts';

/** A request of the device to the server. Always confirmable. */
export interface PortRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: readonly string[];
  readonly query: readonly string[];
  readonly contentFormat?: number | undefined;
  readonly accept?: number | undefined;
  readonly payload?: string | Buffer | undefined;
  /** A payload longer than this goes in blocks of this size (RFC 7959). */
  readonly blockSize: number;
}

/** The server's answer. */
export interface PortReply {
  readonly code: string;
  readonly locationPath: readonly string[];
  /** Seconds, where the server says so. */
  readonly maxAge: number | undefined;
  readonly payload: Buffer;
}

/** Milliseconds; a little less than the library's own end of an exchange (EXCHANGE_LIFETIME, RFC 7252 4.8.2). */
const MAX_EXCHANGE = 240_000;

/**
 * A UDP port of one or several devices: a CoAP client (the `coap` library) and a CoAP server on the same socket, so that
 * the server reaches a device where it registered from. Requests to a shared port are answered by the endpoint that
 * attached first.
 */
export class CoapPort {
  readonly #socket: Socket;
  readonly #secure: SecureSocket | undefined;
  readonly #agent: Agent;
  readonly #server: ServerRole;
  readonly #handlers: PortHandler[] = [];
  readonly #pending = new Set<(error: IpeError) => void>();
  #closed = false;

  private constructor(socket: Socket, { clock, random }: DeviceSocketOptions, secure?: SecureSocket) {
    this.#socket = socket;
    this.#secure = secure;
    this.#agent = new Agent({ socket });
    this.#agent.on('error', () => {});
    this.#server = new ServerRole({
      handler: () => this.#handlers[0],
      send: (bytes, { address, port }) => {
        if (!this.#closed) socket.send(bytes, 0, bytes.length, port, address);
      },
      nextId: () => this.#agent._nextMessageId(),
      clock,
      random,
    });
    guardIncoming(socket, this.#server, (error) => {
      this.#failAll(new IpeError('simulator/socket', errorMessage(error), { cause: error }));
    });
    secure?.on('error', (error: IpeError) => this.#failAll(error));
  }

  /** Opens the socket; see `openSocket` for what is thrown. */
  static async open(options: DeviceSocketOptions): Promise<CoapPort> {
    return new CoapPort(await openSocket(options), options);
  }

  /** The same through a DTLS session with the server; rejects with IpeError `simulator/handshake`. */
  static async openSecure(server: ServerAddress, key: DeviceKey, options: DeviceSocketOptions): Promise<CoapPort> {
    const secure = new SecureSocket(server, key, options);
    // The library asks of a socket no more than this one has.
    const port = new CoapPort(secure as unknown as Socket, options, secure);
    await secure.open();
    return port;
  }

  /** Where it is reached; changes with each DTLS session. */
  get port(): number {
    return this.#socket.address().port;
  }

  get address(): string {
    return this.#socket.address().address;
  }

  /** Serves the server's requests with `handler` until the returned function is called. */
  attach(handler: PortHandler): () => void {
    this.#handlers.push(handler);
    return () => {
      const index = this.#handlers.indexOf(handler);
      if (index >= 0) this.#handlers.splice(index, 1);
    };
  }

  /** Sends a notification to whoever made `request`; `ended` hears once what became of it, unless that is nothing. */
  notify(
    request: DeviceRequest,
    response: DeviceResponse,
    manner: NotificationManner,
    ended: (how: NotificationEnd) => void,
  ): void {
    if (!this.#closed) this.#server.notify(request, response, manner, ended);
  }

  /**
   * One exchange with the server, its retransmissions included. Rejects with `IpeError` `simulator/timeout` after
   * `limit` milliseconds, `simulator/reset`, `simulator/stopped` when the port closes, or `simulator/socket`.
   */
  request(server: ServerAddress, request: PortRequest, limit: number): Promise<PortReply> {
    if (this.#closed) return Promise.reject(stopped());
    return new Promise((resolve, reject) => {
      const outgoing = this.#agent.request({ host: server.host, port: server.port, method: request.method });
      const end = () => {
        clearTimeout(timer);
        this.#pending.delete(fail);
      };
      const fail = (error: IpeError) => {
        if (!this.#pending.has(fail)) return;
        end();
        this.#agent.abort(outgoing);
        reject(error);
      };
      const timer = setTimeout(
        () => {
          fail(new IpeError('simulator/timeout', `no answer within ${limit} ms`, { retryable: true }));
          this.#secure?.renew();
        },
        Math.min(limit, MAX_EXCHANGE),
      );
      this.#pending.add(fail);
      outgoing.on('error', (error: unknown) => {
        fail(new IpeError('simulator/socket', errorMessage(error), { retryable: true, cause: error }));
      });
      outgoing.once('response', (response: IncomingMessage) => {
        end();
        // The library keeps the id of a request whose acknowledgement was lost, and takes later messages for its answer.
        this.#agent._msgIdToReq.delete(outgoing._packet.messageId ?? -1);
        if (response.code === '0.00') reject(new IpeError('simulator/reset', 'the server answered with Reset'));
        else resolve(replyOf(response));
      });
      setOptions(outgoing, request);
      outgoing.end(request.payload);
    });
  }

  /** Ends every exchange and closes the socket. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#failAll(stopped());
    this.#server.stop();
    this.#socket.close();
  }

  #failAll(error: IpeError): void {
    for (const fail of [...this.#pending]) fail(error);
  }
}

function stopped(): IpeError {
  return new IpeError('simulator/stopped', 'the device was stopped');
}

function setOptions(outgoing: OutgoingMessage, request: PortRequest): void {
  // As buffers, because the library splits texts at "/" and "&", which may stand in an endpoint name.
  outgoing.setOption(
    'Uri-Path',
    request.path.map((segment) => Buffer.from(segment)),
  );
  outgoing.setOption(
    'Uri-Query',
    request.query.map((parameter) => Buffer.from(parameter)),
  );
  if (request.contentFormat !== undefined) outgoing.setOption('Content-Format', request.contentFormat);
  if (request.accept !== undefined) outgoing.setOption('Accept', request.accept);
  if (Buffer.byteLength(request.payload ?? '') > request.blockSize) {
    outgoing.setOption('Block1', Buffer.of(Math.log2(request.blockSize) - 4));
  }
}

function replyOf(response: IncomingMessage): PortReply {
  const values = (name: string) => (response._packet.options ?? []).filter((option) => option.name === name);
  const maxAge = response.headers['Max-Age'];
  return {
    code: response.code,
    locationPath: values('Location-Path').map(({ value }) => String(value)),
    maxAge: typeof maxAge === 'number' ? maxAge : undefined,
    payload: Buffer.from(response.payload),
  };
}
