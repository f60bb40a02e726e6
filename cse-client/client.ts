import { randomBytes } from 'node:crypto';
import { type Clock, type Logger, silentLogger, systemClock } from '../common/index.ts';
import { countEnd, endOfAnswer, endOfFailure, newCounters, OPERATION_NAMES, type RequestCounters } from './counters.ts';
import { DIALECTS, type Dialect } from './dialect.ts';
import { collectPages, filtersFor } from './discovery.ts';
import { CseError, describeStatusCode } from './errors.ts';
import { fromHttpResponse, type HttpRequest, toHttpRequest } from './http-binding.ts';
import { HttpTransport, type TlsCredentials } from './http-transport.ts';
import {
  type FilterCriteria,
  Operation,
  RESOURCE_NAMES,
  type RequestPrimitive,
  type ResponsePrimitive,
  ResultContent,
} from './primitive.ts';
import {
  debugInfo,
  fromReferenceList,
  fromRepresentation,
  fromUriList,
  hasResource,
  toRepresentation,
} from './representation.ts';
import type { ChildReference, CreateAttributes, ResourceMap, UpdateAttributes } from './resources.ts';
import { isSuccess } from './status-codes.ts';
import type { Priority } from './waiting-line.ts';

/** Largest answer that is read, bytes. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** How to reach a CSE, and within which limits. */
export interface CseClientOptions {
  /** http(s)://host:port[/prefix] */
  readonly url: string;
  /** Originator where a call names none. */
  readonly originator: string;
  /** `2a`, `3`, `4` or `5`. */
  readonly releaseVersion: string;
  /** Milliseconds for a whole request, the wait for a connection included. */
  readonly timeout: number;
  /** Most requests on the wire at once. */
  readonly maxInFlight: number;
  /** `adaptive`: as many of these as bring more answers a second; `fixed`, unless given: always all. */
  readonly inFlight?: 'adaptive' | 'fixed';
  /** Requests that may wait for a connection; 10,000 unless given. */
  readonly maxQueued?: number;
  /** Largest answer, bytes; 8 MiB unless given. */
  readonly maxAnswerBytes?: number;
  /** For https. */
  readonly tls?: TlsCredentials | undefined;
  /** Value of the header field `Authorization` of every request (RFC 9110 11.6.2), a credential. */
  readonly authorization?: string | undefined;
  /** `DIALECTS.standard` unless given. */
  readonly dialect?: Dialect;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/** What one call may set for itself. */
export interface CallOptions {
  readonly originator?: string;
  readonly resultContent?: ResultContent;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  /** What goes first while requests wait; `normal` unless given, here or by `withPriority`. */
  readonly priority?: Priority;
}

/** A request primitive whose identifier the client makes. */
export type Request = Omit<RequestPrimitive, 'rqi'> & { readonly rqi?: string };

/** What requests are made for, asked anew for each where it is a function. */
export type Correlation = string | (() => string);

/** What a client and those correlated with it share. */
interface Shared {
  readonly options: CseClientOptions;
  readonly transport: HttpTransport;
  readonly counters: RequestCounters;
  readonly logger: Logger;
  dialect: Dialect;
  /** A random part of request identifiers, and a running number. */
  readonly session: string;
  sequence: number;
}

/** Another view of a client; what it leaves open is as that client has it. */
interface ClientView {
  readonly client: CseClient;
  readonly correlation?: Correlation;
  readonly priority?: Priority;
}

/** A oneM2M originator that speaks Mca over HTTP with JSON (TS-0009) to one CSE. Rejects with CseError only. */
export class CseClient {
  readonly #shared: Shared;
  readonly #options: CseClientOptions;
  readonly #transport: HttpTransport;
  /** What request identifiers begin with. */
  readonly #correlation: Correlation | undefined;
  readonly #priority: Priority;

  /** With `origin` it is another view of that client, whose options hold; see `correlated` and `withPriority`. */
  constructor(options: CseClientOptions, origin?: ClientView) {
    this.#shared = origin === undefined ? newShared(options) : origin.client.#shared;
    this.#options = this.#shared.options;
    this.#transport = this.#shared.transport;
    this.#correlation = origin === undefined ? undefined : (origin.correlation ?? origin.client.#correlation);
    this.#priority = origin === undefined ? 'normal' : (origin.priority ?? origin.client.#priority);
  }

