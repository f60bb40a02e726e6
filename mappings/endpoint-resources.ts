import type { CreateAttributes, ResourceMap, UpdateAttributes } from '../cse-client/index.ts';
import type { ObjectLink, Registration } from '../lwm2m/index.ts';
import { containerLabels, endpointLabels, type LabelSettings } from './labels.ts';
import { containerName, type EndpointNames } from './names.ts';
import { objectUrn } from './objects.ts';

/** Everything that the attributes of an endpoint's resources are made from. */
export interface ResourceContext {
  readonly registration: Registration;
  readonly names: EndpointNames;
  readonly labels: LabelSettings;
  /** Text of the expirationTime (TS-0004 6.3.3, m2m:timestamp). */
  readonly expirationTime: string;
  /** Resource ID of the IPE's access control policy, where there is one. */
  readonly accessControlPolicy: string | undefined;
  /** Resource ID of the endpoint's node, where the CSE has nodes and takes the link. */
  readonly nodeLink: string | undefined;
  readonly releaseVersion: string;
  /** The CSE keeps `hael` of a node from `nl` of its AEs. */
  readonly hostedAeLinksKept: boolean;
  /** The CSE takes `or` on a container. */
  readonly containerOntologyRef: boolean;
}

/** What the node of a device is made from: less than the rest, so that one that is only bootstrapped can have it. */
export type NodeContext = Pick<
  ResourceContext,
  'names' | 'labels' | 'expirationTime' | 'accessControlPolicy' | 'hostedAeLinksKept'
> & { readonly registration: Pick<Registration, 'endpoint' | 'version'> };

/** What the container of an object or object instance is made from. */
export interface ContainerContext extends ResourceContext {
  readonly link: ObjectLink;
}

/** The context of one link's container. Each field is named: spreading them showed in CPU profiles of Registers. */
export function containerContext(context: ResourceContext, link: ObjectLink): ContainerContext {
  const { registration, names, labels, expirationTime, accessControlPolicy, nodeLink, releaseVersion } = context;
  const { hostedAeLinksKept, containerOntologyRef } = context;
  return {
    registration,
    names,
    labels,
    expirationTime,
    accessControlPolicy,
    nodeLink,
    releaseVersion,
    hostedAeLinksKept,
    containerOntologyRef,
    link,
  };
}

/** One attribute of a resource: which LwM2M fact it carries, where that is written, when it is sent. */
export interface AttributeRow<K extends keyof ResourceMap, C> {
  readonly attribute: keyof ResourceMap[K] & string;
  readonly from: string;
  readonly clause: string;
  /** `create`: sent once; `always`: sent again with each renewal. */
  readonly sent: 'create' | 'always';
  /** undefined leaves the attribute out. */
  readonly value: (context: C) => unknown;
}

/** App-ID of the AEs of endpoints; the leading `N` marks one that no authority registered (TS-0001 7.1.3). */
export const ENDPOINT_APP_ID = 'Nlwm2m';

const expirationTime = {
  attribute: 'et',
  from: 'Lifetime',
  sent: 'always',
  value: (c: NodeContext) => c.expirationTime,
} as const;
const accessControl = {
  attribute: 'acpi',
  from: 'configuration',
  clause: 'TS-0001 9.6.1.3.2',
  sent: 'create',
  value: (c: NodeContext) => (c.accessControlPolicy === undefined ? undefined : [c.accessControlPolicy]),
} as const;
const versionLabels = {
  attribute: 'lbl',
  from: 'LWM2M Version',
  clause: 'TS-0014 table 6.2.2.2-3',
  sent: 'create',
  value: (c: NodeContext) => endpointLabels(c.registration.endpoint, c.registration.version, c.labels),
} as const;

/** Attributes of the node of a device (TS-0014 table 6.2.2.2-3). Binding Mode and SMS Number have none. */
export const NODE_ATTRIBUTES: readonly AttributeRow<14, NodeContext>[] = [
  {
    attribute: 'rn',
    from: 'Endpoint Client Name',
    clause: 'TS-0014 table 6.2.2.2-3',
    sent: 'create',
    value: (c) => c.names.nodeName,
  },
  {
    attribute: 'ni',
    from: 'Endpoint Client Name',
    clause: 'TS-0014 6.2.2.1',
    sent: 'create',
    value: (c) => withoutUrn(c.registration.endpoint),
  },
  {
    attribute: 'hael',
    from: 'Endpoint Client Name',
    clause: 'TS-0014 6.2.2.1, TS-0001 9.6.18',
    sent: 'create',
    value: (c) => (c.hostedAeLinksKept ? undefined : [c.names.aeId]),
  },
  { ...versionLabels },
  { ...expirationTime, clause: 'TS-0014 table 6.2.2.2-3' },
  accessControl,
];

