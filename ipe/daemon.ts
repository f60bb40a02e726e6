import { networkInterfaces } from 'node:os';
import { IpeError, type Logger, systemClock, type Timer } from '../common/index.ts';
import { CseClient } from '../cse-client/index.ts';
import { EmbeddedCse } from '../embedded-cse/index.ts';
import { encodeContent, Lwm2mServer, type Path, type Registration, type RegistrationHandler } from '../lwm2m/index.ts';
import { ApplicationDemand, listensToApplications, missedDemand } from './application-demand.ts';
import { Bridge, type TreeFollower } from './bridge/bridge.ts';
import { Removals } from './bridge/removals.ts';
import { deleteResource } from './bridge/resource-writer.ts';
import { TreeWriter } from './bridge/tree-writer.ts';
import { Commands } from './commands/commands.ts';
import { type Configuration, publicUrl } from './configuration/index.ts';
import type { PresenceSettings } from './cse/access.ts';
import { CseAvailability } from './cse/availability.ts';
import { CsePresence, type CseState } from './cse/presence.ts';
import { HealthServer } from './health.ts';
import { Lanes } from './lanes.ts';
import { addNotificationDoor } from './notifications/notification-door.ts';
import { Notifications } from './notifications/notifications.ts';
import { ObjectDefinitions } from './object-definitions.ts';
import {
  bridgeSettings,
  commandSettings,
  cseClientOptions,
  embeddedCseOptions,
  lwm2mServerOptions,
  notificationSettings,
  presenceSettings,
  treeSettings,
  valueSettings,
} from './settings.ts';
import { HeldFollower } from './store/held-follower.ts';
import { LastingState } from './store/lasting-state.ts';
import { Values } from './values/values.ts';

/** Milliseconds between renewals of the IPE's own resources. */
const RENEWAL_INTERVAL = 24 * 3600 * 1000;
/** Milliseconds between attempts to reach a CSE that is not there yet at start. */
const START_RETRY = 500;
/** SenML JSON: the content format in which values are encapsulated that came in another bundle (LwM2M 1.1 7.4.4). */
const ENCAPSULATION_FORMAT = 110;

/** Endpoints that are worked on at once for each request in flight: some wait for their first answer, some for their last. */
const WORK_PER_REQUEST = 2;

/** Where a started IPE is to be found, and what its CSE is. */
export interface Ready {
  readonly coap: { readonly address: string; readonly port: number };
  readonly http: { readonly address: string; readonly port: number };
  readonly cse: {
    readonly url: string;
    readonly embedded: boolean;
    readonly title: string;
    readonly degraded: readonly string[];
  };
  /** Originators that may command devices. */
  readonly commandsFrom: readonly string[];
  /** Where state is kept, and how many registrations of the last run were there. */
  readonly store: { readonly kind: 'lmdb' | 'memory'; readonly path?: string; readonly restored: number };
}

/** The whole IPE: its parts in their order, started together and stopped in reverse. */
export class Daemon {
  readonly #configuration: Configuration;
  readonly #logger: Logger;
  readonly #notifications: Notifications;
  /** How to stop what has been started, in the order of starting. */
  readonly #stops: (() => Promise<void>)[] = [];
  #availability: CseAvailability | undefined;
  #server: Lwm2mServer | undefined;
  #state: LastingState | undefined;
  #commands: Commands | undefined;
  readonly #definitions: ObjectDefinitions;
  /** What starts again when the CSE does. */
  readonly #resumed: (() => void)[] = [];
  #ready = false;
  #stopping = false;

  constructor(configuration: Configuration, logger: Logger) {
    this.#configuration = configuration;
    this.#logger = logger;
    this.#definitions = new ObjectDefinitions(configuration.lwm2m.modelsFolder, logger);
    this.#notifications = new Notifications(notificationSettings(configuration), systemClock, logger);
  }

