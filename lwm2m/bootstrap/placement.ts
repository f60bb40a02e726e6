import { IpeError } from '../../common/index.ts';
import type { Node } from '../content/value.ts';
import { HIGHEST_ID, type Path } from '../model/path.ts';
import type { Lwm2mVersion } from '../registration/registration.ts';
import type { DiscoveredAccounts, DiscoveredInstance } from './discovered-accounts.ts';
import type { BootstrapOperation } from './operation.ts';
import type { BootstrapPlan, DeletionTarget, PlannedInstance, PlannedResource } from './plan.ts';

const SECURITY = 0;
const DEVICE = 3;

/** The operations of a plan for a client of which this is known; what it has is undefined where it cannot tell. */
export function placedOperations(
  plan: BootstrapPlan,
  accounts: DiscoveredAccounts | undefined,
  version: Lwm2mVersion,
): BootstrapOperation[] {
  const { reads = [], deletes, instances } = plan;
  return [
    ...reads.map((path) => ({ type: 'read', path }) as const),
    ...deletes.flatMap((target) => deletions(target, accounts)),
    ...placedInstances(instances, deletes, accounts, version),
    { type: 'finish' },
  ];
}

/** The Object Instances of a plan with their paths, for a client that is asked nothing, as by Bootstrap-Pack (LwM2M 1.2). */
export function placedNodes(plan: BootstrapPlan, version: Lwm2mVersion): Node[] {
  return placedInstances(plan.instances, plan.deletes, undefined, version).flatMap(({ nodes }) => nodes);
}

/** An account of the Bootstrap-Server has no Short Server ID (LwM2M 1.1 6.1.7.2). */
function isBootstrapAccount({ objectId, shortServerId }: DiscoveredInstance): boolean {
  return objectId === SECURITY && shortServerId === undefined;
}

/**
 * Deleting `/` spares the account of the Bootstrap-Server and Object 3 (LwM2M 1.1 6.1.7.6). Clients differ in what
 * deleting `/0` spares, so its instances are named one by one where they are known.
 */
function deletions(target: DeletionTarget, accounts: DiscoveredAccounts | undefined): BootstrapOperation[] {
  if (target === '/' || target.objectId !== SECURITY || accounts === undefined) return [{ type: 'delete', target }];
  return accounts.instances
    .filter((instance) => covers(target, instance) && !isBootstrapAccount(instance))
    .map(({ objectId, instanceId }) => ({ type: 'delete', target: { objectId, instanceId } }));
}

function covers(target: DeletionTarget, instance: DiscoveredInstance): boolean {
  if (target === '/') return instance.objectId !== DEVICE;
  return (
    target.objectId === instance.objectId &&
    (target.instanceId === undefined || target.instanceId === instance.instanceId)
  );
}

function placedInstances(
  planned: readonly PlannedInstance[],
  deletes: readonly DeletionTarget[],
  accounts: DiscoveredAccounts | undefined,
  version: Lwm2mVersion,
): (BootstrapOperation & { type: 'write' })[] {
  const present = accounts?.instances ?? [];
  const kept = present.filter((one) => isBootstrapAccount(one) || !deletes.some((target) => covers(target, one)));
  const taken = new Set(kept.map(keyOf));
  // Where the account of the Bootstrap-Server is unknown, it is where most clients have it.
  if (accounts === undefined) taken.add(keyOf({ objectId: SECURITY, instanceId: 0 }));
  const bootstrap = new Set(accounts === undefined ? [] : present.filter(isBootstrapAccount).map(keyOf));
  return planned.map((instance) => {
    const { objectId } = instance;
    const instanceId = chosen(instance, kept, bootstrap) ?? free(objectId, taken, planned);
    taken.add(keyOf({ objectId, instanceId }));
    return { type: 'write', path: { objectId, instanceId }, nodes: nodes(instance, { objectId, instanceId }, version) };
  });
}

/** The instance that is named, or the one of the same account; undefined where any will do. */
function chosen(
  { objectId, instanceId, shortServerId }: PlannedInstance,
  kept: readonly DiscoveredInstance[],
  bootstrap: ReadonlySet<string>,
): number | undefined {
  if (instanceId !== undefined) return bootstrap.has(keyOf({ objectId, instanceId })) ? undefined : instanceId;
  if (shortServerId === undefined) return undefined;
  return kept.find((one) => one.objectId === objectId && one.shortServerId === shortServerId)?.instanceId;
}

function free(objectId: number, taken: ReadonlySet<string>, planned: readonly PlannedInstance[]): number {
  const named = new Set(planned.filter((one) => one.objectId === objectId).map((one) => one.instanceId));
  for (let instanceId = 0; instanceId <= HIGHEST_ID; instanceId += 1) {
    if (!taken.has(keyOf({ objectId, instanceId })) && !named.has(instanceId)) return instanceId;
  }
  throw new IpeError('lwm2m/bootstrap-instances', `every instance of object ${objectId} is taken`);
}

function nodes({ resources }: PlannedInstance, path: Path, version: Lwm2mVersion): Node[] {
  return resources
    .filter((resource) => belongs(resource, version))
    .map(({ resourceId, resourceInstanceId, value }) => ({
      path: { ...path, resourceId, ...(resourceInstanceId === undefined ? undefined : { resourceInstanceId }) },
      value,
    }));
}

function belongs({ since, until }: PlannedResource, version: Lwm2mVersion): boolean {
  return (since === undefined || since <= version) && (until === undefined || version <= until);
}

function keyOf({ objectId, instanceId }: Pick<DiscoveredInstance, 'objectId' | 'instanceId'>): string {
  return `${objectId}/${instanceId}`;
}
