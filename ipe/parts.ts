import { type Logger, systemClock } from '../common/index.ts';
import { encodeContent, type Operation, type Outcome, type PerformOptions, type Registration } from '../lwm2m/index.ts';
import { directCommandKind } from '../mappings/index.ts';
import { AccessPolicies } from './access/access-policies.ts';
import { DeviceAccess } from './access/device-access.ts';
import { commandersOf } from './access/privileges.ts';
import { ServerAccess } from './access/server-access.ts';
import { ApplicationDemand } from './application-demand.ts';
import { Commands } from './commands/commands.ts';
import type { Configuration } from './configuration/index.ts';
import type { CseConnection } from './cse-connection.ts';
import { ORDER_OF_SERVICE } from './load/order-of-service.ts';
import type { Notifications } from './notifications/notifications.ts';
import type { ObjectDefinitions } from './object-definitions.ts';
import { accessPolicySettings, commandSettings, valueSettings } from './settings.ts';
import type { LastingState } from './store/lasting-state.ts';
import { Values } from './values/values.ts';

/** SenML JSON: the content format in which values are encapsulated that came in another bundle (LwM2M 1.1 7.4.4). */
const ENCAPSULATION_FORMAT = 110;

/** What all parts of a running IPE stand on. */
export interface Ground {
  readonly configuration: Configuration;
  readonly connection: CseConnection;
  readonly notifications: Notifications;
  readonly definitions: ObjectDefinitions;
  readonly state: LastingState;
  /** With which policies the resources of a device are made. */
  readonly access: DeviceAccess;
  /** What devices with several servers deny this one. */
  readonly servers: ServerAccess;
  /** Asks a device; `gone` while there is no server. */
  readonly perform: (endpoint: string, operation: Operation, options?: PerformOptions) => Promise<Outcome>;
  /** Works on a registered endpoint in its turn; false where it was not done, for it is not registered or too busy. */
  readonly attend: (endpoint: string, work: (registration: Registration) => Promise<void>) => Promise<boolean>;
  readonly logger: Logger;
}

/**
 * Who may do what with the resources of devices, the policies of earlier runs brought to it; and what devices deny us. Rejects
 * with CseError.
 */
export async function makeAccess(
  ground: Omit<Ground, 'access' | 'servers'>,
): Promise<Pick<Ground, 'access' | 'servers'>> {
  const { configuration, connection, definitions, perform, logger } = ground;
  const { client, presence, availability, settings, cse } = connection;
  const policies = new AccessPolicies(accessPolicySettings(configuration, settings), {
    client,
    presence,
    clock: systemClock,
    logger,
  });
  const { shortServerId } = configuration.access;
  const servers: ServerAccess = new ServerAccess(
    { base: settings.base, shortServerId },
    {
      client,
      cse,
      availability,
      policiesOf: (endpoint, path, kind) => access.container(endpoint, path, kind),
      kindOf: ({ objectLinks: { links }, version }, path) => {
        const listed = links.find(({ objectId }) => objectId === path.objectId)?.version;
        return directCommandKind(path, definitions.current.find(path.objectId, listed, version));
      },
      perform,
      clock: systemClock,
      logger,
    },
  );
  const access = new DeviceAccess(policies, (endpoint, path) => servers.limits(endpoint, path));
  connection.onReturn(() => servers.resume());
  await connection.whenThere(() => policies.revise());
  return { access, servers };
}

/** Values of devices. */
export function makeValues(ground: Ground): Values {
  const { configuration, connection, definitions, perform, access, logger } = ground;
  const { client, presence, availability, settings, cse } = connection;
  const values = new Values(valueSettings(configuration, settings), {
    client: client.withPriority(ORDER_OF_SERVICE.value),
    cse,
    availability,
    presence,
    models: () => definitions.current,
    perform,
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
export function makeDemand(ground: Ground, values: Values): ApplicationDemand {
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
export function makeCommands(ground: Ground, values: Values): Commands | undefined {
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
