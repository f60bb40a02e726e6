import { Client } from 'undici';
import type { Clock } from '../common/index.ts';
import { Deadlines } from './deadlines.ts';
import { CseError } from './errors.ts';
import { type Connections, Exchange, type TimedHttpResponse } from './exchange.ts';
import type { HttpRequest } from './http-binding.ts';

/** Limits of a transport. Times in milliseconds. */
export interface HttpTransportOptions {
  /** http(s)://host:port[/prefix] */
  readonly url: URL;
  /** Connections, and so requests on the wire at once. */
  readonly maxInFlight: number;
  /** Requests that may wait for a connection. */
  readonly maxQueued: number;
  readonly maxAnswerBytes: number;
  readonly connectTimeout: number;
  /** For https. */
  readonly tls?: TlsCredentials | undefined;
  readonly clock: Clock;
}

/** Whom the client trusts and who it is, in TLS; each as PEM. */
export interface TlsCredentials {
  /** Certificates of authorities, in place of those that Node.js trusts. */
  readonly ca?: string | undefined;
  /** The client's certificate, with its chain, and its private key. */
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
}

/** A dropped idle connection must be ours to drop: servers close theirs after 5 s and more. */
const KEEP_ALIVE = 4_000;

/**
 * HTTP/1.1 over a fixed number of kept-alive connections, one request at a time on each, and a bounded queue in front of
 * them. Head and body of a request leave in one segment.
 */
export class HttpTransport implements Connections {
  readonly name: string;
  readonly prefix: string;
  readonly deadlines: Deadlines;
  readonly #options: HttpTransportOptions;
  readonly #idle: Client[] = [];
  readonly #all = new Set<Client>();
  readonly #queue: Exchange[] = [];
  #head = 0;
  #queued = 0;
  #inFlight = 0;
  #closed = false;
  #starting = false;
  #drained: (() => void) | undefined;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.name = options.url.origin;
    this.prefix = options.url.pathname.replace(/\/+$/, '');
    this.deadlines = new Deadlines(options.clock);
  }

  now(): number {
    return this.#options.clock.monotonic();
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get queued(): number {
    return this.#queued;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Sends a request and resolves with the whole answer; rejects with CseError. `timeout` includes the queue. */
  exchange(request: HttpRequest, timeout: number, signal?: AbortSignal): Promise<TimedHttpResponse> {
    if (this.#closed)
      return Promise.reject(new CseError('cse/closed', `The client of the CSE at ${this.name} is closed`));
    if (this.#inFlight >= this.#options.maxInFlight && this.#queued >= this.#options.maxQueued) {
      const message = `CSE at ${this.name} is too slow: ${this.#queued} requests are waiting for it already`;
      return Promise.reject(new CseError('cse/busy', message));
    }
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(this, request, timeout, resolve, reject);
      if (signal !== undefined && !exchange.listen(signal)) return;
      if (this.#inFlight < this.#options.maxInFlight) this.#start(exchange);
      else this.#enqueue(exchange);
    });
  }

  /** Takes no more requests, lets those on the wire finish for at most `grace` milliseconds, then closes all connections. */
  async close(grace: number): Promise<void> {
    this.#closed = true;
    for (const exchange of this.#queue.splice(0).slice(this.#head)) {
      exchange.fail(new CseError('cse/closed', `The client of the CSE at ${this.name} was closed`));
    }
    this.#head = 0;
    this.#queued = 0;
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#options.clock.timer(grace, resolve);
        this.#drained = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    await Promise.all([...this.#all].map((client) => client.destroy()));
  }

  /** An exchange gives its connection back; a broken one is thrown away. */
  release(connection: Client, reusable: boolean): void {
    this.#inFlight -= 1;
    if (reusable) this.#idle.push(connection);
    else this.discard(connection);
    this.#startWaiting();
    if (this.#inFlight === 0) this.#drained?.();
  }

  /** Closes a connection that is not to be used again. */
  discard(connection: Client): void {
    this.#all.delete(connection);
    // Its callbacks are on the stack.
    queueMicrotask(() => void connection.destroy());
  }

  /** A queued exchange has ended before its turn. */
  leaveQueue(): void {
    this.#queued -= 1;
  }

  /** A new connection, made when it is first written to. */
  fresh(): Client {
    const { url, connectTimeout, maxAnswerBytes, tls } = this.#options;
    const { ca, certificate, privateKey } = tls ?? {};
    const client = new Client(url.origin, {
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: connectTimeout,
        ...(ca === undefined ? {} : { ca }),
        ...(certificate === undefined ? {} : { cert: certificate }),
        ...(privateKey === undefined ? {} : { key: privateKey }),
      },
      maxResponseSize: maxAnswerBytes,
    });
    this.#all.add(client);
    return client;
  }

  /** One that fails as it is started releases its connection within this loop, which then goes on. */
  #startWaiting(): void {
    if (this.#starting) return;
    this.#starting = true;
    while (this.#queued > 0 && this.#inFlight < this.#options.maxInFlight) {
      const next = this.#dequeue();
      if (next !== undefined) this.#start(next);
    }
    this.#starting = false;
  }

  #start(exchange: Exchange): void {
    this.#inFlight += 1;
    exchange.send(this.#idle.pop() ?? this.fresh());
  }

  #enqueue(exchange: Exchange): void {
    exchange.queued = true;
    // Those that left before their turn must not pile up behind slow ones.
    if (this.#queue.length > 2 * this.#queued + 1024) {
      const waiting = this.#queue.slice(this.#head).filter((one) => !one.settled);
      this.#queue.splice(0, this.#queue.length, ...waiting);
      this.#head = 0;
    }
    this.#queue.push(exchange);
    this.#queued += 1;
  }

  #dequeue(): Exchange | undefined {
    const exchange = this.#queue[this.#head] as Exchange;
    this.#head += 1;
    if (this.#head === this.#queue.length || this.#head > 1024) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
    // One that hangs frees its connection as its deadline comes: those behind it may be due in the same moment.
    if (!exchange.settled && exchange.overdue) exchange.expire();
    if (exchange.settled) return undefined;
    exchange.queued = false;
    this.#queued -= 1;
    return exchange;
  }
}
