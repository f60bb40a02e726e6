import { randomBytes } from 'node:crypto';
import { type Logger, systemClock } from '../common/index.ts';
import { EmbeddedCse } from '../embedded-cse/index.ts';
import { type BootstrapCounters, type Listening, Lwm2mServer } from '../lwm2m/index.ts';
import { commandersOf } from './access/privileges.ts';
import { listensToApplications } from './application-demand.ts';
import { makeBootstrapServer } from './bootstrap/bootstrap-server.ts';
import { type Configuration, publicUrl } from './configuration/index.ts';
import { cseTitle } from './cse/inspection.ts';
import type { CseState } from './cse/presence.ts';
import { CseConnection } from './cse-connection.ts';
import { type CoapsFacts, DeviceSecurity } from './device-security.ts';
import { type Ground, makeGround } from './ground.ts';
import { HealthServer, type Readiness } from './health.ts';
import { httpTls } from './http-security.ts';
import { lostAtTheEnd } from './lost-at-the-end.ts';
import { Metrics } from './metrics/metrics.ts';
import { addMetricsDoor } from './metrics/metrics-door.ts';
import type { MetricSources } from './metrics/sources.ts';
import { missedOnCse } from './missed-on-cse.ts';
import { addNotificationDoor } from './notifications/notification-door.ts';
import { Notifications } from './notifications/notifications.ts';
import { ObjectDefinitions } from './object-definitions.ts';
import { ownAddress } from './own-address.ts';
import { makeParts, type Parts, takeUp } from './parts.ts';
import { type Circumstances, readiness } from './readiness.ts';
import {
  embeddedCseOptions,
  lwm2mServerOptions,
  notificationSettings,
  presenceSettings,
  storeSettings,
} from './settings.ts';
import { LastingState } from './store/lasting-state.ts';
import { within } from './within.ts';

/** Milliseconds that each part may take to stop, however late it is. */
const LEAST_STOP = 200;

/** Where a started IPE is to be found, and what its CSE is. */
export interface Ready {
  /** Without security; absent where that is not served. */
  readonly coap?: { readonly address: string; readonly port: number };
  /** Over DTLS, and what there is of OpenSSL; absent where that is not served. */
  readonly coaps?: Listening['coaps'] & CoapsFacts;
  readonly http: { readonly address: string; readonly port: number };
  readonly cse: {
    readonly url: string;
    readonly embedded: boolean;
    readonly title: string;
    readonly degraded: readonly string[];
    /** Why it does not answer; title and what is degraded are what the last run knew, then. */
    readonly away?: string | undefined;
  };
  /** Where devices are bootstrapped, if they are. */
  readonly bootstrap?: Listening;
  /** Originators that may command devices. */
  readonly commandsFrom: readonly string[];
  /** Where state is kept, and how many registrations of the last run were there. */
  readonly store: { readonly kind: 'lmdb' | 'memory'; readonly path?: string; readonly restored: number };
}

/** What metrics read, but for what is there anyway. */
type WatchedParts = Omit<MetricSources, 'availability' | 'store' | 'notifications'>;

/** The whole IPE: its parts in their order, started together and stopped in reverse. */
export class Daemon {
  readonly #configuration: Configuration;
  readonly #logger: Logger;
  /** Part of the pointOfAccess, which only the CSE can read: another with each start. */
  readonly #secret = randomBytes(16).toString('hex');
  readonly #notifications: Notifications;
  /** How to stop what has been started, in the order of starting. */
  readonly #stops: (() => Promise<void>)[] = [];
  #connection: CseConnection | undefined;
  #server: Lwm2mServer | undefined;
  #state: LastingState | undefined;
  #parts: Parts | undefined;
  readonly #definitions: ObjectDefinitions;
  readonly #metrics: Metrics | undefined;
  #phase: Circumstances['phase'] = 'starting';
  /** Every registration that there is, is known. */
  #complete = false;
  /** Until when a stop may take, monotonic. */
  #stopBy = 0;

  constructor(configuration: Configuration, logger: Logger) {
    this.#configuration = configuration;
    this.#logger = logger;
    this.#definitions = new ObjectDefinitions(configuration.lwm2m.modelsFolder, logger);
    this.#metrics = configuration.metrics.enabled ? new Metrics(systemClock) : undefined;
    this.#notifications = new Notifications(notificationSettings(configuration), systemClock, logger);
  }

