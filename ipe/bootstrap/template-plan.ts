import {
  type BootstrapPlan,
  type DeletionTarget,
  type PlannedInstance,
  type PlannedResource,
  parsePath,
} from '../../lwm2m/index.ts';
import type { CertificateFiles } from './certificate-files.ts';
import type { IssuedKey } from './key-issuer.ts';
import { type BootstrapTemplate, securityOf, type TemplateServer } from './template.ts';

/** Objects and resources of accounts (LwM2M 1.1 E.1, E.2, E.3). */
const SECURITY = 0;
const SERVER = 1;
const ACCESS_CONTROL = 2;

/** Security Mode, `/0/x/2` (LwM2M 1.1 E.1). */
const MODES = { psk: 0, certificate: 2, none: 3 } as const;
/** Rights of `/2/x/2`, a bit each (LwM2M 1.1 E.3). */
const RIGHT_BITS = { read: 1, write: 2, execute: 4, delete: 8, create: 16 } as const;
const NOTHING = Buffer.alloc(0);

/** What one device gets beside the template: the secrets that are its own. */
export interface DeviceSecrets {
  /** For servers with a pre-shared key. */
  readonly key: IssuedKey | undefined;
  readonly certificates: (server: TemplateServer) => CertificateFiles | undefined;
}

/** The bootstrap of one device. */
export function templatePlan(template: BootstrapTemplate, secrets: DeviceSecrets): BootstrapPlan {
  const { servers, access } = template;
  return {
    reads: template.read.map(parsePath),
    deletes: template.delete.map((path): DeletionTarget => (path === '/' ? '/' : parsePath(path))),
    instances: [
      ...servers.map((server) => securityInstance(server, secrets)),
      ...servers.map(serverInstance),
      ...access.map(accessInstance),
    ],
  };
}

/** LwM2M 1.1 E.1. What a mode has no use for is written empty: resources 3, 4 and 5 are mandatory. */
function securityInstance(server: TemplateServer, { key, certificates }: DeviceSecrets): PlannedInstance {
  const security = securityOf(server);
  const files = security === 'certificate' ? certificates(server) : undefined;
  const issued = security === 'psk' ? key : undefined;
  const { uri, shortServerId } = server;
  const identity = issued === undefined ? files?.certificate : Buffer.from(issued.identity);
  const values = [
    [0, uri],
    [1, false],
    [2, MODES[security]],
    [3, identity ?? NOTHING],
    [4, files?.serverCertificate ?? NOTHING],
    [5, issued?.key ?? files?.privateKey ?? NOTHING],
    [10, shortServerId],
  ] as const;
  const resources = values.map(([resourceId, value]): PlannedResource => ({ resourceId, value }));
  return { objectId: SECURITY, shortServerId, resources };
}

/** LwM2M 1.1 E.2. */
function serverInstance(server: TemplateServer): PlannedInstance {
  const { shortServerId, lifetime, minPeriod, maxPeriod, storeNotifications, muteSend, binding } = server;
  const resources: PlannedResource[] = [
    { resourceId: 0, value: shortServerId },
    { resourceId: 1, value: lifetime },
    ...(minPeriod === undefined ? [] : [{ resourceId: 2, value: minPeriod }]),
    ...(maxPeriod === undefined ? [] : [{ resourceId: 3, value: maxPeriod }]),
    { resourceId: 6, value: storeNotifications },
    // From 1.1 on a binding has no letter for queue mode (LwM2M 1.1 6.2.1.2), and a server may want no Send.
    { resourceId: 7, value: binding, until: '1.0' },
    { resourceId: 7, value: binding.replace('Q', ''), since: '1.1' },
    { resourceId: 23, value: muteSend, since: '1.1' },
  ];
  return { objectId: SERVER, shortServerId, resources };
}

/** LwM2M 1.1 E.3. */
function accessInstance({ object, instance, owner, rights }: BootstrapTemplate['access'][number]): PlannedInstance {
  const resources: PlannedResource[] = [
    { resourceId: 0, value: object },
    { resourceId: 1, value: instance },
    ...Object.entries(rights).map(([shortServerId, granted]) => ({
      resourceId: 2,
      resourceInstanceId: Number(shortServerId),
      value: granted.reduce((bits, right) => bits | RIGHT_BITS[right], 0),
    })),
    { resourceId: 3, value: owner },
  ];
  return { objectId: ACCESS_CONTROL, resources };
}
