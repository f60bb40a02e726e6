import { randomBytes } from 'node:crypto';
import { type Clock, errorMessage, type Logger, silentLogger, systemClock } from '../common/index.ts';
import { type CoapCounters, newCounters } from './coap/counters.ts';
import type { CoapReply, OutgoingRequest, RequestOptions } from './coap/outgoing-request.ts';
import type { CoapLimits, TransmissionParameters } from './coap/parameters.ts';
import type { PeerIdentity } from './coap/peer-identity.ts';
import { RateLimiter, type RateLimits } from './coap/rate-limit.ts';
import type { Peer } from './coap/types.ts';
import { type Bound, CoapEndpoints, type CoapsOptions, type Listening } from './coap-endpoints.ts';
import type { DtlsCounters } from './dtls/options.ts';
import { guardedRoutes } from './identity/guarded-routes.ts';
import { type IdentityPolicy, refusalOf } from './identity/identity-policy.ts';
import { Refusals } from './identity/refusals.ts';
import { ObjectModels } from './model/object-models.ts';
import { newReportCounters, type ReportCounters } from './observation/counters.ts';
import type { KeptObservation, ObservationKeeper } from './observation/kept-observation.ts';
import { Notifications } from './observation/notifications.ts';
import type { ObservationTarget } from './observation/observation.ts';
import { Observations, TOKEN_BYTES } from './observation/observations.ts';
import { ObservationRenewal } from './observation/renewal.ts';
import type { ObservationChange, Report, ReportListener } from './observation/report.ts';
import { sendRoute } from './observation/send.ts';
import { Senders } from './observation/senders.ts';
import type { PerformOptions } from './operation/call.ts';
import type { Dispatcher } from './operation/dispatcher.ts';
import { DEFAULT_OPERATION_LIMITS, type OperationLimits } from './operation/limits.ts';
import type { Operation } from './operation/operation.ts';
import { type OperationCounters, Operations } from './operation/operations.ts';
import type { Outcome } from './operation/outcome.ts';
import { watched } from './operation/registration-watch.ts';
import { SerialDispatcher } from './operation/serial-dispatcher.ts';
import type { QueueModeCounters, QueueModeOptions } from './queue/options.ts';
import { QueueMode } from './queue/queue-mode.ts';
import { SignsOfLife } from './queue/signs-of-life.ts';
import type { RegistrationCounters } from './registration/counters.ts';
import type { RegistrationHandler } from './registration/handler.ts';
import type { RegistrationLimits } from './registration/options.ts';
import type { LifetimeBounds } from './registration/parameters.ts';
import { type RateLimitCounters, rateLimitedRoutes } from './registration/rate-limited.ts';
import type { Registration } from './registration/registration.ts';
import type { RegistrationRegistry } from './registration/registry.ts';
import { discoveryRoute, type Route, RouteTable, registrationRoutes } from './registration/routes.ts';
import { RegistrationService } from './registration/service.ts';

/** How many times the bytes of a question its answer may have where nobody knows that the address is the asker's. */
const MOST_AMPLIFICATION = 3;

