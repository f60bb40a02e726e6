import { type Clock, errorMessage, type Logger, silentLogger, systemClock } from '../../common/index.ts';
import type { CoapRequest, CoapResponse } from '../coap/types.ts';
import { ObjectModels } from '../model/object-models.ts';
import type { Refusal } from '../registration/handler.ts';
import type { Lwm2mVersion } from '../registration/registration.ts';
import type { Route } from '../registration/routes.ts';
import type { BootstrapClient, BootstrapHandler, BootstrapResult } from './handler.ts';
import type { ContentModel } from './operation.ts';
import {
  type BootstrapCounters,
  type BootstrapServiceOptions,
  DEFAULT_BOOTSTRAP_LIMITS,
  DEFAULT_SESSION_TIMES,
} from './options.ts';
import { PACK_VERSION, packFormat, packResponse } from './pack.ts';
import type { BootstrapPlan } from './plan.ts';
import { readClient } from './request.ts';
import { BootstrapSession, type SessionParts } from './session.ts';

const STARTED: CoapResponse = Object.freeze({ code: '2.04' });
const NOT_ACCEPTABLE: Refusal = Object.freeze({ code: '4.06' });
const FAILED: Refusal = Object.freeze({ code: '5.00' });

/** The Bootstrap-Server (LwM2M 1.1 6.1): requests of clients in, sessions with them. */
export class BootstrapService {
  readonly counters: BootstrapCounters = { sessions: 0, packs: 0, finished: 0, ended: {}, refusals: {} };
  readonly #options: BootstrapServiceOptions;
  readonly #handler: BootstrapHandler;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: typeof DEFAULT_BOOTSTRAP_LIMITS;
  readonly #parts: SessionParts;
  /** By endpoint name: there is one at most for each name, and one for each peer. */
  readonly #sessions = new Map<string, BootstrapSession>();
  readonly #byPeer = new Map<string, BootstrapSession>();
  #stopped = false;

  constructor(options: BootstrapServiceOptions, handler: BootstrapHandler) {
    this.#options = options;
    this.#handler = handler;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#limits = { ...DEFAULT_BOOTSTRAP_LIMITS, ...options.limits };
    const times = { ...DEFAULT_SESSION_TIMES, ...options.times };
    const model = (version: string) => this.#model(version as Lwm2mVersion);
    this.#parts = { request: options.request, model, clock: this.#clock, times };
  }

  /** Sessions that are under way. */
  get size(): number {
    return this.#sessions.size;
  }

