import { type Container, type CseClient, CseError, ResourceType } from '../../cse-client/index.ts';
import { type ObjectLink, type Registration, registrationMark } from '../../lwm2m/index.ts';
import {
  CONTAINER_ATTRIBUTES,
  containerName,
  createAttributes,
  type DirectCommandKind,
  directCommandKind,
  type InstancePath,
  pathOfValueContainer,
  valueContainerAttributes,
  valueContainerPath,
  valueContainerRepair,
} from '../../mappings/index.ts';
import type { Followed } from '../bridge/endpoint-tree.ts';
import { isNameTaken, isRefused } from '../cse/refusals.ts';
import { ORDER_OF_SERVICE } from '../load/order-of-service.ts';
import type { ContainerListener, ValueParts, ValueSettings } from './parts.ts';
import type { SharedTexts } from './shared-texts.ts';

/** A device as it is followed at this moment. */
export interface FollowedDevice {
  readonly followed: Followed;
  /** Its registration has ended; the tree stays until the CSE has what waits. */
  readonly isDeparting?: boolean;
  /** A container and all below it is gone from the CSE, or all containers. */
  gone(container: string | undefined): void;
  /** A container was gone without anybody noticing, with the values in it, and is there again. */
  refilled(container: string, path: InstancePath): void;
}

/** What the value containers of all endpoints share. */
export interface ContainerShares {
  readonly parts: ValueParts;
  readonly settings: ValueSettings;
  readonly listener: ContainerListener;
  readonly names: SharedTexts;
}

/** A container as it stands: its expirationTime where the CSE tells, and whether it was there before. */
export interface Made {
  readonly et: string | undefined;
  readonly isNew: boolean;
}

/** The CSE, asked on behalf of a device. */
export function clientOf({ parts }: ContainerShares, { followed, isDeparting }: FollowedDevice): CseClient {
  const client = parts.client.correlated(registrationMark(followed.registration.id));
  return isDeparting === true ? client.withPriority(ORDER_OF_SERVICE['last-value']) : client;
}

/** Address of the AE of an endpoint. */
export function aeAddress({ settings }: ContainerShares, { followed }: FollowedDevice): string {
  return `${settings.base}/${followed.tree.names.resourceName}`;
}

/** True for the container of an object or instance that the device lists, which the bridge keeps. */
export function isListed(device: FollowedDevice, instance: string): boolean {
  return linkOf(device, instance) !== undefined;
}

function linkOf({ followed }: FollowedDevice, instance: string): ObjectLink | undefined {
  return followed.registration.objectLinks.links.find((link) => containerName(link) === instance);
}

/**
 * Makes a value container, or puts right the one that is there; that of the instance, too, where the device has not listed
 * it and the container is still `wanted`. Rejects with CseError.
 */
export async function createContainer(
  shares: ContainerShares,
  device: FollowedDevice,
  path: InstancePath,
  expirationTime: string,
  wanted: () => boolean,
): Promise<Made> {
  const client = clientOf(shares, device);
  const { cse, models } = shares.parts;
  const { registration } = device.followed;
  const { links } = registration.objectLinks;
  const version = links.find(({ objectId }) => objectId === path.objectId)?.version;
  const definition = models().find(path.objectId, version, registration.version);
  const accessControlPolicies = await policiesOf(shares, registration, path, directCommandKind(path, definition));
  const context = {
    endpoint: registration.endpoint,
    labels: shares.settings.labels,
    accessControlPolicies,
    expirationTime,
    maxInstances: shares.settings.maxInstances,
    definition,
  };
  const address = `${aeAddress(shares, device)}/${valueContainerPath(path)}`;
  // An instance container is the bridge's: only what its contentInstances need is ours.
  if (path.resourceId === undefined) {
    return { et: await convert(shares, device, address, path, expirationTime, accessControlPolicies), isNew: false };
  }
  const parent = address.slice(0, address.lastIndexOf('/'));
  try {
    const created = await client.create(ResourceType.container, parent, valueContainerAttributes(path, context));
    return { et: created.et, isNew: true };
  } catch (error) {
    if (!isNameTaken(error)) {
      if (!isRefused(error, 4004) || isListed(device, containerName(path)) || !wanted()) throw error;
      await createInstance(shares, device, path, expirationTime);
      return createContainer(shares, device, path, expirationTime, wanted);
    }
  }
  const repaired = await client.update(ResourceType.container, address, valueContainerRepair(path, context));
  await admit({ client, cse }, address, repaired, accessControlPolicies);
  return { et: repaired?.et, isNew: false };
}

