import { type Logger, systemClock } from '../common/index.ts';
import { encodeContent, type Operation, type Outcome, type PerformOptions } from '../lwm2m/index.ts';
import { ApplicationDemand } from './application-demand.ts';
import { Bridge, type TreeFollower } from './bridge/bridge.ts';
import { Removals } from './bridge/removals.ts';
import { deleteResource } from './bridge/resource-writer.ts';
import { TreeWriter } from './bridge/tree-writer.ts';
import { Commands } from './commands/commands.ts';
import type { Configuration } from './configuration/index.ts';
import type { CseConnection } from './cse-connection.ts';
import { Lanes } from './lanes.ts';
import type { Notifications } from './notifications/notifications.ts';
import type { ObjectDefinitions } from './object-definitions.ts';
import { bridgeSettings, commandSettings, treeSettings, valueSettings } from './settings.ts';
import type { LastingState } from './store/lasting-state.ts';
import { Values } from './values/values.ts';

/** SenML JSON: the content format in which values are encapsulated that came in another bundle (LwM2M 1.1 7.4.4). */
const ENCAPSULATION_FORMAT = 110;

/** Endpoints that are worked on at once for each request in flight: some wait for their first answer, some for their last. */
const WORK_PER_REQUEST = 2;

/** What all parts of a running IPE stand on. */
export interface Ground {
  readonly configuration: Configuration;
  readonly connection: CseConnection;
  readonly notifications: Notifications;
  readonly definitions: ObjectDefinitions;
  readonly state: LastingState;
  /** Asks a device; `gone` while there is no server. */
  readonly perform: (endpoint: string, operation: Operation, options?: PerformOptions) => Promise<Outcome>;
  readonly logger: Logger;
}

/** Values of devices; `commands` says who may write into their containers, once there is such a part. */
export function makeValues(ground: Ground, commands: () => Commands | undefined): Values {
  const { configuration, connection, definitions, perform, logger } = ground;
  const { client, presence, availability, settings, cse } = connection;
  const values = new Values(valueSettings(configuration, settings), {
    client,
    cse,
    availability,
    presence,
    models: () => definitions.current,
    perform,
    encode: (nodes, base) => ({
      format: ENCAPSULATION_FORMAT,
      payload: encodeContent(ENCAPSULATION_FORMAT, nodes, { base }),
    }),
    policiesOf: async (path, definition) =>
      commands()?.policiesOf(path, definition) ?? [presence.state.accessControlPolicy],
    clock: systemClock,
    logger,
    random: Math.random,
  });
  connection.onReturn(() => values.resume());
  return values;
}

/** What applications ask for by subscribing and reading. */
export function makeDemand(ground: Ground, values: Values): ApplicationDemand {
  const { configuration, connection, notifications, perform, logger } = ground;
  const { client, presence, availability, settings } = connection;
  const parts = { client, presence, availability, notifications, values, perform, logger };
  const demand = new ApplicationDemand(configuration, settings, parts);
  connection.onReturn(() => demand.resume());
  return demand;
}

/** Commands of applications; nothing at all where nobody may command. */
export function makeCommands(ground: Ground, values: Values): Commands | undefined {
  const { configuration, connection, notifications, definitions, perform, logger } = ground;
  if (configuration.access.command.length === 0) return undefined;
  const { client, presence, availability, settings, cse } = connection;
  const models = () => definitions.current;
  const parts = {
    client,
    cse,
    availability,
    presence,
    notifications,
    models,
    values,
    perform,
    clock: systemClock,
    logger,
  };
  const commands = new Commands(commandSettings(configuration, settings), parts);
  connection.onReturn(() => commands.resume());
  return commands;
}

/** Trees of devices; `follower` is told of each. */
export function makeBridge(ground: Ground, follower: TreeFollower): { bridge: Bridge; removals: Removals } {
  const { configuration, connection, state, logger } = ground;
  const { client, presence, availability, settings, cse } = connection;
  const removals = new Removals((path) => deleteResource(client, path), systemClock, logger, state.removals);
  connection.onReturn(() => removals.hurry());
  const leave = (paths: readonly string[]) => removals.add(paths);
  const writer = new TreeWriter(treeSettings(configuration, settings), {
    client,
    cse,
    leave,
    clock: systemClock,
    logger,
  });
  const bridge = new Bridge(bridgeSettings(configuration, presence.state.dialect), {
    writer,
    removals,
    lanes: new Lanes(WORK_PER_REQUEST * configuration.cse.maxInFlight),
    availability,
    presence,
    follower,
    keeper: state.trees,
    logger,
    random: Math.random,
  });
  return { bridge, removals };
}