/** What a server is built from; whatever is absent has a documented default. */
export interface Lwm2mServerOptions {
  /** Where it listens without security; `::` is IPv6 and IPv4, port 0 any free one. Absent: only CoAPS is served. */
  readonly coap?: { readonly host: string; readonly port: number } | undefined;
  /** CoAP over DTLS (RFC 7252 9); absent: not served. */
  readonly coaps?: CoapsOptions | undefined;
  /** Who may speak for which endpoint; absent: whoever knows the way, but nobody without proof for one that gave it. */
  readonly identities?: IdentityPolicy | undefined;
  readonly lifetime: LifetimeBounds;
  readonly limits?: {
    readonly coap?: Partial<CoapLimits>;
    readonly registration?: Partial<RegistrationLimits>;
    readonly operation?: Partial<OperationLimits>;
  };
  /** What is served in a second; absent: whatever comes. */
  readonly rateLimits?: {
    /** Requests, retransmitted ones included, and pings. */
    readonly requests?: RateLimits | undefined;
    /** Register requests. */
    readonly registrations?: RateLimits | undefined;
  };
  /** RFC 7252 4.8. */
  readonly transmission?: Partial<TransmissionParameters>;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** From 0 up to 1; for spreading in time, never for secrets. */
  readonly random?: () => number;
  /** Resources beside those of the registration interface; any other path is answered 4.04. */
  readonly routes?: readonly Route[];
  /** The object definitions of the moment; absent: those of the OMA registry. */
  readonly models?: () => ObjectModels;
  /**
   * Takes what devices report, in the order received for each. A Send is answered when it has settled: 2.04; 5.03 for an
   * `IpeError` that may be retried, 5.00 for any other. Absent: there is no `/dp`, and notifications go nowhere.
   */
  readonly report?: (report: Report) => void | Promise<void>;
  /** Resolves when all that was reported and answered before is kept; what is confirmable is acknowledged then. Undefined: at once. */
  readonly durable?: () => Promise<void> | undefined;
  /** Told of observations that devices ended and of those asked for anew after a Register. */
  readonly observationChanged?: (change: ObservationChange) => void;
  /** Told of each observation that begins or ends, for `restore` after a restart. */
  readonly observationKeeper?: ObservationKeeper;
  /** How long devices in queue mode listen after each message, and what is kept for those that sleep. */
  readonly queueMode?: Partial<QueueModeOptions>;
  /** Puts something between the asking of a device and the queue for those that sleep. */
  readonly dispatcher?: (next: Dispatcher) => Dispatcher;
}

/** Plain numbers since the start. */
export interface Lwm2mServerCounters {
  /** Without security; zeros where that is not served. */
  readonly coap: CoapCounters;
  /** What came and went over DTLS, and DTLS itself; absent where that is not served. */
  readonly coaps?: CoapCounters;
  readonly dtls?: DtlsCounters;
  /** Requests refused since the peer may not speak for the endpoint. */
  readonly identities: { readonly refused: number };
  readonly registration: RegistrationCounters;
  /** Beside those that the CoAP endpoints count. */
  readonly rateLimits: Readonly<RateLimitCounters>;
  readonly operations: OperationCounters;
  readonly reports: ReportCounters;
  readonly queueMode: QueueModeCounters;
}

/** What is observed, and when something was heard of it last: monotonic milliseconds; undefined: not in this run. */
export type HeardObservation = ObservationTarget & { readonly heardAt: number | undefined };

/** A LwM2M server: devices on one side, a `RegistrationHandler` on the other. */
export class Lwm2mServer {
  readonly counters: Lwm2mServerCounters;
  private readonly endpoints: CoapEndpoints;
  private readonly service: RegistrationService;
  private readonly senders: Senders;
  private readonly operations: Operations;
  private readonly observed: Observations;
  private readonly renewal: ObservationRenewal;
  private readonly queueMode: QueueMode;
  private readonly clock: Clock;