/** Makes an instance container one that holds values itself; gives its expirationTime as it stands. */
async function convert(
  shares: ContainerShares,
  device: FollowedDevice,
  address: string,
  path: InstancePath,
  et: string,
  policies: readonly string[],
): Promise<string | undefined> {
  const client = clientOf(shares, device);
  const { cse } = shares.parts;
  const { childExpirationCutToParent, acpiUpdate } = cse().dialect;
  const mni = shares.settings.maxInstances;
  const existing = await client.retrieve(ResourceType.container, address).catch((error: unknown) => {
    if (!isRefused(error, 4004) || isListed(device, containerName(path))) throw error;
  });
  // ACME lets `la` go at the time that its container had when it was created: only a new one keeps it.
  const cut = childExpirationCutToParent && existing?.mni === undefined;
  const closed = !acpiUpdate && existing?.acpi !== undefined && !hasPolicies(existing.acpi, policies);
  const outgrown = existing !== undefined && (cut || closed);
  if (outgrown) await client.delete(address);
  if (outgrown || existing === undefined) await createInstance(shares, device, path, et, policies);
  else await admit({ client, cse }, address, existing, policies);
  return (await client.update(ResourceType.container, address, { mni, et }))?.et;
}

/** The container of an instance, as the bridge makes it for those that the device lists. Rejects with CseError. */
export async function createInstance(
  shares: ContainerShares,
  device: FollowedDevice,
  { objectId, instanceId }: InstancePath,
  expirationTime: string,
  policies?: readonly string[],
): Promise<void> {
  const client = clientOf(shares, device);
  const { cse } = shares.parts;
  const { registration, tree } = device.followed;
  const { accessControlPolicy, dialect } = cse();
  const { hostedAeLinksKept, containerOntologyRef } = dialect;
  const context = {
    registration,
    names: tree.names,
    labels: shares.settings.labels,
    expirationTime,
    accessControlPolicy,
    nodeLink: undefined,
    releaseVersion: '',
    hostedAeLinksKept,
    containerOntologyRef,
    link: linkOf(device, containerName({ objectId, instanceId })) ?? { objectId, instanceId },
  };
  const acpi = policies ?? (await policiesOf(shares, registration, { objectId, instanceId }, undefined));
  try {
    const attributes = createAttributes(CONTAINER_ATTRIBUTES, context);
    await client.create(ResourceType.container, aeAddress(shares, device), { ...attributes, acpi });
  } catch (error) {
    if (!isNameTaken(error)) throw error;
  }
}

async function policiesOf(
  { parts }: ContainerShares,
  { endpoint }: Registration,
  path: InstancePath,
  kind: DirectCommandKind | undefined,
): Promise<readonly string[]> {
  return (await parts.policiesOf?.(endpoint, path, kind)) ?? [parts.cse().accessControlPolicy];
}

/**
 * Gives a container that stood there the policies that it shall have and no others, where the CSE lets us; else it keeps
 * those it has. Rejects with CseError.
 */
export async function admit(
  { client, cse }: Pick<ValueParts, 'client' | 'cse'>,
  address: string,
  { acpi }: Pick<Container, 'acpi'> = {},
  policies: readonly string[],
): Promise<void> {
  const same = acpi === undefined || (acpi.length === policies.length && hasPolicies(acpi, policies));
  if (same || !cse().dialect.acpiUpdate) return;
  await client.update(ResourceType.container, address, { acpi: policies });
}

/** Some CSEs name policies by their addresses. */
function hasPolicies(acpi: readonly string[], policies: readonly string[]): boolean {
  return policies.every((policy) => acpi.some((one) => one.split('/').at(-1) === policy.split('/').at(-1)));
}

/**
 * The containers below an AE that stand there for something of a device, with their names. None where the CSE does not let
 * us ask. Rejects with CseError when it cannot be asked now.
 */
export async function standing(
  { client }: Pick<ValueParts, 'client'>,
  ae: string,
): Promise<ReadonlyMap<string, InstancePath>> {
  const addresses = await client.discover(ae, { ty: [ResourceType.container] }).catch((error: unknown) => {
    if (error instanceof CseError && error.rsc !== undefined && !error.retryable) return [];
    throw error;
  });
  // However far up an address begins, what it names below the AE is its end.
  const below = `/${ae.split('/').at(-1)}/`;
  const found = new Map<string, InstancePath>();
  for (const address of addresses) {
    const name = address.slice(address.indexOf(below) + below.length);
    const path = address.includes(below) ? pathOfValueContainer(name) : undefined;
    if (path !== undefined) found.set(name, path);
  }
  return found;
}

/** Containers of the same instance one after the other, each behind those that it stands in, the instance's own first. */
export function byInstance(wanted: ReadonlyMap<string, InstancePath>): [string, InstancePath][] {
  const groups = new Map<string, [string, InstancePath][]>();
  for (const entry of wanted) {
    const name = containerName(entry[1]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [entry]);
    else if (entry[1].resourceId === undefined) group.unshift(entry);
    else group.push(entry);
  }
  return [...groups.values()].flat();
}
