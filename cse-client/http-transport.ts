import { performance } from 'node:perf_hooks';
import { Client } from 'undici';
import type { Clock, Timer } from '../common/index.ts';
import { Chain } from './chain.ts';
import { Deadlines } from './deadlines.ts';
import { CseError } from './errors.ts';
import { type Connections, Exchange, type TimedHttpResponse } from './exchange.ts';
import { flowOf, type Target } from './flow.ts';
import type { HttpRequest } from './http-binding.ts';
import { InFlightLimit } from './in-flight-limit.ts';
import { type Place, type Priority, WaitingLine } from './waiting-line.ts';

/** Limits of a transport. Times in milliseconds. */
export interface HttpTransportOptions {
  /** http(s)://host:port[/prefix] */
  readonly url: URL;
  /** Most connections, and so requests on the wire at once. */
  readonly maxInFlight: number;
  /** `adaptive`: as many of these as the CSE is best with; `fixed`: always all. */
  readonly inFlight: 'adaptive' | 'fixed';
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

/** How one request is sent. */
export interface ExchangeOptions {
  /** Milliseconds, the wait for a connection included. */
  readonly timeout: number;
  readonly priority: Priority;
  /** Requests about the same wait for each other rather than others for all of them. */
  readonly about: Target;
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds between looks at what has been on the wire for long while others wait. */
const WATCH = 50;
/** An exchange straggles after so many milliseconds, and so many times what an answer takes typically. */
const STRAGGLES = { after: 200, times: 10 } as const;
/** A dropped idle connection must be ours to drop: servers close theirs after 5 s and more. */
const KEEP_ALIVE = 4_000;

/**
 * HTTP/1.1 over a bounded number of kept-alive connections, one request at a time on each, and a bounded line of what waits
 * in front of them. How many are used at once follows the CSE; an answer that takes very long gives its place to another
 * request meanwhile. Head and body of a request leave in one segment.
 */
export class HttpTransport implements Connections {
  readonly name: string;
  readonly prefix: string;
  readonly deadlines: Deadlines;
  readonly #options: HttpTransportOptions;
  readonly #idle: Client[] = [];
  readonly #all = new Set<Client>();
  readonly #line = new WaitingLine<Exchange>();
  /** On the wire, the longest first. */
  readonly #running = new Chain<Exchange>();
  #inFlight = 0;
  readonly #adapted: InFlightLimit | undefined;
  #stragglers = 0;
  #watch: Timer | undefined;
  #closed = false;
  #starting = false;
  #drained: (() => void) | undefined;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.name = options.url.origin;
    this.prefix = options.url.pathname.replace(/\/+$/, '');
    this.deadlines = new Deadlines(options.clock);
    this.#adapted =
      options.inFlight === 'adaptive' ? new InFlightLimit(options.maxInFlight, loopUtilization()) : undefined;
  }

  now(): number {
    return this.#options.clock.monotonic();
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Requests that go on the wire at once at present. */
  get limit(): number {
    const { maxInFlight } = this.#options;
    return Math.min(maxInFlight, (this.#adapted?.current ?? maxInFlight) + this.#stragglers);
  }

  get queued(): number {
    return this.#line.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Sends a request and resolves with the whole answer; rejects with CseError. */
  exchange(request: HttpRequest, options: ExchangeOptions): Promise<TimedHttpResponse> {
    if (this.#closed)
      return Promise.reject(new CseError('cse/closed', `The client of the CSE at ${this.name} is closed`));
    const mustWait = this.#inFlight >= this.limit;
    if (mustWait && this.#line.size >= this.#options.maxQueued) {
      const message = `CSE at ${this.name} is too slow: ${this.#line.size} requests are waiting for it already`;
      return Promise.reject(new CseError('cse/busy', message));
    }
    const { timeout, priority, about, signal } = options;
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(this, request, timeout, resolve, reject);
      if (signal !== undefined && !exchange.listen(signal)) return;
      const now = this.#options.clock.monotonic();
      if (!mustWait) this.#start(exchange, now);
      else {
        exchange.place = this.#line.add(exchange, priority, flowOf(about), now);
        this.#watchWaiting();
      }
    });
  }

  /** Takes no more requests, lets those on the wire finish for at most `grace` milliseconds, then closes all connections. */
  async close(grace: number): Promise<void> {
    this.#closed = true;
    for (const exchange of this.#line.clear()) {
      exchange.fail(new CseError('cse/closed', `The client of the CSE at ${this.name} was closed`));
    }
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#options.clock.timer(grace, resolve);
        this.#drained = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    this.#watch?.cancel();
    await Promise.all([...this.#all].map((client) => client.destroy()));
  }

  /** An exchange gives its connection back; a broken one is thrown away. */
  release(exchange: Exchange, connection: Client, reusable: boolean): void {
    this.#running.remove(exchange);
    this.#inFlight -= 1;
    if (exchange.straggles) this.#stragglers -= 1;
    if (reusable) this.#idle.push(connection);
    else this.discard(connection);
    this.#adapt(exchange);
    this.#startWaiting();
    if (this.#inFlight === 0) this.#drained?.();
  }

  /** Closes a connection that is not to be used again. */
  discard(connection: Client): void {
    this.#all.delete(connection);
    // Its callbacks are on the stack.
    queueMicrotask(() => void connection.destroy());
  }

  /** An exchange has ended before its turn. */
  leaveLine(place: Place<Exchange>): void {
    this.#line.leave(place);
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

  #adapt(exchange: Exchange): void {
    if (this.#adapted === undefined) return;
    const now = this.#options.clock.monotonic();
    if (exchange.answered) this.#adapted.answered(now, now - exchange.startedAt, this.#line.size > 0);
    else if (exchange.overdue) this.#adapted.failed(now);
    if (this.#line.size === 0 && this.#inFlight === 0) this.#adapted.idle();
  }

  /** One that fails as it is started releases its connection within this loop, which then goes on. */
  #startWaiting(): void {
    if (this.#starting || this.#line.size === 0) return;
    this.#starting = true;
    const now = this.#options.clock.monotonic();
    while (this.#line.size > 0 && this.#inFlight < this.limit) {
      const next = this.#line.take() as Exchange;
      // One that hangs frees its connection as its deadline comes: those behind it may be due in the same moment.
      if (next.overdue) next.expire();
      else this.#start(next, now);
    }
    this.#starting = false;
  }

  #start(exchange: Exchange, now: number): void {
    exchange.place = undefined;
    exchange.startedAt = now;
    this.#running.append(exchange);
    this.#inFlight += 1;
    exchange.send(this.#idle.pop() ?? this.fresh());
  }

  /** While something waits, one answer that does not come must not keep it waiting. */
  #watchWaiting(): void {
    if (this.#adapted === undefined || this.#watch !== undefined || this.#closed) return;
    this.#watch = this.#options.clock.timer(WATCH, () => {
      this.#watch = undefined;
      this.#findStragglers(this.#adapted?.typicalTime ?? 0);
      this.#startWaiting();
      if (this.#line.size > 0) this.#watchWaiting();
    });
  }

  #findStragglers(typical: number): void {
    const before = this.#options.clock.monotonic() - Math.max(STRAGGLES.after, STRAGGLES.times * typical);
    for (let exchange = this.#running.first; exchange !== undefined; exchange = exchange.after) {
      if (exchange.startedAt > before) return;
      if (exchange.straggles) continue;
      exchange.straggles = true;
      this.#stragglers += 1;
    }
  }
}

/** The share of the time since the call before in which this thread's event loop worked rather than waited. */
function loopUtilization(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}