  /** The same client, whose calls have this priority unless they say otherwise. Costs one small object. */
  withPriority(priority: Priority): CseClient {
    return new CseClient(this.#options, { client: this, priority });
  }

  /**
   * The same client, whose request identifiers begin with `correlation`, of letters, digits, `-` and `_`: what is asked for
   * one purpose is found by it in the logs of both sides. Costs one small object.
   */
  correlated(correlation: Correlation): CseClient {
    return new CseClient(this.#options, { client: this, correlation });
  }

  /** What has been asked so far and how it ended. */
  get counters(): Readonly<RequestCounters> {
    return this.#shared.counters;
  }

  /** May be set once the CSE is known. */
  get dialect(): Dialect {
    return this.#shared.dialect;
  }

  set dialect(dialect: Dialect) {
    this.#shared.dialect = dialect;
  }

  /** Requests that go on the wire at once at present; the others wait. */
  get inFlightLimit(): number {
    return this.#transport.limit;
  }

  /** Requests on the wire now. */
  get inFlight(): number {
    return this.#transport.inFlight;
  }

  /** Requests that wait for a connection now. */
  get queued(): number {
    return this.#transport.queued;
  }

  /** Sends a primitive. Any answer of the CSE resolves, also a refusal; rejects only when there is none. */
  async request(
    primitive: Request,
    options: Omit<CallOptions, 'originator' | 'resultContent'> = {},
  ): Promise<ResponsePrimitive> {
    const { originator, releaseVersion } = this.#options;
    const rqi = primitive.rqi ?? this.#nextRequestId();
    return this.#ask({ fr: originator, rvi: releaseVersion, ...primitive, rqi }, options);
  }

  async #ask(request: RequestPrimitive, options: CallOptions): Promise<ResponsePrimitive> {
    const { counters, logger } = this.#shared;
    const { op, rqi, to } = request;
    const operation = OPERATION_NAMES[op];
    counters.requests += 1;
    counters.byOperation[operation] += 1;
    try {
      const { timeout = this.#options.timeout, signal, priority = this.#priority } = options;
      const http = this.#authorized(toHttpRequest(request));
      const answer = await this.#transport.exchange(http, { timeout, signal, priority, about: request });
      const response = this.#read(() => fromHttpResponse(answer));
      const { rsc } = response;
      if (isSuccess(rsc)) counters.succeeded += 1;
      else counters.refused += 1;
      countEnd(counters, operation, endOfAnswer(rsc));
      counters.answerTime[operation].record(answer.took / 1000);
      logger.debug('cse request', () => ({ rqi, op: operation, to, rsc }));
      return response;
    } catch (error) {
      counters.failed += 1;
      countEnd(counters, operation, endOfFailure(error));
      if (error instanceof CseError) {
        logger.debug('cse request failed', { rqi, op: operation, to, code: error.code, reason: error.message });
      }
      throw error;
    }
  }

  #authorized(request: HttpRequest): HttpRequest {
    const { authorization } = this.#options;
    return authorization === undefined ? request : { ...request, headers: { ...request.headers, authorization } };
  }

  /** Creates a resource; with `resultContent` nothing the attributes come back as they were sent, whatever the CSE adds. */
  create<T extends keyof ResourceMap>(
    ty: T,
    parent: string,
    attributes: CreateAttributes<T>,
    options: CallOptions = {},
  ): Promise<ResourceMap[T]> {
    const pc = toRepresentation(ty, attributes);
    return this.#call({ op: Operation.create, to: parent, ty, pc }, options, (response) =>
      options.resultContent === ResultContent.nothing
        ? (attributes as unknown as ResourceMap[T])
        : fromRepresentation(ty, response.pc),
    );
  }

  /** Retrieves a resource of a known type. */
  retrieve<T extends keyof ResourceMap>(ty: T, to: string, options: CallOptions = {}): Promise<ResourceMap[T]> {
    return this.#call({ op: Operation.retrieve, to }, options, ({ pc }) => fromRepresentation(ty, pc));
  }

  /** Updates a resource; resolves with it where the answer holds it whole. */
  update<T extends keyof ResourceMap>(
    ty: T,
    to: string,
    attributes: UpdateAttributes<T>,
    options: CallOptions = {},
  ): Promise<ResourceMap[T] | undefined> {
    const pc = toRepresentation(ty, attributes);
    return this.#call({ op: Operation.update, to, pc }, options, (response) =>
      hasResource(ty, response.pc) ? fromRepresentation(ty, response.pc) : undefined,
    );
  }

  /** Deletes a resource and all below it. */
  delete(to: string, options: CallOptions = {}): Promise<void> {
    return this.#call({ op: Operation.delete, to }, options, () => undefined);
  }

