import type { Path } from '../../lwm2m/index.ts';
import type { ObjectInstance, ObjectTree } from '../object-tree.ts';
import type { ResourceContent, ResourceDefinition, ResourceValue } from '../objects/definition.ts';

const HIGHEST_ID = 65_534;

/** What a path means on the device. */
export interface Target {
  readonly path: Path;
  /** All instances of an object, or the one that is meant. */
  readonly instances: readonly ObjectInstance[];
  readonly resource?: ResourceDefinition;
}

/** The ids of a path as texts; undefined for what is no path. Ids of 65535 are none (LwM2M 1.1 6.1). */
export function pathOfSegments(segments: readonly string[]): Path | undefined {
  if (segments.length < 1 || segments.length > 4 || !segments.every((each) => /^(0|[1-9]\d{0,4})$/.test(each))) {
    return undefined;
  }
  const ids = segments.map(Number);
  return ids.some((id) => id > HIGHEST_ID) ? undefined : pathOf(ids as [number, ...number[]]);
}

/** 1 object, 2 instance, 3 resource, 4 resource instance. */
export function levelOf({ instanceId, resourceId, resourceInstanceId }: Path): number {
  if (resourceInstanceId !== undefined) return 4;
  if (resourceId !== undefined) return 3;
  return instanceId === undefined ? 1 : 2;
}

/** What the path names; undefined where the device has no such thing. Whether a resource has a value is not looked at. */
export function find(tree: ObjectTree, path: Path): Target | undefined {
  const all = tree.instances(path.objectId);
  if (!all || path.instanceId === undefined) return all && { path, instances: all };
  const instance = tree.instance(path.objectId, path.instanceId);
  if (!instance || path.resourceId === undefined) return instance && { path, instances: [instance] };
  const resource = instance.definition.resources.find(({ id }) => id === path.resourceId);
  if (!resource || (path.resourceInstanceId !== undefined && !resource.multiple)) return undefined;
  return { path, instances: [instance], resource };
}

/** Whether a content is the values of a multiple resource. */
export function isMultiple(content: ResourceContent): content is ReadonlyMap<number, ResourceValue> {
  return content instanceof Map;
}

function pathOf([objectId, instanceId, resourceId, resourceInstanceId]: readonly [number, ...number[]]): Path {
  return {
    objectId,
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(resourceId === undefined ? {} : { resourceId }),
    ...(resourceInstanceId === undefined ? {} : { resourceInstanceId }),
  };
}
