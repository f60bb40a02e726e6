import type { Path } from '../../lwm2m/index.ts';
import type { InstancePath } from '../../mappings/index.ts';

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
