import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { chance } from './random.ts';

/** What happens to requests on their way to the CSE. */
export interface WayWeather {
  /** Milliseconds before an answer goes back. */
  readonly delay?: number;
  readonly refuse?: { readonly share: number; readonly rsc: number };
  /** Connections that break, after the request was carried out or before. */
  readonly breaks?: { readonly share: number; readonly after: boolean };
}

/** A request that the CSE has answered. */
export interface Exchange {
  readonly method: string;
  /** Path without its leading slash. */
  readonly path: string;
  /** resourceType of a CREATE. */
  readonly type: number | undefined;
  readonly body: string;
  readonly rsc: number;
  /** Content of the answer. */
  readonly answer: string;
}

/** Stands between the bridge and its CSE: sees every answer, whether or not it gets back, and makes the way a bad one. */
export class HttpRelay {
  weather: WayWeather = {};
  readonly #seed: number;
  readonly #target: () => URL;
  readonly #witness: (exchange: Exchange) => void;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  #server: Server | undefined;
  #port = 0;
  #requests = 0;

  constructor(seed: number, target: () => URL, witness: (exchange: Exchange) => void) {
    this.#seed = seed;
    this.#target = target;
    this.#witness = witness;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens, after `close` on the same port again. */
  async open(): Promise<void> {
    const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => this.#receive(request, response));
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Closes the port and breaks all connections. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }

  /** Ends for good. */
  async dispose(): Promise<void> {
    await this.close();
    this.#agent.destroy();
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => response.destroy());
    response.on('error', () => {});
    request.on('end', () => this.#pass(request, Buffer.concat(chunks), response));
  }

  #pass(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const { refuse, breaks } = this.weather;
    const drawn = chance(this.#seed, this.#requests++);
    if (refuse !== undefined && drawn < refuse.share) {
      refused(request, response, refuse.rsc);
      return;
    }
    const broken = breaks !== undefined && drawn < breaks.share;
    if (broken && !breaks.after) breakOff(response);
    else this.#forward(request, body, response, broken);
  }

  #forward(request: IncomingMessage, body: Buffer, response: ServerResponse, broken: boolean): void {
    const { hostname, port } = this.#target();
    const { method = 'GET', url = '/', headers } = request;
    const onward = httpRequest({ hostname, port, method, path: url, headers, agent: this.#agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', () => breakOff(response));
      answer.on('end', () => {
        const rsc = Number(answer.headers['x-m2m-rsc'] ?? 0);
        const content = Buffer.concat(chunks);
        this.#witness({
          method,
          path: pathOf(url),
          type: typeOf(request),
          body: body.toString(),
          rsc,
          answer: content.toString(),
        });
        const give = () => {
          if (broken) breakOff(response);
          else if (!response.destroyed) {
            response.writeHead(answer.statusCode ?? 500, answer.headers);
            response.end(content);
          }
        };
        const { delay = 0 } = this.weather;
        if (delay === 0) give();
        else setTimeout(give, delay);
      });
    });
    onward.on('error', () => breakOff(response));
    onward.end(body);
  }
}

function breakOff(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

function refused({ headers }: IncomingMessage, response: ServerResponse, rsc: number): void {
  const echoed = ['x-m2m-ri', 'x-m2m-rvi'].flatMap((name) =>
    typeof headers[name] === 'string' ? [[name, headers[name]]] : [],
  );
  const body = JSON.stringify({ 'm2m:dbg': 'injected fault' });
  response.writeHead(rsc < 5000 ? 400 : 500, {
    ...Object.fromEntries(echoed),
    'X-M2M-RSC': `${rsc}`,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

function pathOf(url: string): string {
  const [path = ''] = url.split('?');
  return path.replace(/^\/+/, '');
}

function typeOf({ headers }: IncomingMessage): number | undefined {
  const found = /;\s*ty=(\d+)/.exec(headers['content-type'] ?? '');
  return found ? Number(found[1]) : undefined;
}
