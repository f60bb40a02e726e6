import {
  type CseClient,
  CseError,
  fromRepresentation,
  hasResource,
  Operation,
  parseTimestamp,
  ResourceType,
} from '../../cse-client/index.ts';
import {
  ENDPOINT_APP_ID,
  type EndpointNames,
  endpointNames,
  endpointOfLabels,
  type NameSettings,
} from '../../mappings/index.ts';

/** How the resources that the IPE makes are told from those of others. */
export interface OwnershipSettings {
  /** resourceName of the CSEBase. */
  readonly base: string;
  readonly names: NameSettings;
  /** The label of this very IPE. */
  readonly label: string;
}

/** A resource on the CSE that is ours beyond doubt. */
export interface Owned {
  readonly endpoint: string;
  readonly names: EndpointNames;
  /** Its expirationTime in milliseconds of the epoch, where it can be read. */
  readonly expiresAt: number | undefined;
}

/** The parts of a structured address below the CSEBase; undefined for one that is not below it. */
export function belowBase(address: string, base: string): readonly string[] | undefined {
  const levels = address.split('/');
  const at = levels.indexOf(base);
  // CSE-relative, or behind the names of CSE and service provider.
  const begins = at === 0 || (address.startsWith('/') && at <= 4);
  return begins && at < levels.length - 1 ? levels.slice(at + 1) : undefined;
}

/**
 * Looks at a resource: it is ours when one label names this IPE, when the endpoint that another label names would have
 * exactly this name, and, of an AE, when AE-ID and App-ID are those of that endpoint. Undefined for any other, and for one
 * that is not there. Rejects with CseError.
 */
export async function owned(
  client: CseClient,
  settings: OwnershipSettings,
  address: string,
): Promise<Owned | undefined> {
  const response = await client.request({ op: Operation.retrieve, to: address });
  if (response.rsc !== 2000) {
    const refusal = new CseError('cse/refused', `${address} cannot be read`, { rsc: response.rsc });
    if (refusal.retryable) throw refusal;
    return undefined;
  }
  const ty = TYPES.find((type) => hasResource(type, response.pc));
  if (ty === undefined) return undefined;
  const { lbl = [], et, aei, api } = fromRepresentation(ty, response.pc) as Seen;
  const endpoint = lbl.includes(settings.label) ? endpointOfLabels(lbl) : undefined;
  if (endpoint === undefined) return undefined;
  const names = endpointNames(endpoint, settings.names);
  const levels = belowBase(address, settings.base)?.join('/');
  const name = {
    [ResourceType.ae]: names.resourceName,
    [ResourceType.node]: names.nodeName,
    [ResourceType.container]: levels?.startsWith(`${names.resourceName}/`) === true ? levels : undefined,
  }[ty];
  const ofAe = ty !== ResourceType.ae || (lastLevel(aei) === names.aeId && api === ENDPOINT_APP_ID);
  return levels === name && levels !== undefined && ofAe ? { endpoint, names, expiresAt: timeOf(et) } : undefined;
}

/** What is looked at of a resource of any of these types. */
interface Seen {
  readonly lbl?: readonly string[];
  readonly et?: string;
  readonly aei?: string;
  readonly api?: string;
}

const TYPES = [ResourceType.ae, ResourceType.node, ResourceType.container] as const;

function timeOf(timestamp: string | undefined): number | undefined {
  try {
    return timestamp === undefined ? undefined : parseTimestamp(timestamp);
  } catch {
    return undefined;
  }
}

function lastLevel(address = ''): string {
  return address.slice(address.lastIndexOf('/') + 1);
}