  constructor(options: Lwm2mServerOptions, handler: RegistrationHandler) {
    const { limits, lifetime, models = () => ObjectModels.official() } = options;
    const { clock = systemClock, logger = silentLogger, random } = options;
    this.clock = clock;
    const shared = { clock, logger, ...(random === undefined ? undefined : { random }) };
    const operationLimits = { ...DEFAULT_OPERATION_LIMITS, ...limits?.operation };
    const reports = newReportCounters();
    const listener = reportListener(options, logger);

    const watchedHandler = watched(handler, {
      moved: (registration, previous) => senders.moved(registration, previous),
      replaced: (registration, previous) => {
        this.operations.replaced(registration, previous);
        this.queueMode.replaced(registration);
        this.renewal.replaced(registration, previous);
      },
      relisted: (registration) => this.renewal.updated(registration),
      ended: (registration) => {
        senders.left(registration);
        this.renewal.left(registration);
        this.observed.removeAll(registration.id);
        this.operations.ended(registration);
        this.queueMode.ended(registration);
      },
    });
    this.service = new RegistrationService({ ...shared, lifetime, limits: limits?.registration ?? {} }, watchedHandler);
    const { registrations } = this.service;
    const senders = new Senders(registrations);
    this.senders = senders;
    this.observed = new Observations(
      operationLimits.observationsPerDevice,
      () => randomBytes(TOKEN_BYTES),
      options.observationKeeper,
    );
    const parts = { registrations, observations: this.observed, models, listener, counters: reports, clock, logger };
    const notifications = new Notifications(parts);
    const refusals = new Refusals(clock, logger);
    const mayReport = (peer: Peer): boolean => {
      const sender = senders.find(peer);
      const reason = sender && refusalOf(options.identities, peer, sender.endpoint, sender);
      if (sender !== undefined && reason !== undefined) refusals.add('report', peer, sender.endpoint, reason);
      return reason === undefined;
    };
    const sending = options.report === undefined ? [] : [sendRoute({ ...parts, senders, mayReport })];
    const limited: RateLimitCounters = { registrations: 0 };
    const limiter = ({ perSource, inAll }: RateLimits = {}) =>
      perSource === undefined && inAll === undefined
        ? undefined
        : new RateLimiter({ perSource, inAll }, random ?? Math.random, clock.monotonic());
    const registrationLimiter = limiter(options.rateLimits?.registrations);
    const requestLimiter = limiter(options.rateLimits?.requests);
    const registering = guardedRoutes(registrationRoutes(this.service), {
      policy: options.identities,
      registrations,
      refusals,
    });
    const admitted =
      registrationLimiter === undefined
        ? registering
        : rateLimitedRoutes(registering, registrationLimiter, () => clock.monotonic(), limited);
    const routes = [...admitted, ...sending, ...(options.routes ?? [])];
    const table = new RouteTable([...routes, discoveryRoute(routes)]);
    const serial = new SerialDispatcher(operationLimits);
    this.queueMode = new QueueMode({ registrations, clock, next: serial, options: options.queueMode ?? {} });
    const { presence, queue } = this.queueMode;
    const signs = new SignsOfLife({
      presence,
      registrations,
      at: (peer) => senders.find(peer),
      observed: (token) => this.observed.byToken(token)?.endpoint,
    });
    this.endpoints = new CoapEndpoints(
      {
        coap: options.coap,
        coaps: options.coaps,
        shared: {
          ...shared,
          limits: { amplification: MOST_AMPLIFICATION, ...limits?.coap },
          ...(requestLimiter && { admit: (peer: Peer, now: number) => requestLimiter.admit(peer, now) }),
          parameters: options.transmission ?? {},
          notification: signs.notifications(
            (notification) => mayReport(notification.peer) && notifications.take(notification),
          ),
          observed: (peer, token) => notifications.requestOf(peer, token),
          ...(options.durable && { durable: options.durable }),
          ping: signs.ping,
        },
      },
      signs.requests((request) => table.serve(request)),
    );
    this.operations = new Operations({
      ...parts,
      dispatcher: options.dispatcher?.(queue) ?? queue,
      reach: presence,
      request: (peer, request, how) => this.endpoints.request(peer, request, how),
      limits: operationLimits,
    });
    this.renewal = new ObservationRenewal({
      observations: this.observed,
      clock,
      random: random ?? Math.random,
      settleTime: operationLimits.settleTime,
      perform: (endpoint, operation) => this.perform(endpoint, operation, { urgency: 'background' }),
      changed: (change) => listener.observationChanged(change),
    });
    this.counters = {
      coap: this.endpoints.coap?.counters ?? newCounters(),
      ...(this.endpoints.coaps && { coaps: this.endpoints.coaps.counters }),
      ...(this.endpoints.dtls && { dtls: this.endpoints.dtls.counters }),
      identities: refusals.counters,
      registration: this.service.counters,
      rateLimits: limited,
      operations: this.operations.counters,
      reports,
      queueMode: this.queueMode.counters,
    };
  }

  /** Who is registered now. */
  get registrations(): RegistrationRegistry {
    return this.service.registrations;
  }

