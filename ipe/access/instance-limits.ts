import type { Node, Operation, Path } from '../../lwm2m/index.ts';

/** What one server may do with an Object Instance (LwM2M 1.1 E.3, resource 2). */
export interface InstanceLimits {
  /** Read, Observe and Write-Attributes. */
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
  readonly delete: boolean;
  /** Of the object's instances; only where the instance is 65535. */
  readonly create: boolean;
}

/** By `3303/0`; `3303/65535` says who creates instances. What is not there is not limited by what was read. */
export type DeviceLimits = ReadonlyMap<string, InstanceLimits>;

const ACCESS_CONTROL_OBJECT = 2;
const RESOURCE = { objectId: 0, instanceId: 1, list: 2, owner: 3 } as const;
/** Bits of an entry of the list (LwM2M 1.1 E.3). */
const RIGHT = { read: 1, write: 2, execute: 4, delete: 8, create: 16 } as const;
const ALL = 31;
/** Entry of the list for servers that have none of their own. */
const DEFAULT_ENTRY = 0;
/** Stands for the object as a whole: who may create instances. */
const WHOLE_OBJECT = 65_535;
/** More instances of object 2 than a device has instances would be an attack. */
const MOST_INSTANCES = 10_000;

interface Entry {
  objectId?: number;
  instanceId?: number;
  owner?: number;
  readonly list: Map<number, number>;
}

/**
 * What a server may do, from all instances of object 2 (LwM2M 1.1 8.2.1): its own entry, else everything where it is the owner,
 * else the default entry, else nothing. What is incomplete counts for nothing.
 */
export function limitsOf(nodes: readonly Node[], shortServerId: number): DeviceLimits {
  const limits = new Map<string, InstanceLimits>();
  for (const { objectId, instanceId, owner, list } of entriesOf(nodes)) {
    if (objectId === undefined || instanceId === undefined) continue;
    const rights = list.get(shortServerId) ?? (owner === shortServerId ? ALL : (list.get(DEFAULT_ENTRY) ?? 0));
    limits.set(`${objectId}/${instanceId}`, {
      read: (rights & RIGHT.read) !== 0,
      write: (rights & RIGHT.write) !== 0,
      execute: (rights & RIGHT.execute) !== 0,
      delete: (rights & RIGHT.delete) !== 0,
      create: (rights & RIGHT.create) !== 0,
    });
  }
  return limits;
}

/** The limits of the Object Instance of a path. */
export function limitsAt(limits: DeviceLimits | undefined, { objectId, instanceId }: Path): InstanceLimits | undefined {
  return instanceId === undefined ? undefined : limits?.get(`${objectId}/${instanceId}`);
}

/**
 * Why an operation is not put to the device; undefined where nothing speaks against it. Operations on a whole object, and
 * composite ones that read, are left to the device, which answers with what the server may see.
 */
export function refusalBy(limits: DeviceLimits | undefined, operation: Operation): string | undefined {
  if (limits === undefined) return undefined;
  const denied = (path: Path, right: keyof InstanceLimits) =>
    limitsAt(limits, path)?.[right] === false
      ? `the Access Control object of the device does not let this server ${right} there`
      : undefined;
  switch (operation.type) {
    case 'read':
    case 'observe':
    case 'write-attributes':
      return denied(operation.path, 'read');
    case 'write':
    case 'execute':
    case 'delete':
      return denied(operation.path, operation.type);
    case 'create':
      return denied({ objectId: operation.path.objectId, instanceId: WHOLE_OBJECT }, 'create');
    case 'write-composite':
      return operation.nodes.map(({ path }) => denied(path, 'write')).find((reason) => reason !== undefined);
    default:
      return undefined;
  }
}

/** The Short Server ID (1/x/0) where exactly one Server instance was read: the others are not ours to read. */
export function shortServerIdOf(nodes: readonly Node[]): number | undefined {
  const ids = nodes.filter(({ path }) => path.objectId === 1 && path.resourceId === 0).map(({ value }) => value);
  return ids.length === 1 && typeof ids[0] === 'number' ? ids[0] : undefined;
}

function entriesOf(nodes: readonly Node[]): Iterable<Entry> {
  const entries = new Map<number, Entry>();
  for (const { path, value } of nodes) {
    const { objectId, instanceId, resourceId, resourceInstanceId } = path;
    if (objectId !== ACCESS_CONTROL_OBJECT || instanceId === undefined || typeof value !== 'number') continue;
    const entry: Entry = entries.get(instanceId) ?? { list: new Map() };
    if (!entries.has(instanceId) && entries.size >= MOST_INSTANCES) continue;
    entries.set(instanceId, entry);
    if (resourceId === RESOURCE.objectId) entry.objectId = value;
    else if (resourceId === RESOURCE.instanceId) entry.instanceId = value;
    else if (resourceId === RESOURCE.owner) entry.owner = value;
    else if (resourceId === RESOURCE.list && resourceInstanceId !== undefined)
      entry.list.set(resourceInstanceId, value);
  }
  return entries.values();
}
