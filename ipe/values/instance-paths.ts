import type { ObjectLink, Path, Registration } from '../../lwm2m/index.ts';
import type { InstancePath, ValuePolicy } from '../../mappings/index.ts';

/** Whatever lists instances: a registration, or the tree that was made for one. */
export type Listing = Pick<Registration, 'objectLinks'>;

/** True where a notification is of one Object Instance, so that its payload is that instance encoded. */
export function isWhole(path: Path | undefined): boolean {
  return path?.instanceId !== undefined && path.resourceId === undefined;
}

/** True for the path of an Object Instance or of something in it. */
export function isInstancePath(path: Path): path is InstancePath {
  return path.instanceId !== undefined;
}

/** True when the Object Instance of a path is among others. */
export function includes(paths: readonly InstancePath[], { objectId, instanceId }: InstancePath): boolean {
  return paths.some((path) => path.objectId === objectId && path.instanceId === instanceId);
}

/** The instances that a device lists and whose values are wanted. */
export function wantedInstances(
  { objectLinks }: Listing,
  policy: (objectId: number) => ValuePolicy,
): readonly InstancePath[] {
  return objectLinks.links.filter((link): link is ObjectLink & InstancePath => {
    if (link.instanceId === undefined) return false;
    const { semantic, transparent } = policy(link.objectId);
    return semantic || transparent;
  });
}