  /** Milliseconds for which the operation has waited that has waited longest for a device in queue mode; undefined: none waits. */
  get oldestQueued(): number | undefined {
    const since = this.queueMode.queue.oldestSince;
    return since === undefined ? undefined : this.clock.monotonic() - since;
  }

  /** What an endpoint is observed for now; that of composite operations that went one by one, path by path. */
  observations(endpoint: string): readonly HeardObservation[] {
    const id = this.registrations.byEndpoint(endpoint)?.id;
    return id === undefined ? [] : this.observed.of(id).map(({ target, heardAt }) => ({ ...target, heardAt }));
  }

  /**
   * Asks something of a registered device, one operation at a time for each, in the order asked; of one in queue mode when
   * it listens. Never rejects: whatever happens is the outcome.
   */
  perform(endpoint: string, operation: Operation, options?: PerformOptions): Promise<Outcome> {
    return this.operations.perform(endpoint, operation, options);
  }

  /** Whether a device listens; without queue mode it does. Undefined: it is not registered. */
  presence(endpoint: string): 'awake' | 'asleep' | undefined {
    if (this.registrations.byEndpoint(endpoint) === undefined) return undefined;
    return this.queueMode.presence.isAsleep(endpoint) ? 'asleep' : 'awake';
  }

  /**
   * Takes up a registration of an earlier run, with its id, address and what is left of its lifetime, so that the device
   * notices nothing; one that is over expires with `start`. `presumed`: milliseconds by which it may have been updated after
   * `updatedAt`. To be called before that; false when the endpoint has one already.
   */
  restore(registration: Registration, presumed = 0): boolean {
    if (!this.service.restore(registration, presumed)) return false;
    this.senders.moved(registration, undefined);
    return true;
  }

  /**
   * Does something about a registration while no Register, Update or De-register of its endpoint is under way; false when it
   * was not done. `work` must not reject.
   */
  attend(id: string, work: (registration: Registration) => Promise<void>): Promise<boolean> {
    return this.service.attend(id, work);
  }

  /** Takes up an observation of a restored registration; false when that is not registered. */
  restoreObservation(observation: KeptObservation): boolean {
    const { endpoint, registrationId } = observation;
    return this.registrations.byEndpoint(endpoint)?.id === registrationId && this.observed.restore(observation);
  }

  /** Sends a request to any peer by the endpoint that knows it, out of the turn of its operations; rejects as `CoapEndpoint.request`. */
  request(peer: Peer, request: OutgoingRequest, options?: RequestOptions): Promise<CoapReply> {
    return this.endpoints.request(peer, request, options);
  }

  /** Ends the DTLS session of an identity, e.g. since its credential was removed. False: there is none. */
  closeSession(identity: PeerIdentity): boolean {
    return this.endpoints.dtls?.closeSession(identity) ?? false;
  }

  /**
   * Listens, after what was restored and is over has ended, so that nothing is taken of it. `address` and `port` are those of
   * CoAP, of CoAPS where that alone is served. Throws `IpeError` `coap/port-in-use` or `coap/address`, the same with `coaps/`,
   * or `dtls/…`.
   */
  async start(): Promise<Bound & Listening> {
    this.service.endOverdue();
    const listening = await this.endpoints.listen();
    const { address, port } = (listening.coap ?? listening.coaps) as Bound;
    return { address, port, ...listening };
  }

  /** Takes no more requests, lets answers that are under way finish for at most `grace` milliseconds, and closes. */
  async stop(grace: number): Promise<void> {
    this.service.stop();
    this.renewal.stop();
    this.operations.stop();
    this.queueMode.stop();
    await this.endpoints.close(grace);
    this.service.close();
  }
}

function reportListener({ report, observationChanged }: Lwm2mServerOptions, logger: Logger): ReportListener {
  return {
    report: report ?? (() => undefined),
    observationChanged: (change) => {
      try {
        observationChanged?.(change);
      } catch (error) {
        logger.error('a change of an observation was not taken', { reason: errorMessage(error) });
      }
    },
  };
}
