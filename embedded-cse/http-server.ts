import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorMessage, IpeError } from '../common/index.ts';
import {
  CseError,
  fromHttpRequest,
  type HttpResponse,
  type RequestPrimitive,
  type ResponsePrimitive,
  toHttpResponse,
} from '../cse-client/index.ts';
import { toJson } from './json.ts';
import { RSC } from './refusal.ts';

/** What to do with a request: answer it, or leave the connection as it is, or break it. */
export type Outcome = ResponsePrimitive | 'drop' | 'hang';

/** Where to listen, what to bear, and which habits to take on. */
export interface HttpServerOptions {
  readonly host: string;
  readonly port: number;
  /** Bytes of a body. */
  readonly maxBody: number;
  readonly decimalNumbers: boolean;
  /** Close each connection, with two bytes behind the body that do not belong there. */
  readonly strayBytes: boolean;
  /** Never answer a query with several `lbl`. */
  readonly silentOnRepeatedLabel: boolean;
  readonly handle: (request: RequestPrimitive) => Outcome | Promise<Outcome>;
}

/** The HTTP binding of the CSE, server direction (TS-0009 6); one small listener on node:http. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  #server: Server | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
  }

  /** Listens; rejects with IpeError `cse/listen` where the port is taken or the host is none of ours. */
  async start(): Promise<{ address: string; port: number }> {
    const { host, port } = this.#options;
    const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => this.#receive(request, response));
    await new Promise<void>((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException) => {
        const reason = error.code === 'EADDRINUSE' ? 'the port is in use' : errorMessage(error);
        reject(
          new IpeError('cse/listen', `the embedded CSE cannot listen on ${host}:${port}: ${reason}`, { cause: error }),
        );
      };
      server.once('error', failed);
      server.listen(port, host, () => {
        server.removeListener('error', failed);
        resolve();
      });
    });
    this.#server = server;
    const { address, port: bound } = server.address() as AddressInfo;
    return { address, port: bound };
  }

  /** Closes the port and every connection, idle or not. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const { maxBody } = this.#options;
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBody) chunks.push(chunk);
    });
    request.on('end', () => {
      if (size > maxBody) {
        this.#answer(response, this.#refusal(request, RSC.badRequest, `a body of more than ${maxBody} bytes`));
      } else this.#handle(request, response, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
    request.on('error', () => response.destroy());
  }

  #handle(request: IncomingMessage, response: ServerResponse, body: Buffer | undefined): void {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const query = mark < 0 ? '' : url.slice(mark + 1);
    if (
      this.#options.silentOnRepeatedLabel &&
      query.split('&').filter((field) => field.startsWith('lbl=')).length > 1
    ) {
      return;
    }
    let outcome: Outcome | Promise<Outcome>;
    try {
      const path = mark < 0 ? url : url.slice(0, mark);
      const primitive = fromHttpRequest({ method: request.method ?? '', path, query, headers: request.headers, body });
      outcome = this.#options.handle(primitive);
    } catch (error) {
      const rsc = error instanceof CseError ? (error.rsc ?? RSC.badRequest) : RSC.internalServerError;
      outcome = this.#refusal(request, rsc, errorMessage(error));
    }
    if (outcome instanceof Promise) void outcome.then((settled) => this.#settle(response, settled));
    else this.#settle(response, outcome);
  }

  #settle(response: ServerResponse, outcome: Outcome): void {
    if (outcome === 'drop') response.socket?.resetAndDestroy();
    else if (outcome !== 'hang') this.#answer(response, outcome);
  }

  /** Even a request that cannot be read has its identifiers given back. */
  #refusal(request: IncomingMessage, rsc: number, message: string): ResponsePrimitive {
    const rqi = request.headers['x-m2m-ri'];
    const rvi = request.headers['x-m2m-rvi'];
    return {
      rsc,
      pc: { 'm2m:dbg': message },
      ...(typeof rqi === 'string' ? { rqi } : {}),
      ...(typeof rvi === 'string' ? { rvi } : {}),
    };
  }

  #answer(response: ServerResponse, primitive: ResponsePrimitive): void {
    if (response.destroyed) return;
    const http = toHttpResponse(primitive);
    const decimal = this.#options.decimalNumbers && primitive.pc !== undefined;
    const body = decimal ? toJson(primitive.pc, true) : (http.body ?? '');
    if (this.#options.strayBytes) {
      this.#answerWithStrayBytes(response, http, body);
      return;
    }
    response.writeHead(http.status, { ...http.headers, 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  }

  #answerWithStrayBytes(response: ServerResponse, http: HttpResponse, body: string): void {
    const lines = [
      `HTTP/1.1 ${http.status} ${STATUS_CODES[http.status] ?? ''}`,
      ...Object.entries(http.headers).map(([name, value]) => `${name}: ${value}`),
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    response.socket?.end(`${lines.join('\r\n')}\r\n\r\n${body}\r\n`);
  }
}