  /** Starts everything; rejects with an IpeError that says in one line what is wrong, everything stopped again. */
  async start(): Promise<Ready> {
    try {
      return await this.#start();
    } catch (error) {
      await this.stop().catch(() => undefined);
      throw error;
    }
  }

  /** Reads anew what may change while it runs, and says in one log line what that was; registrations and all else stay. */
  async reload(): Promise<void> {
    const fields = await this.#definitions.reload();
    if (Object.keys(fields).length > 0) this.#logger.info('reloaded', fields);
    else this.#logger.info('nothing was reloaded');
  }

  /**
   * Takes no new request, lets what is in flight finish within `shutdownTimeout`, stops everything. Rejects with IpeError
   * `ipe/lost`, after all that, when something was lost.
   */
  async stop(): Promise<void> {
    this.#phase = 'stopping';
    this.#stopBy = systemClock.monotonic() + this.#configuration.shutdownTimeout;
    this.#connection?.giveUp();
    for (const stop of this.#stops.splice(0).reverse()) {
      const stopped = stop().catch((error: unknown) => this.#logger.error('stopping failed', { error }));
      // What hangs, since the CSE does, keeps nothing from the disk.
      await within(stopped, Math.max(this.#timeLeft, LEAST_STOP), systemClock);
    }
    const state = this.#state;
    this.#state = undefined;
    const lost = state && lostAtTheEnd(await state.close(this.#timeLeft), state.fault?.code);
    if (lost !== undefined) throw lost;
  }

  /** Milliseconds that a stop may still take. */
  get #timeLeft(): number {
    return Math.max(0, this.#stopBy - systemClock.monotonic());
  }

  async #start(): Promise<Ready> {
    const configuration = this.#configuration;
    await this.#definitions.load();
    const security = this.#openSecurity();
    const state = this.#openState();
    const url = configuration.cse.url ?? (await this.#startEmbeddedCse());
    const health = await this.#startHealth();
    const connection = this.#connect(url, health);
    const found = await connection.establish(state.cse);
    this.#expectFrom(found);
    connection.acquaintance.onFound((now) => this.#expectFrom(now));
    const ground = await this.#makeGround(connection, state);
    const parts = this.#makeParts(ground);
    const server = this.#makeServer(parts, state, security);
    const { registrations, complete, resume } = takeUp(ground, parts, server);
    const { coap, coaps } = await this.#startServer(server, parts);
    resume();
    security.watch(server);
    const { listening: bootstrap, counters } = await this.#startBootstrap(ground, security);
    this.#phase = 'serving';
    this.#complete = complete;
    // Without anything of an earlier run there is nothing yet that should be there.
    if (complete) parts.reconciliation.call('start');
    this.#watch({ ...parts, server, bootstrap: counters, client: connection.client }, connection, state);
    const cse = {
      url,
      embedded: configuration.cse.url === undefined,
      title: cseTitle(found),
      degraded: missedOnCse(configuration, found),
      ...(connection.recalled && { away: connection.availability.away }),
    };
    const { kind, path } = storeSettings(configuration);
    const store = { kind, ...(kind === 'lmdb' ? { path } : undefined), restored: registrations };
    const devices = { ...(coap && { coap }), ...(coaps && { coaps: { ...coaps, ...security.facts(coaps) } }) };
    return {
      ...devices,
      ...(bootstrap && { bootstrap }),
      http: health,
      cse,
      commandsFrom: commandersOf(configuration.access),
      store,
    };
  }

  #expectFrom({ cseBase, dialect }: CseState): void {
    this.#notifications.expectFrom({ cseId: cseBase?.csi, named: dialect.notificationsNamed });
  }

  async #startBootstrap(
    ground: Ground,
    security: DeviceSecurity,
  ): Promise<{ listening: Listening | undefined; counters: BootstrapCounters | undefined }> {
    const registered = (endpoint: string) => this.#server?.registrations.byEndpoint(endpoint) !== undefined;
    const bootstrap = makeBootstrapServer(ground, { security, registered });
    const listening = await bootstrap?.start();
    if (bootstrap !== undefined) this.#stops.push(() => bootstrap.stop(this.#configuration.shutdownTimeout));
    return { listening, counters: bootstrap?.service.counters };
  }

  #openSecurity(): DeviceSecurity {
    const security = new DeviceSecurity(this.#configuration, systemClock, this.#logger);
    this.#stops.push(async () => security.close());
    return security;
  }

  #openState(): LastingState {
    const state = new LastingState(storeSettings(this.#configuration), systemClock, this.#logger);
    this.#state = state;
    return state;
  }

  async #startEmbeddedCse(): Promise<string> {
    const cse = new EmbeddedCse(embeddedCseOptions(this.#configuration, this.#logger));
    const { url } = await cse.start();
    this.#stops.push(() => cse.stop());
    return url;
  }

  #connect(url: string, health: { address: string; port: number }): CseConnection {
    const settings = presenceSettings(
      this.#configuration,
      url,
      () => `${publicUrl(this.#configuration, health, ownAddress())}/${this.#secret}`,
    );
    const connection = new CseConnection(this.#configuration, settings, this.#logger);
    this.#connection = connection;
    this.#stops.push(() => connection.close());
    return connection;
  }

  #makeGround(connection: CseConnection, state: LastingState): Promise<Ground> {
    const base = {
      configuration: this.#configuration,
      connection,
      notifications: this.#notifications,
      definitions: this.#definitions,
      state,
      logger: this.#logger,
    };
    return makeGround(base, () => this.#server);
  }

  #makeParts(ground: Ground): Parts {
    const parts = makeParts(ground, () => this.#complete && !ground.connection.acquaintance.replaced);
    this.#parts = parts;
    const { servers, demand, removals, backlog, reconciliation } = parts;
    this.#stops.push(
      () => servers.stop(),
      () => demand.stop(),
      () => removals.stop(),
      () => backlog.stop(),
      () => reconciliation.stop(),
    );
    return parts;
  }

  async #startHealth(): Promise<{ address: string; port: number }> {
    const { host, port } = this.#configuration.http;
    const health = new HealthServer({
      host,
      port,
      tls: httpTls(this.#configuration),
      logger: this.#logger,
      ready: () => this.#readiness(),
    });
    const notified = commandersOf(this.#configuration.access).length > 0 || listensToApplications(this.#configuration);
    if (notified) {
      const { bodyBytes } = this.#configuration.http;
      addNotificationDoor(health.routes, this.#notifications, { secret: this.#secret, bodyBytes });
    }
    if (this.#metrics !== undefined) addMetricsDoor(health.routes, this.#metrics);
    const bound = await health.start();
    this.#stops.push(() => health.stop());
    return bound;
  }

  #watch(parts: WatchedParts, { availability }: CseConnection, { store }: LastingState): void {
    this.#metrics?.watch({ ...parts, availability, store, notifications: this.#notifications });
    this.#stops.push(async () => this.#metrics?.stop());
  }

  #readiness(): Readiness {
    const cse = this.#phase === 'serving' ? this.#connection?.cse() : undefined;
    return readiness({
      phase: this.#phase,
      whenAway: this.#configuration.cse.whenAway,
      availability: this.#connection?.availability,
      acquaintance: this.#connection?.acquaintance,
      recalled: this.#connection?.recalled,
      backlog: this.#parts?.backlog,
      store: this.#state?.store,
      values: this.#parts?.values,
      missing: cse === undefined ? [] : missedOnCse(this.#configuration, cse),
      now: systemClock.wall(),
    });
  }

  #makeServer({ admission, values }: Parts, state: LastingState, { coaps, identities }: DeviceSecurity): Lwm2mServer {
    const server = new Lwm2mServer(
      {
        ...lwm2mServerOptions(this.#configuration),
        coaps,
        identities,
        models: () => this.#definitions.current,
        clock: systemClock,
        logger: this.#logger,
        report: (report) => values.report(report),
        durable: () => values.durable(),
        observationChanged: (change) => values.observationChanged(change),
        observationKeeper: state.observations,
      },
      admission,
    );
    this.#server = server;
    return server;
  }

  async #startServer(server: Lwm2mServer, { values, commands }: Parts): Promise<Listening> {
    const bound = await server.start();
    this.#stops.push(
      () => server.stop(this.#timeLeft),
      // The rest of the time is for all else.
      () => values.stop(this.#timeLeft / 2),
      async () => commands?.stop(),
    );
    return bound;
  }
}

export { inspectCse } from './inspect-cse.ts';