  /** Starts everything; rejects with an IpeError that says in one line what is wrong, everything stopped again. */
  async start(): Promise<Ready> {
    try {
      return await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Reads anew what may change while it runs, and says in one log line what that was; registrations and all else stay. */
  async reload(): Promise<void> {
    const fields = await this.#definitions.reload();
    if (Object.keys(fields).length > 0) this.#logger.info('reloaded', fields);
    else this.#logger.info('nothing was reloaded');
  }

  /** Takes no new request, lets what is in flight finish within `shutdownTimeout`, stops everything. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#ready = false;
    for (const stop of this.#stops.splice(0).reverse()) {
      await stop().catch((error: unknown) => this.#logger.error('stopping failed', { error }));
    }
  }

  async #start(): Promise<Ready> {
    const configuration = this.#configuration;
    await this.#definitions.load();
    const state = this.#openState();
    const url = configuration.cse.url ?? (await this.#startEmbeddedCse());
    const health = await this.#startHealth();
    const settings = presenceSettings(configuration, url, publicUrl(configuration, health, ownAddress()));
    const client = new CseClient(cseClientOptions(configuration, settings, this.#logger));
    this.#stops.push(() => client.close());
    const presence = new CsePresence(client, settings, systemClock, this.#logger);
    const found = await this.#establish(presence);
    this.#renewDaily(presence);
    const availability = this.#watch(client, presence);
    const values = this.#values(client, presence, availability, settings);
    const demand = this.#demand(client, presence, availability, values, settings);
    const commands = this.#takeCommands(client, presence, availability, values, settings);
    const followers = [demand, values, commands].filter((follower) => follower !== undefined);
    const follower = new HeldFollower(together(followers));
    const { bridge, removals } = this.#bridge(client, presence, availability, follower, settings, state);
    const handler = state.recorded(commands?.before(bridge) ?? bridge, follower, Math.random);
    const server = this.#makeServer(handler, values, state);
    const { registrations } = state.restart({
      server,
      bridge,
      removals,
      restored: (registration, tree, observing) => {
        demand.follow(registration, tree);
        values.restore(registration, tree, observing ? (path) => observes(server, registration, path) : () => false);
        commands?.follow(registration, tree);
      },
      cse: configuration.cse.url === undefined ? undefined : `${settings.originator} ${url}/${settings.base}`,
    });
    const coap = await this.#startServer(server, values);
    this.#ready = true;
    const degraded = [...found.degraded, ...missedDemand(configuration, found.dialect)];
    const cse = { url, embedded: configuration.cse.url === undefined, title: title(found), degraded };
    const { kind, path } = configuration.store;
    const store = { kind, ...(kind === 'lmdb' ? { path } : undefined), restored: registrations };
    return { coap, http: health, cse, commandsFrom: this.#commandsFrom, store };
  }

  #openState(): LastingState {
    const state = new LastingState(this.#configuration.store, systemClock, this.#logger);
    this.#state = state;
    this.#stops.push(() => state.close());
    return state;
  }

  async #startEmbeddedCse(): Promise<string> {
    const cse = new EmbeddedCse(embeddedCseOptions(this.#configuration, this.#logger));
    const { url } = await cse.start();
    this.#stops.push(() => cse.stop());
    return url;
  }

  async #startHealth(): Promise<{ address: string; port: number }> {
    const { host, port } = this.#configuration.http;
    const health = new HealthServer({ host, port, logger: this.#logger, ready: () => this.#readiness() });
    const notified = this.#commandsFrom.length > 0 || listensToApplications(this.#configuration);
    if (notified) addNotificationDoor(health.routes, this.#notifications);
    const bound = await health.start();
    this.#stops.push(() => health.stop());
    return bound;
  }

  #readiness(): { ready: boolean; reasons: string[] } {
    const reasons: string[] = [];
    if (!this.#ready) reasons.push(this.#stopping ? 'stopping' : 'starting');
    const away = this.#availability?.away;
    if (away !== undefined) reasons.push(`CSE away: ${away}`);
    const fault = this.#state?.fault;
    if (fault !== undefined) reasons.push(fault.message);
    return { ready: reasons.length === 0, reasons };
  }

  /** Registers at the CSE; waits for one that is not there yet as long as `cse.startTimeout` allows. */
  async #establish(presence: CsePresence): Promise<CseState> {
    const deadline = systemClock.monotonic() + this.#configuration.cse.startTimeout;
    for (let told = false; ; told = true) {
      try {
        return await presence.establish();
      } catch (error) {
        const absent = error instanceof IpeError && error.retryable;
        if (!absent || this.#stopping || systemClock.monotonic() + START_RETRY > deadline) throw error;
        if (!told) this.#logger.info('waiting for the CSE', { reason: error.message });
        await new Promise<void>((resolve) => setTimeout(resolve, START_RETRY));
      }
    }
  }

  #renewDaily(presence: CsePresence): void {
    let timer: Timer;
    const schedule = () => {
      timer = systemClock.timer(RENEWAL_INTERVAL, () => {
        presence.renew().catch((error: unknown) => {
          this.#logger.warn('the AE of the IPE could not be renewed', { reason: String(error) });
        });
        schedule();
      });
    };
    schedule();
    this.#stops.push(async () => timer.cancel());
  }

  #watch(client: CseClient, presence: CsePresence): CseAvailability {
    const availability = new CseAvailability({
      probe: () => presence.check(),
      returned: () => {
        for (const resume of this.#resumed) resume();
      },
      answers: () => client.counters.succeeded + client.counters.refused,
      clock: systemClock,
      logger: this.#logger,
    });
    this.#availability = availability;
    this.#stops.push(async () => availability.stop());
    return availability;
  }

  #values(client: CseClient, presence: CsePresence, availability: CseAvailability, settings: PresenceSettings): Values {
    const values = new Values(valueSettings(this.#configuration, settings), {
      client,
      cse: () => presence.state,
      availability,
      presence,
      models: () => this.#definitions.current,
      perform: async (endpoint, operation, options) =>
        this.#server?.perform(endpoint, operation, options) ?? { kind: 'gone' },
      encode: (nodes, base) => ({
        format: ENCAPSULATION_FORMAT,
        payload: encodeContent(ENCAPSULATION_FORMAT, nodes, { base }),
      }),
      policiesOf: async (path, definition) =>
        this.#commands?.policiesOf(path, definition) ?? [presence.state.accessControlPolicy],
      clock: systemClock,
      logger: this.#logger,
      random: Math.random,
    });
    this.#resumed.push(() => values.resume());
    return values;
  }