/** Attributes of the AE of an endpoint (TS-0014 table 6.2.2.2-3); the AE-ID is the originator of its CREATE. */
export const AE_ATTRIBUTES: readonly AttributeRow<2, ResourceContext>[] = [
  {
    attribute: 'rn',
    from: 'Endpoint Client Name',
    clause: 'TS-0014 table 6.2.2.2-3',
    sent: 'create',
    value: (c) => c.names.resourceName,
  },
  { attribute: 'api', from: 'none', clause: 'TS-0001 7.1.3', sent: 'create', value: () => ENDPOINT_APP_ID },
  {
    attribute: 'apn',
    from: 'Endpoint Client Name',
    clause: 'TS-0014 6.2.2.1',
    sent: 'create',
    value: (c) => c.registration.endpoint,
  },
  { attribute: 'rr', from: 'none', clause: 'TS-0001 9.6.5', sent: 'create', value: () => false },
  {
    attribute: 'srv',
    from: 'configuration',
    clause: 'TS-0001 9.6.5',
    sent: 'create',
    value: (c) => [c.releaseVersion],
  },
  {
    attribute: 'nl',
    from: 'Endpoint Client Name',
    clause: 'TS-0014 6.2.2.1, TS-0001 9.6.5',
    sent: 'create',
    value: (c) => c.nodeLink,
  },
  { ...versionLabels },
  { ...expirationTime, clause: 'TS-0014 table 6.2.2.2-3' },
  accessControl,
];

/** Attributes of the container of an object or object instance (TS-0014 6.3.2, table 6.3.2.2-3). */
export const CONTAINER_ATTRIBUTES: readonly AttributeRow<3, ContainerContext>[] = [
  {
    attribute: 'rn',
    from: 'Resource Links',
    clause: 'TS-0014 6.3.2.1',
    sent: 'create',
    value: (c) => containerName(c.link),
  },
  {
    attribute: 'lbl',
    from: 'Resource Links',
    clause: 'TS-0014 6.3.2',
    sent: 'create',
    value: (c) => containerLabels(c.registration.endpoint, c.link, c.registration.objectLinks, c.labels),
  },
  {
    attribute: 'or',
    from: 'Resource Links',
    clause: 'TS-0014 6.3.2',
    sent: 'create',
    value: (c) => (c.containerOntologyRef ? objectUrn(c.link.objectId) : undefined),
  },
  { ...expirationTime, clause: 'TS-0014 table 6.3.2.2-3' },
  accessControl,
];

/** Attributes for a CREATE: every row that has a value. */
export function createAttributes<K extends keyof ResourceMap, C>(
  rows: readonly AttributeRow<K, C>[],
  context: C,
): CreateAttributes<K> {
  return pick(rows, context) as CreateAttributes<K>;
}

/** Attributes for a renewal: the rows that are always sent. */
export function renewalAttributes<K extends keyof ResourceMap, C>(
  rows: readonly AttributeRow<K, C>[],
  context: C,
): UpdateAttributes<K> {
  return pick(rows, context, (row) => row.sent === 'always') as UpdateAttributes<K>;
}

/** Attributes that make an existing resource what a CREATE would have made: all but name, identity and access. */
export function repairAttributes<K extends keyof ResourceMap, C>(
  rows: readonly AttributeRow<K, C>[],
  context: C,
): UpdateAttributes<K> {
  return pick(rows, context, (row) => REPAIRED.has(row.attribute)) as UpdateAttributes<K>;
}

/**
 * `nl` of an AE is among them, since a node that was lost comes back under another resource ID; `hael` of a node, since it
 * may be older than the AE.
 */
const REPAIRED: ReadonlySet<string> = new Set(['lbl', 'et', 'or', 'nl', 'hael']);

function pick<K extends keyof ResourceMap, C>(
  rows: readonly AttributeRow<K, C>[],
  context: C,
  wanted?: (row: AttributeRow<K, C>) => boolean,
): Record<string, unknown> {
  const attributes: Record<string, unknown> = {};
  for (const row of rows) {
    if (wanted?.(row) === false) continue;
    const value = row.value(context);
    if (value !== undefined) attributes[row.attribute] = value;
  }
  return attributes;
}

function withoutUrn(endpoint: string): string {
  return endpoint.startsWith('urn:') ? endpoint.slice(4) : endpoint;
}
