import { systemClock } from '../common/index.ts';
import { encodeContent, type Lwm2mServer, type Operation, type Path, type Registration } from '../lwm2m/index.ts';
import { assignment, commandersOf } from './access/privileges.ts';
import type { ServerAccess } from './access/server-access.ts';
import { ApplicationDemand } from './application-demand.ts';
import type { EndpointTree } from './bridge/endpoint-tree.ts';
import { together } from './bridge/followers.ts';
import { Commands } from './commands/commands.ts';
import type { Ground } from './ground.ts';
import { Admission } from './load/admission.ts';
import { ORDER_OF_SERVICE } from './load/order-of-service.ts';
import { admissionSettings, commandSettings, valueSettings } from './settings.ts';
import { HeldFollower } from './store/held-follower.ts';
import type { Restarted } from './store/restart.ts';
import { makeUpkeep, type Upkeep } from './upkeep.ts';
import { Values } from './values/values.ts';

/** SenML JSON: the content format in which values are encapsulated that came in another bundle (LwM2M 1.1 7.4.4). */
const ENCAPSULATION_FORMAT = 110;

/** All that works for devices: whoever keeps their trees, whoever follows these, and what they register comes through. */
export interface Parts extends Upkeep {
  readonly values: Values;
  readonly demand: ApplicationDemand;
  /** Absent where nobody may command. */
  readonly commands: Commands | undefined;
  readonly servers: ServerAccess;
  /** Takes what devices register. */
  readonly admission: Admission;
}

/** The parts, each told of what it follows; `complete`: every registration that there is, is known. */
export function makeParts(ground: Ground, complete: () => boolean): Parts {
  const { configuration, servers, state, logger } = ground;
  const values = makeValues(ground);
  values.onContainer(servers);
  const demand = makeDemand(ground, values);
  const commands = makeCommands(ground, values);
  const followers = [demand, values, commands, servers].filter((follower) => follower !== undefined);
  const follower = new HeldFollower(together(followers));
  const upkeep = makeUpkeep(ground, {
    follower,
    standing: (endpoint, names) => values.compare(endpoint, names),
    complete,
  });
  const { bridge } = upkeep;
  const recorded = state.recorded(commands?.before(bridge) ?? bridge, follower, Math.random);
  const admission = new Admission(recorded, admissionSettings(configuration), {
    clock: systemClock,
    logger,
    random: Math.random,
  });
  return { ...upkeep, values, demand, commands, servers, admission };
}

/**
 * Takes up an earlier run with a server that does not serve yet; `resume` is to be called when it does. Throws IpeError
 * `store/damaged` or `store/io`.
 */
export function takeUp(ground: Ground, parts: Parts, server: Lwm2mServer): Restarted & { readonly resume: () => void } {
  const { configuration, connection, state, servers } = ground;
  const { values, demand, commands, bridge, removals, backlog } = parts;
  const { url, originator, base } = connection.settings;
  const restored: [Registration, EndpointTree][] = [];
  const restarted = state.restart({
    server,
    bridge,
    removals,
    backlog,
    restored: (registration, tree, observing) => {
      demand.follow(registration, tree);
      values.restore(registration, tree, observing ? (path) => observes(server, registration, path) : () => false);
      commands?.follow(registration, tree);
      restored.push([registration, tree]);
    },
    cse: configuration.cse.url === undefined ? undefined : `${originator} ${url}/${base}`,
    replaced: connection.acquaintance.replaced,
    access: assignment(configuration.access),
  });
  const isRegistered = (endpoint: string) => server.registrations.byEndpoint(endpoint) !== undefined;
  values.settle(isRegistered);
  commands?.settle(isRegistered);
  const resume = () => {
    for (const [registration, tree] of restored) servers.follow(registration, tree, true);
  };
  return { ...restarted, resume };
}

/** True when the instance of a path, or a part of it, is observed. */
function observes(server: Lwm2mServer, { endpoint }: Registration, { objectId, instanceId }: Path): boolean {
  const targets = server.observations(endpoint).flatMap(({ paths }) => paths);
  return targets.some((path) => path.objectId === objectId && path.instanceId === instanceId);
}

/** Values of devices. */
function makeValues(ground: Ground): Values {
  const { configuration, connection, definitions, perform, observed, access, logger } = ground;
  const { client, presence, availability, settings, cse } = connection;
  const values = new Values(valueSettings(configuration, settings), {
    client: client.withPriority(ORDER_OF_SERVICE.value),
    cse,
    availability,
    presence,
    models: () => definitions.current,
    perform,
    observed,
    encode: (nodes, base) => ({
      format: ENCAPSULATION_FORMAT,
      payload: encodeContent(ENCAPSULATION_FORMAT, nodes, { base }),
    }),
    policiesOf: (endpoint, path, kind) => access.container(endpoint, path, kind),
    keeper: ground.state.values,
    clock: systemClock,
    logger,
    random: Math.random,
  });
  connection.onReturn(() => values.resume());
  return values;
}

/** What applications ask for by subscribing and reading. */
function makeDemand(ground: Ground, values: Values): ApplicationDemand {
  const { configuration, connection, notifications, perform, logger } = ground;
  const { client, presence, availability, settings } = connection;
  const parts = {
    client: client.withPriority(ORDER_OF_SERVICE.background),
    presence,
    availability,
    notifications,
    values,
    perform,
    logger,
  };
  const demand = new ApplicationDemand(configuration, settings, parts);
  connection.onReturn(() => demand.resume());
  return demand;
}

/** Commands of applications; nothing at all where nobody may command. */
function makeCommands(ground: Ground, values: Values): Commands | undefined {
  const { configuration, connection, notifications, definitions, perform, access, servers, logger } = ground;
  if (commandersOf(configuration.access).length === 0) return undefined;
  const { client, presence, availability, settings, cse } = connection;
  const models = () => definitions.current;
  const parts = {
    client: client.withPriority(ORDER_OF_SERVICE.command),
    cse,
    availability,
    presence,
    notifications,
    policies: access,
    models,
    values,
    refusal: (endpoint: string, operation: Operation) => servers.refusal(endpoint, operation),
    perform,
    keeper: ground.state.commands,
    clock: systemClock,
    logger,
  };
  const commands = new Commands(commandSettings(configuration, settings), parts);
  connection.onReturn(() => commands.resume());
  return commands;
}
