import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net';

/** A request as a scripted CSE saw it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers one request; may answer later or never. */
export type Script = (seen: Seen, response: ServerResponse, request: IncomingMessage) => void;

/** An HTTP server that does as its script says, and remembers requests and connections. */
export class ScriptedCse {
  readonly seen: Seen[] = [];
  connections = 0;
  readonly #server: Server;

  private constructor(script: Script) {
    this.#server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => {
        body += chunk;
      });
      request.on('end', () => {
        const seen = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
        this.seen.push(seen);
        script(seen, response, request);
      });
    });
    this.#server.on('connection', () => {
      this.connections += 1;
    });
  }

  static async start(script: Script): Promise<ScriptedCse> {
    const cse = new ScriptedCse(script);
    await new Promise<void>((resolve) => cse.#server.listen(0, '127.0.0.1', resolve));
    return cse;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Answers with a response status code and content, as a CSE does. */
export function answer(
  response: ServerResponse,
  rsc: number,
  content?: unknown,
  headers: Record<string, string> = {},
): void {
  const body = content === undefined ? '' : JSON.stringify(content);
  response.writeHead(200, { 'X-M2M-RSC': String(rsc), 'Content-Type': 'application/json', ...headers });
  response.end(body);
}

/** A server of bytes: what `net` sees, chunk by chunk. */
export class RawServer {
  readonly sockets = new Set<Socket>();
  connections = 0;
  readonly #server: NetServer;

  private constructor(onSocket: (socket: Socket, number: number) => void) {
    this.#server = createNetServer((socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
      onSocket(socket, this.connections);
    });
  }

  static async start(onSocket: (socket: Socket, number: number) => void): Promise<RawServer> {
    const server = new RawServer(onSocket);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** An HTTP response as bytes. */
export function rawAnswer(body: string, headers: readonly string[] = ['X-M2M-RSC: 2000'], stray = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers.join('\r\n')}\r\n\r\n${body}${stray}`;
}
