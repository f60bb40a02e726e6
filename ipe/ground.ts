import { type Logger, systemClock } from '../common/index.ts';
import type {
  HeardObservation,
  Lwm2mServer,
  Operation,
  Outcome,
  PerformOptions,
  Registration,
} from '../lwm2m/index.ts';
import { directCommandKind } from '../mappings/index.ts';
import { AccessPolicies } from './access/access-policies.ts';
import { DeviceAccess } from './access/device-access.ts';
import { ServerAccess } from './access/server-access.ts';
import type { Configuration } from './configuration/index.ts';
import type { CseConnection } from './cse-connection.ts';
import type { Notifications } from './notifications/notifications.ts';
import type { ObjectDefinitions } from './object-definitions.ts';
import { accessPolicySettings } from './settings.ts';
import type { LastingState } from './store/lasting-state.ts';

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
  /** What a device is observed for; nothing while there is no server. */
  readonly observed: (endpoint: string) => readonly HeardObservation[];
  /** Works on a registered endpoint in its turn; false where it was not done, for it is not registered or too busy. */
  readonly attend: (endpoint: string, work: (registration: Registration) => Promise<void>) => Promise<boolean>;
  readonly logger: Logger;
}

/**
 * The ground of all parts, which ask devices through `server` as soon as there is one; the policies of earlier runs are
 * brought to it. Rejects with CseError.
 */
export async function makeGround(
  base: Omit<Ground, 'access' | 'servers' | 'perform' | 'observed' | 'attend'>,
  server: () => Lwm2mServer | undefined,
): Promise<Ground> {
  let servers: ServerAccess | undefined;
  const ground = {
    ...base,
    perform: async (endpoint: string, operation: Operation, options?: PerformOptions): Promise<Outcome> => {
      const reason = servers?.refusal(endpoint, operation);
      if (reason !== undefined) return { kind: 'invalid', reason };
      return server()?.perform(endpoint, operation, options) ?? { kind: 'gone' };
    },
    observed: (endpoint: string) => server()?.observations(endpoint) ?? [],
    attend: async (endpoint: string, work: (registration: Registration) => Promise<void>): Promise<boolean> => {
      const id = server()?.registrations.byEndpoint(endpoint)?.id;
      return id !== undefined && (await server()?.attend(id, work)) === true;
    },
  };
  const made = await makeAccess(ground);
  servers = made.servers;
  return { ...ground, ...made };
}

/**
 * Who may do what with the resources of devices, the policies of earlier runs brought to it; and what devices deny us. Rejects
 * with CseError.
 */
async function makeAccess(ground: Omit<Ground, 'access' | 'servers'>): Promise<Pick<Ground, 'access' | 'servers'>> {
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
