import { DecodeError } from '../../common/index.ts';
import { pathOfName } from '../content/resource-path.ts';
import { type Link, linkAttribute, parseLinkFormat } from '../registration/link-format.ts';
import { LWM2M_VERSIONS, type Lwm2mVersion } from '../registration/registration.ts';

/** An object instance that a client has. */
export interface DiscoveredInstance {
  readonly objectId: number;
  readonly instanceId: number;
  /** On instances of Object 0 and 1, but the account of the Bootstrap-Server (LwM2M 1.1 6.1.7.2). */
  readonly shortServerId?: number;
}

/** What a client says of itself to Bootstrap-Discover. */
export interface DiscoveredAccounts {
  readonly version?: Lwm2mVersion;
  readonly instances: readonly DiscoveredInstance[];
}

const SERVER_ID = /^\d{1,5}$/;
/** How 1.0 begins its answer, which is no link format (LwM2M 1.0 5.2.7.3); 1.1 hangs it on the root link. */
const LEADING_VERSION = /^\s*lwm2m="?([0-9.]{3,8})"?\s*(?:,|$)/;

/**
 * Reads the answer to Bootstrap-Discover (LwM2M 1.1 6.1.7.2, 1.0 5.2.7.3). Links that are no object instance are passed
 * over. Throws `DecodeError` `lwm2m/link-format`.
 */
export function readDiscoveredAccounts(payload: Buffer): DiscoveredAccounts {
  const leading = LEADING_VERSION.exec(payload.subarray(0, 64).toString('latin1'));
  const links = parseLinkFormat(leading === null ? payload : payload.subarray(leading[0].length));
  const root = links.find(({ target }) => target === '/' || target === '');
  const version = versionOf(leading?.[1] ?? (root && linkAttribute(root, 'lwm2m')?.value));
  const instances = links.flatMap((link) => instanceOf(link) ?? []);
  return { instances, ...(version === undefined ? undefined : { version }) };
}

/** The same; undefined for what cannot be read, as from a client that does not know the operation. */
export function discoveredAccounts(payload: Buffer): DiscoveredAccounts | undefined {
  try {
    return readDiscoveredAccounts(payload);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function versionOf(text: string | undefined): Lwm2mVersion | undefined {
  return LWM2M_VERSIONS.find((version) => version === text);
}

function instanceOf(link: Link): DiscoveredInstance | undefined {
  const path = pathOfName(link.target);
  if (path?.instanceId === undefined || path.resourceId !== undefined) return undefined;
  const { objectId, instanceId } = path;
  const shortServerId = linkAttribute(link, 'ssid')?.value;
  if (shortServerId === undefined || !SERVER_ID.test(shortServerId)) return { objectId, instanceId };
  return { objectId, instanceId, shortServerId: Number(shortServerId) };
}