  #demand(
    client: CseClient,
    presence: CsePresence,
    availability: CseAvailability,
    values: Values,
    settings: PresenceSettings,
  ): ApplicationDemand {
    const demand = new ApplicationDemand(this.#configuration, settings, {
      client,
      presence,
      availability,
      notifications: this.#notifications,
      values,
      perform: async (endpoint, operation, options) =>
        this.#server?.perform(endpoint, operation, options) ?? { kind: 'gone' },
      logger: this.#logger,
    });
    this.#resumed.push(() => demand.resume());
    this.#stops.push(() => demand.stop());
    return demand;
  }

  get #commandsFrom(): readonly string[] {
    return this.#configuration.access.command;
  }

  /** Nothing at all where nobody may command. */
  #takeCommands(
    client: CseClient,
    presence: CsePresence,
    availability: CseAvailability,
    values: Values,
    settings: PresenceSettings,
  ): Commands | undefined {
    if (this.#commandsFrom.length === 0) return undefined;
    const commands = new Commands(commandSettings(this.#configuration, settings), {
      client,
      cse: () => presence.state,
      availability,
      presence,
      notifications: this.#notifications,
      models: () => this.#definitions.current,
      values,
      perform: async (endpoint, operation, options) =>
        this.#server?.perform(endpoint, operation, options) ?? { kind: 'gone' },
      clock: systemClock,
      logger: this.#logger,
    });
    this.#commands = commands;
    this.#resumed.push(() => commands.resume());
    return commands;
  }

  #bridge(
    client: CseClient,
    presence: CsePresence,
    availability: CseAvailability,
    follower: TreeFollower,
    settings: PresenceSettings,
    state: LastingState,
  ): { bridge: Bridge; removals: Removals } {
    const logger = this.#logger;
    const clock = systemClock;
    const removals = new Removals((path) => deleteResource(client, path), clock, logger, state.removals);
    this.#resumed.push(() => removals.hurry());
    this.#stops.push(() => removals.stop());
    const writer = new TreeWriter(treeSettings(this.#configuration, settings), {
      client,
      cse: () => presence.state,
      leave: (paths) => removals.add(paths),
      clock,
      logger,
    });
    const bridge = new Bridge(bridgeSettings(this.#configuration, presence.state.dialect), {
      writer,
      removals,
      lanes: new Lanes(WORK_PER_REQUEST * this.#configuration.cse.maxInFlight),
      availability,
      presence,
      follower,
      keeper: state.trees,
      logger,
      random: Math.random,
    });
    return { bridge, removals };
  }

  #makeServer(handler: RegistrationHandler, values: Values, state: LastingState): Lwm2mServer {
    const server = new Lwm2mServer(
      {
        ...lwm2mServerOptions(this.#configuration),
        models: () => this.#definitions.current,
        clock: systemClock,
        logger: this.#logger,
        report: (report) => values.report(report),
        observationChanged: (change) => values.observationChanged(change),
        observationKeeper: state.observations,
      },
      handler,
    );
    this.#server = server;
    return server;
  }

  async #startServer(server: Lwm2mServer, values: Values): Promise<{ address: string; port: number }> {
    const bound = await server.start();
    this.#stops.push(
      () => server.stop(this.#configuration.shutdownTimeout),
      () => values.stop(),
      async () => this.#commands?.stop(),
    );
    return bound;
  }
}

/** An IPv4 address by which other machines know this one, where it has one. */
function ownAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}

/** True when the instance of a path, or a part of it, is observed. */
function observes(server: Lwm2mServer, { endpoint }: Registration, { objectId, instanceId }: Path): boolean {
  const targets = server.observations(endpoint).flatMap(({ paths }) => paths);
  return targets.some((path) => path.objectId === objectId && path.instanceId === instanceId);
}

/** Followers that see the same. */
function together(followers: readonly TreeFollower[]): TreeFollower {
  return {
    follow: (registration, tree, registered) => {
      for (const follower of followers) follower.follow(registration, tree, registered);
    },
    leave: (endpoint) => {
      for (const follower of followers) follower.leave(endpoint);
    },
  };
}

function title(state: CseState): string {
  const { cseBase, dialect } = state;
  return cseBase === undefined ? dialect.title : `${dialect.title} ${cseBase.csi ?? ''}`.trim();
}

export { inspectCse } from './inspect-cse.ts';