  /** `/bs` and `/bspack` (LwM2M 1.1 Transport 6.4.2, 1.2 6.1.7.8). */
  routes(): readonly Route[] {
    const request: Route = { path: ['bs'], methods: { POST: (message) => this.request(message) } };
    if (this.#options.pack === false) return [request];
    return [request, { path: ['bspack'], methods: { GET: (message) => this.pack(message) } }];
  }

  /** Bootstrap-Request: 2.04 when there is something for the client, which it is asked to take after that. */
  async request(message: CoapRequest): Promise<CoapResponse> {
    const client = readClient(message, 'request', this.#nameOf);
    if ('code' in client) return this.#refuse(client, undefined);
    if (this.#full(client)) return this.#refuse(this.#tryLater(), client);
    const session = this.#begin(client);
    const plan = await this.#provided(client);
    if (session.ending !== undefined || 'code' in plan) {
      this.#forget(session);
      return this.#refuse('code' in plan ? plan : this.#tryLater(), client);
    }
    this.counters.sessions += 1;
    // The client takes operations once it has its answer.
    this.#clock.timer(0, () => void this.#run(session, plan));
    return STARTED;
  }

  /** Bootstrap-Pack-Request: everything in the answer. */
  async pack(message: CoapRequest): Promise<CoapResponse> {
    const client = readClient(message, 'pack', this.#nameOf);
    if ('code' in client) return this.#refuse(client, undefined);
    const format = packFormat(message.accept);
    if (format === undefined) return this.#refuse(NOT_ACCEPTABLE, client);
    if (this.#full(client)) return this.#refuse(this.#tryLater(), client);
    const session = this.#begin(client);
    const plan = await this.#provided(client);
    this.#forget(session);
    if ('code' in plan) return this.#refuse(plan, client);
    if (session.ending !== undefined) return this.#refuse(this.#tryLater(), client);
    return this.#packed(session, plan, format);
  }

  /** Ends every session; from now on clients are told to come later. */
  stop(): void {
    this.#stopped = true;
    for (const session of [...this.#sessions.values()]) session.end('stopped');
  }

  readonly #nameOf: NonNullable<BootstrapHandler['nameOf']> = (peer) => this.#handler.nameOf?.(peer);

  #packed(session: BootstrapSession, plan: BootstrapPlan, format: number): CoapResponse {
    try {
      const response = packResponse(plan, format, this.#model(PACK_VERSION));
      this.counters.packs += 1;
      this.#concluded(session, {
        kind: 'finished',
        version: PACK_VERSION,
        written: plan.instances.length,
        tolerated: [],
      });
      return response;
    } catch (error) {
      const result = { kind: 'failed', operation: 'pack', reason: errorMessage(error) } as const;
      this.#concluded(session, result);
      return this.#refuse(FAILED, session.client);
    }
  }

  /** A client that starts again, be it under another name or from another address, ends what it started before. */
  #begin(client: BootstrapClient): BootstrapSession {
    for (const older of new Set([this.#sessions.get(client.endpoint), this.#byPeer.get(client.peer.key)])) {
      if (older === undefined) continue;
      older.end('overtaken');
      this.#forget(older);
    }
    const session = new BootstrapSession(client, this.#parts);
    this.#sessions.set(client.endpoint, session);
    this.#byPeer.set(client.peer.key, session);
    return session;
  }

  #forget(session: BootstrapSession): void {
    const { endpoint, peer } = session.client;
    if (this.#sessions.get(endpoint) === session) this.#sessions.delete(endpoint);
    if (this.#byPeer.get(peer.key) === session) this.#byPeer.delete(peer.key);
    session.release();
  }

  async #provided(client: BootstrapClient): Promise<BootstrapPlan | Refusal> {
    try {
      return await this.#handler.provide(client);
    } catch (error) {
      const { endpoint } = client;
      this.#logger.error('nothing could be provided for a bootstrap', { endpoint, error: errorMessage(error) });
      return FAILED;
    }
  }

  async #run(session: BootstrapSession, plan: BootstrapPlan): Promise<void> {
    const result = await session.run(plan);
    this.#forget(session);
    this.#concluded(session, result);
  }

  #concluded({ client, startedAt }: BootstrapSession, result: BootstrapResult): void {
    if (result.kind === 'finished') this.counters.finished += 1;
    else this.counters.ended[result.kind] = (this.counters.ended[result.kind] ?? 0) + 1;
    const took = Math.round(this.#clock.monotonic() - startedAt);
    const { kind, ...facts } = result;
    const fields = { endpoint: client.endpoint, peer: client.peer.key, by: client.by, ...facts, took };
    if (kind === 'finished') this.#logger.info('bootstrapped', fields);
    else if (kind === 'overtaken' || kind === 'stopped') this.#logger.info(`bootstrap ${kind}`, fields);
    else this.#logger.warn(`bootstrap ${kind}`, fields);
    this.#handler.concluded?.(client, result, took);
  }

  #refuse({ code, diagnostic, maxAge }: Refusal, client: BootstrapClient | undefined): CoapResponse {
    this.counters.refusals[code] = (this.counters.refusals[code] ?? 0) + 1;
    this.#logger.debug('bootstrap request refused', { endpoint: client?.endpoint, code, reason: diagnostic });
    return {
      code,
      ...(diagnostic === undefined ? undefined : { payload: diagnostic }),
      ...(maxAge === undefined ? undefined : { maxAge }),
    };
  }

  #full({ endpoint, peer }: BootstrapClient): boolean {
    if (this.#stopped) return true;
    return this.#sessions.size >= this.#limits.sessions && !this.#sessions.has(endpoint) && !this.#byPeer.has(peer.key);
  }

  #tryLater(): Refusal {
    const random = this.#options.random ?? Math.random;
    return { code: '5.03', maxAge: Math.round(this.#limits.retryAfter * (1 + random())) };
  }

  #model(version: Lwm2mVersion): ContentModel {
    const models = this.#options.models?.() ?? ObjectModels.official();
    return { find: (objectId) => models.find(objectId, undefined, version) };
  }
}
