import type { Client, Dispatcher } from 'undici';
import type { Link } from './chain.ts';
import type { Deadlines, Expiring } from './deadlines.ts';
import { CseError } from './errors.ts';
import { failureCode, isDisconnect, toCseError } from './failures.ts';
import type { HttpRequest, IncomingHeaders, IncomingHttpResponse } from './http-binding.ts';
import type { Place } from './waiting-line.ts';

/** What an exchange needs of the transport that it belongs to. */
export interface Connections {
  /** Milliseconds on the monotonic clock. */
  now(): number;
  /** The CSE as messages name it. */
  readonly name: string;
  /** What stands before every path. */
  readonly prefix: string;
  readonly deadlines: Deadlines;
  /** A connection that has never been used. */
  fresh(): Client;
  /** The exchange leaves its connection, which is thrown away unless it is reusable. */
  release(exchange: Exchange, connection: Client, reusable: boolean): void;
  /** The connection is to be thrown away while its exchange goes on with another. */
  discard(connection: Client): void;
  /** An exchange waits for its turn no longer. */
  leaveLine(place: Place<Exchange>): void;
}

/** An answer, and how long it took, in milliseconds from when there was a connection for the request. */
export interface TimedHttpResponse extends IncomingHttpResponse {
  readonly took: number;
}

const NOTHING = () => {};

/**
 * One request and its answer on one connection, from the queue to the last byte. Once settled it holds neither: what has been
 * taken out of a Set or a Map may be kept by its former tables until the next collection of old objects.
 */
export class Exchange implements Dispatcher.DispatchHandler, Expiring, Link<Exchange> {
  /** Its neighbours among those on the wire. */
  before: Exchange | undefined;
  after: Exchange | undefined;
  /** The caller has its answer or its error; the connection may still be in use. */
  settled = false;
  /** Where it waits for a connection. */
  place: Place<Exchange> | undefined;
  /** When it was given a connection, monotonic milliseconds. */
  startedAt = 0;
  /** It has been on the wire for so long that it keeps nobody else waiting. */
  straggles = false;
  readonly #host: Connections;
  #request: HttpRequest | undefined;
  readonly #timeout: number;
  readonly #tick: number;
  #resolve: (response: TimedHttpResponse) => void;
  #reject: (error: CseError) => void;
  #unlisten: (() => void) | undefined;
  #connection: Client | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #retried = false;
  #status = 0;
  #headers: IncomingHeaders | undefined;
  #body: Buffer | undefined;
  #more: Buffer[] | undefined;

  constructor(
    host: Connections,
    request: HttpRequest,
    timeout: number,
    resolve: (response: TimedHttpResponse) => void,
    reject: (error: CseError) => void,
  ) {
    this.#host = host;
    this.#request = request;
    this.#timeout = timeout;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#tick = host.deadlines.add(this, timeout);
  }

  /** Ends the exchange when the caller's signal says so; false when it has done so already. */
  listen(signal: AbortSignal): boolean {
    const abort = () =>
      this.fail(new CseError('cse/aborted', `The request to the CSE at ${this.#host.name} was given up`));
    if (signal.aborted) {
      abort();
      return false;
    }
    signal.addEventListener('abort', abort, { once: true });
    this.#unlisten = () => signal.removeEventListener('abort', abort);
    return true;
  }

  /** The CSE has answered, whatever it said. */
  get answered(): boolean {
    return this.#status !== 0;
  }

  /** The deadline has come, though not yet its turn to be told. */
  get overdue(): boolean {
    return this.#host.deadlines.passed(this.#tick);
  }

  /** Writes the request to a connection. */
  send(connection: Client): void {
    if (this.#request === undefined) return;
    this.#connection = connection;
    const { method, path, query, headers, body } = this.#request;
    const target = this.#host.prefix + path;
    connection.dispatch(
      { method, path: query === '' ? target : `${target}?${query}`, headers, body: body ?? null, blocking: false },
      this,
    );
  }

  /** The deadline has passed. */
  expire(): void {
    const { name } = this.#host;
    const within = `within ${this.#timeout} ms`;
    const message =
      this.place !== undefined
        ? `CSE at ${name} is too slow: no connection to it was free ${within}`
        : this.#controller === undefined
          ? `CSE at ${name} is not reachable (no connection ${within})`
          : `CSE at ${name} did not answer ${within}`;
    this.fail(new CseError('cse/timeout', message, { details: { sent: this.#controller !== undefined } }));
  }

  /** Ends the exchange for its caller, and takes the connection out of use if it has one. */
  fail(error: CseError): void {
    if (this.settled) return;
    const controller = this.#controller;
    this.#reject(error);
    this.#settle();
    if (this.place !== undefined) this.#host.leaveLine(this.place);
    else if (controller !== undefined) controller.abort(error);
    else this.#release(false);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.settled) controller.abort(new CseError('cse/aborted', 'given up'));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#body === undefined) this.#body = chunk;
    else if (this.#more === undefined) this.#more = [this.#body, chunk];
    else this.#more.push(chunk);
  }

  onResponseEnd(): void {
    this.#release(true);
    if (this.settled) return;
    const body = this.#more === undefined ? this.#body : Buffer.concat(this.#more);
    const took = this.#host.now() - this.startedAt;
    this.#resolve({ status: this.#status, headers: this.#headers ?? {}, body, took });
    this.#settle();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.settled && this.#mayRetry(error)) {
      this.#retry();
      return;
    }
    this.#release(false);
    if (this.settled) return;
    this.#reject(toCseError(this.#host.name, error, this.#controller !== undefined));
    this.#settle();
  }

  /**
   * A kept-alive connection may close just as it is used again. Then a GET may go out once more, and anything else only
   * if its first byte never left (RFC 9110 9.2.2, RFC 9112 9.3.1): EPIPE is the write itself that failed.
   */
  #mayRetry(error: Error): boolean {
    if (this.#retried || this.#status !== 0) return false;
    const code = failureCode(error);
    return (
      code === 'EPIPE' || (isDisconnect(code) && (this.#request?.method === 'GET' || this.#controller === undefined))
    );
  }

  #retry(): void {
    this.#retried = true;
    this.#controller = undefined;
    if (this.#connection !== undefined) this.#host.discard(this.#connection);
    const connection = this.#host.fresh();
    this.#connection = connection;
    // The old connection's callbacks are on the stack.
    queueMicrotask(() => {
      if (!this.settled) this.send(connection);
    });
  }

  #release(reusable: boolean): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) this.#host.release(this, connection, reusable);
  }

  #settle(): void {
    this.settled = true;
    this.#host.deadlines.remove(this, this.#tick);
    this.#unlisten?.();
    this.#unlisten = undefined;
    this.#request = undefined;
    this.#controller = undefined;
    this.#headers = undefined;
    this.#body = undefined;
    this.#more = undefined;
    this.#resolve = NOTHING;
    this.#reject = NOTHING;
  }
}
