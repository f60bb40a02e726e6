import { type CseClient, type CseError, ResourceType, type UpdateAttributes } from '../../cse-client/index.ts';
import type { ObjectLink } from '../../lwm2m/index.ts';
import {
  AE_ATTRIBUTES,
  type AttributeRow,
  CONTAINER_ATTRIBUTES,
  containerContext,
  containerName,
  createAttributes,
  endpointLabel,
  NODE_ATTRIBUTES,
  type ResourceContext,
  renewalAttributes,
  repairAttributes,
} from '../../mappings/index.ts';
import { isAeTaken, isNameTaken, isRefused } from '../cse/refusals.ts';
import type { Undo } from './undo.ts';
import { assertOurs, type Extent, type TreeType, UNANSWERED, write } from './whole-write.ts';

/** One bringing about of a tree: what its resources are made from, where they are, how to take them back. */
export interface Work {
  readonly client: CseClient;
  readonly context: ResourceContext;
  /** Address of the CSEBase that is the parent of AE and node. */
  readonly base: string;
  readonly undo: Undo;
}

/** Address of the endpoint's AE. */
export const aePath = ({ base, context }: Work): string => `${base}/${context.names.resourceName}`;
/** Address of the endpoint's node. */
export const nodePath = ({ base, context }: Work): string => `${base}/${context.names.nodeName}`;

/** Creates the node, or takes over and repairs the one that is there; gives its resource ID. Rejects with CseError. */
export async function ensureNode(work: Work, originator: string | undefined) {
  const path = nodePath(work);
  try {
    const attributes = createAttributes(NODE_ATTRIBUTES, work.context);
    const options = originator === undefined ? {} : { originator };
    const node = await work.undo.track(path, () =>
      work.client.create(ResourceType.node, work.base, attributes, options),
    );
    return node.ri;
  } catch (error) {
    if (!isNameTaken(error)) throw error;
  }
  const existing = await work.client.retrieve(ResourceType.node, path);
  assertOurs(existing.lbl, work.context, path);
  await renewNode(work, 'whole', originator);
  return existing.ri;
}

/**
 * Creates the AE, or takes over and repairs the one that is there: true then. One that is there and cannot be written is
 * made anew. Rejects with IpeError.
 */
export async function ensureAe(work: Work): Promise<boolean> {
  const path = aePath(work);
  const refusal = await createAe(work);
  if (refusal === undefined) return false;
  const existing = await work.client.retrieve(ResourceType.ae, path).catch(async (error: unknown) => {
    if (!isRefused(error, 4004, 4103)) throw error;
    // tinyIoT lets go of an expired AE only when it is addressed, as it just was.
    if ((await createAe(work)) === undefined) return undefined;
    if (!isRefused(error, 4103) || !work.client.dialect.acpiUpdate) throw refusal;
    // It may be ours and have lost our policy: its creator sees it.
    const options = { originator: work.context.names.aeId };
    return work.client.retrieve(ResourceType.ae, path, options).catch(() => Promise.reject(refusal));
  });
  if (existing === undefined) return false;
  assertOurs(existing.lbl, work.context, path);
  try {
    await renewAe(work, 'whole');
    return true;
  } catch (error) {
    if (!isRefused(error, 4004)) throw error;
  }
  // ACME writes none whose node went before it.
  await deleteResource(work.client, path);
  const again = await createAe(work);
  if (again !== undefined) throw again;
  return false;
}

/** The refusal where the AE or its AE-ID is there already. */
async function createAe(work: Work): Promise<CseError | undefined> {
  try {
    const attributes = createAttributes(AE_ATTRIBUTES, work.context);
    const options = { originator: work.context.names.aeId, ...UNANSWERED };
    await work.undo.track(aePath(work), () => work.client.create(ResourceType.ae, work.base, attributes, options));
    return undefined;
  } catch (error) {
    if (!isAeTaken(error)) throw error;
    return error;
  }
}

/** Creates the container of a link, or takes over and repairs the one that is there. Rejects with CseError. */
export async function ensureContainer(work: Work, link: ObjectLink): Promise<void> {
  const context = containerContext(work.context, link);
  const path = `${aePath(work)}/${containerName(link)}`;
  try {
    const attributes = createAttributes(CONTAINER_ATTRIBUTES, context);
    await work.undo.track(path, () => work.client.create(ResourceType.container, aePath(work), attributes, UNANSWERED));
  } catch (error) {
    if (!isNameTaken(error)) throw error;
    const attributes = repairAttributes(CONTAINER_ATTRIBUTES, context);
    await write(work, { ty: ResourceType.container, path, attributes, extent: 'whole' });
  }
}

/** Renews the AE. Rejects with CseError. */
export async function renewAe(work: Work, extent: Extent): Promise<void> {
  const attributes = attributesOf(AE_ATTRIBUTES, work.context, extent);
  const creator = work.context.names.aeId;
  await write(work, { ty: ResourceType.ae, path: aePath(work), attributes, extent, creator });
}

/** Renews the node, which another than the IPE may have created. Rejects with CseError. */
export async function renewNode(work: Work, extent: Extent, creator: string | undefined): Promise<void> {
  const attributes = attributesOf(NODE_ATTRIBUTES, work.context, extent);
  await write(work, { ty: ResourceType.node, path: nodePath(work), attributes, extent, creator });
}

/**
 * Renews the container of a link; one that the CSE has lost is created: true then. One that is `lasting` keeps its
 * expirationTime. Rejects with CseError.
 */
export async function renewContainer(work: Work, link: ObjectLink, extent: Extent, lasting = false): Promise<boolean> {
  const path = `${aePath(work)}/${containerName(link)}`;
  const all = attributesOf(CONTAINER_ATTRIBUTES, containerContext(work.context, link), extent);
  const attributes = lasting ? withoutExpiration(all) : all;
  try {
    await write(work, { ty: ResourceType.container, path, attributes, extent });
    return false;
  } catch (error) {
    if (!isRefused(error, 4004)) throw error;
  }
  await ensureContainer(work, link);
  return true;
}

function withoutExpiration<K extends TreeType>({ et: _, ...others }: UpdateAttributes<K>): UpdateAttributes<K> {
  return others as UpdateAttributes<K>;
}

function attributesOf<K extends TreeType, C extends ResourceContext>(
  rows: readonly AttributeRow<K, C>[],
  context: C,
  extent: Extent,
): UpdateAttributes<K> {
  return extent === 'time' ? renewalAttributes(rows, context) : repairAttributes(rows, context);
}

/** Deletes a resource; one that is gone already counts as deleted. Rejects with CseError. */
export async function deleteResource(client: CseClient, path: string): Promise<void> {
  try {
    await client.delete(path);
  } catch (error) {
    if (!isRefused(error, 4004)) throw error;
  }
}

/** Deletes a container if it carries the endpoint's label; what others put there stays. Rejects with CseError. */
export async function deleteOurs(work: Work, path: string): Promise<void> {
  try {
    const { lbl } = await work.client.retrieve(ResourceType.container, path);
    if (lbl?.includes(endpointLabel(work.context.registration.endpoint))) await work.client.delete(path);
  } catch (error) {
    if (!isRefused(error, 4004)) throw error;
  }
}