  /**
   * The addresses of all resources below `to` that match (TS-0001 10.2.6), over all pages that the CSE makes of them; a
   * filter with `lim` asks once. Several labels match by any of them.
   */
  async discover(to: string, filter: FilterCriteria, options: CallOptions = {}): Promise<string[]> {
    const found = new Set<string>();
    for (const fc of filtersFor({ fu: 1, ...filter }, this.dialect.labelsPerQuery)) {
      const ask = (page: FilterCriteria) => this.#call({ op: Operation.retrieve, to, fc: page }, options, whole);
      for (const uri of await collectPages(ask, fc, (pc) => this.#read(() => fromUriList(pc)))) found.add(uri);
    }
    return [...found];
  }

  /** References of the children of `to` that match (`rcn` 6), over all pages. */
  async children(to: string, filter: FilterCriteria = {}, options: CallOptions = {}): Promise<ChildReference[]> {
    const rcn = ResultContent.childResourceReferences;
    const ask = (fc: FilterCriteria) =>
      this.#call({ op: Operation.retrieve, to, fc }, { resultContent: rcn, ...options }, whole);
    const found = new Map<string, ChildReference>();
    for (const fc of filtersFor(filter, this.dialect.labelsPerQuery)) {
      for (const child of await collectPages(ask, fc, (pc) => this.#read(() => fromReferenceList(pc))))
        found.set(child.value, child);
    }
    return [...found.values()];
  }

  /** Takes no more requests, rejects what waits, lets what is on the wire finish within its timeout. */
  close(): Promise<void> {
    return this.#transport.close(this.#options.timeout);
  }

  /** `request`, with a refusal as CseError `cse/refused`; what `read` makes of the answer. */
  async #call<R>(primitive: Request, options: CallOptions, read: (response: ResponsePrimitive) => R): Promise<R> {
    const { op, to, ty, pc, fc } = primitive;
    const request = {
      op,
      to,
      fr: options.originator ?? this.#options.originator,
      rqi: this.#nextRequestId(),
      rvi: this.#options.releaseVersion,
      ty,
      pc,
      fc,
      rcn: options.resultContent,
    };
    const response = await this.#ask(request, options);
    if (!isSuccess(response.rsc)) throw this.#refusal(request, response);
    return this.#read(() => read(response));
  }

  /** Unique among all clients: a random part for this one and a running number (TS-0001 8.1.2). */
  #nextRequestId(): string {
    const { session } = this.#shared;
    this.#shared.sequence += 1;
    const id = session + this.#shared.sequence.toString(36);
    if (this.#correlation === undefined) return id;
    return `${typeof this.#correlation === 'string' ? this.#correlation : this.#correlation()}.${id}`;
  }

  #refusal(request: Request, response: ResponsePrimitive): CseError {
    const { rsc } = response;
    const { to, ty } = request;
    const originator = request.fr ?? this.#options.originator;
    const what = ty === undefined ? to : `${RESOURCE_NAMES[ty] ?? `a resource of type ${ty}`} in ${to}`;
    const asked = `${OPERATION_NAMES[request.op]} ${what} as ${originator === '' ? 'nobody' : originator}`;
    const debug = debugInfo(response.pc);
    const words = debug === undefined || debug === '' ? '' : ` (${debug})`;
    return new CseError(
      'cse/refused',
      `CSE at ${this.#transport.name} refused to ${asked}: ${describeStatusCode(rsc)}${words}`,
      {
        rsc,
        details: { to, originator, ...(debug === undefined ? undefined : { debug }) },
      },
    );
  }

  /** What only the content shows not to be oneM2M is reported with the address it came from. */
  #read<R>(read: () => R): R {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof CseError) || error.code !== 'cse/not-a-cse') throw error;
      const message = `What answers at ${this.#transport.name} is not a oneM2M CSE (${error.message})`;
      throw new CseError(error.code, message, { details: error.details, cause: error });
    }
  }
}

const whole = (response: ResponsePrimitive): ResponsePrimitive => response;

function newShared(options: CseClientOptions): Shared {
  const transport = new HttpTransport({
    url: parseUrl(options.url),
    maxInFlight: options.maxInFlight,
    inFlight: options.inFlight ?? 'fixed',
    maxQueued: options.maxQueued ?? 10_000,
    maxAnswerBytes: options.maxAnswerBytes ?? MAX_ANSWER_BYTES,
    connectTimeout: options.timeout,
    tls: options.tls,
    clock: options.clock ?? systemClock,
  });
  return {
    options,
    transport,
    counters: newCounters(),
    logger: options.logger ?? silentLogger,
    dialect: options.dialect ?? DIALECTS.standard,
    session: randomBytes(6).toString('base64url'),
    sequence: 0,
  };
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new CseError(
    'cse/bad-request',
    `the address of a CSE is http(s)://host:port, not ${JSON.stringify(text.slice(0, 100))}`,
  );
}
