import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, type OutgoingMessage } from 'coap';
import { parse } from 'coap-packet';
import { Mailbox } from './mailbox.ts';

/** A request as it came from a device. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly contentFormat: unknown;
  readonly payload: string;
  readonly port: number;
}

/** What the server answers; undefined: not a word. */
export interface ScriptedAnswer {
  readonly code: string;
  readonly location?: string;
  readonly maxAge?: number;
  readonly payload?: string;
}

/** What a device answered to the server. */
export interface DeviceReply {
  readonly code: string;
  readonly format: unknown;
  readonly observe: unknown;
  readonly payload: string;
}

type Script = (request: SeenRequest) => ScriptedAnswer | undefined;

/** Accepts whatever a LwM2M server accepts. */
export const ACCEPTING: Script = ({ method, path }) => {
  if (method === 'POST' && path === 'rd') return { code: '2.01', location: 'rd/1' };
  return { code: method === 'DELETE' ? '2.02' : '2.04' };
};

/** A LwM2M server that answers by a script and remembers everything. */
export class ScriptedServer {
  /** Message id, type and sender's port of every datagram. */
  readonly datagrams: { readonly id: number; readonly bytes: string; readonly port: number }[] = [];
  readonly port: number;
  readonly address: string;
  script: Script;
  readonly #socket: Socket;
  readonly #agent: Agent;
  readonly #server: ReturnType<typeof createServer>;
  readonly #mailbox = new Mailbox<SeenRequest>();

  private constructor(socket: Socket, script: Script) {
    this.script = script;
    this.#socket = socket;
    ({ port: this.port, address: this.address } = socket.address());
    socket.on('message', (datagram: Buffer, peer: RemoteInfo) => {
      this.datagrams.push({ id: parse(datagram).messageId, bytes: datagram.toString('hex'), port: peer.port });
    });
    this.#agent = new Agent({ socket });
    this.#server = createServer((request: IncomingMessage, response: OutgoingMessage) =>
      this.#serve(request, response),
    );
    this.#server.listen(socket);
  }

  static async start(script: Script = ACCEPTING, host = '127.0.0.1'): Promise<ScriptedServer> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, host);
    await once(socket, 'listening');
    return new ScriptedServer(socket, script);
  }

  get server() {
    return { host: this.address, port: this.port };
  }

  /** Every request so far. */
  get requests(): readonly SeenRequest[] {
    return this.#mailbox.all;
  }

  /** The next request that was not yet taken. */
  next(): Promise<SeenRequest> {
    return this.#mailbox.next();
  }

  /** A request to the device at that port. */
  ask(
    port: number,
    method: 'GET' | 'PUT' | 'POST' | 'DELETE',
    path: string,
    more: { accept?: number; format?: number; payload?: string; observe?: boolean } = {},
  ): Promise<DeviceReply> {
    return new Promise((resolve, reject) => {
      const request = this.#agent.request({ host: this.address, port, method, pathname: path });
      if (more.observe) request.setOption('Observe', null);
      if (more.accept !== undefined) request.setOption('Accept', more.accept);
      if (more.format !== undefined) request.setOption('Content-Format', more.format);
      request.on('error', reject);
      request.on('response', (response: IncomingMessage) => {
        const { code, headers } = response;
        resolve({
          code,
          format: headers['Content-Format'],
          observe: headers.Observe,
          payload: response.payload.toString(),
        });
      });
      request.end(more.payload ?? '');
    });
  }

  /** Sends bytes to a port and gives the first datagram that comes back from there. */
  async exchange(port: number, bytes: Buffer): Promise<Buffer> {
    const answer = new Promise<Buffer>((resolve) => {
      const listen = (datagram: Buffer, peer: RemoteInfo) => {
        if (peer.port !== port) return;
        this.#socket.removeListener('message', listen);
        resolve(datagram);
      };
      this.#socket.on('message', listen);
    });
    this.#socket.send(bytes, port, this.address);
    return answer;
  }

  close(): void {
    this.#server.close();
    this.#socket.close();
  }

  #serve(request: IncomingMessage, response: OutgoingMessage): void {
    const [path = '', query = ''] = request.url.split('?');
    const seen: SeenRequest = {
      method: request.method,
      path: path.slice(1),
      query: query === '' ? [] : query.split('&'),
      contentFormat: request.headers['Content-Format'],
      payload: request.payload.toString(),
      port: request.rsinfo.port,
    };
    const answer = this.script(seen);
    if (answer) {
      response.statusCode = answer.code;
      if (answer.location)
        response.setOption(
          'Location-Path',
          answer.location.split('/').map((part) => Buffer.from(part)),
        );
      if (answer.maxAge !== undefined) response.setOption('Max-Age', answer.maxAge);
      response.end(answer.payload ?? '');
    } else if (response._ackTimer) clearTimeout(response._ackTimer);
    this.#mailbox.put(seen);
  }
}
