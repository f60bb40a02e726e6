import { HIGHEST_ID, type Path } from '../model/path.ts';

const SLASH = 0x2f;
const ZERO = 0x30;

/** How many levels a path has: 1 object, 2 instance, 3 resource, 4 resource instance. */
export function levels(path: Path): number {
  if (path.resourceInstanceId !== undefined) return 4;
  if (path.resourceId !== undefined) return 3;
  return path.instanceId === undefined ? 1 : 2;
}

/** The path of these ids, of which the first `count` (1 to 4) are meant. */
export function pathOfIds(ids: readonly number[], count: number): Path {
  const objectId = ids[0] as number;
  if (count === 1) return { objectId };
  const instanceId = ids[1] as number;
  if (count === 2) return { objectId, instanceId };
  const resourceId = ids[2] as number;
  if (count === 3) return { objectId, instanceId, resourceId };
  return { objectId, instanceId, resourceId, resourceInstanceId: ids[3] as number };
}

/** The ids of a path, from the object down. */
export function idsOfPath(path: Path): number[] {
  const ids = [path.objectId];
  if (path.instanceId === undefined) return ids;
  ids.push(path.instanceId);
  if (path.resourceId === undefined) return ids;
  ids.push(path.resourceId);
  if (path.resourceInstanceId !== undefined) ids.push(path.resourceInstanceId);
  return ids;
}

/** How many levels two paths of resources or resource instances share, from the object down. */
export function sharedLevels(a: Path, b: Path): number {
  if (a.objectId !== b.objectId) return 0;
  if (a.instanceId !== b.instanceId) return 1;
  if (a.resourceId !== b.resourceId) return 2;
  return a.resourceInstanceId === b.resourceInstanceId ? levels(a) : 3;
}

/** The ids of the path of a resource or resource instance below its first levels, such as `0/5700`. */
export function nameBelow(path: Path, level: number): string {
  const { resourceInstanceId } = path;
  if (level === 3) return `${resourceInstanceId}`;
  const resource = resourceInstanceId === undefined ? `${path.resourceId}` : `${path.resourceId}/${resourceInstanceId}`;
  if (level === 2) return resource;
  return level === 1 ? `${path.instanceId}/${resource}` : `${path.objectId}/${path.instanceId}/${resource}`;
}

/** True when `path` is `base` or below it; every path is below the root. */
export function isInside(path: Path, base: Path | undefined): boolean {
  if (base === undefined) return true;
  if (path.objectId !== base.objectId) return false;
  if (base.instanceId === undefined) return true;
  if (path.instanceId !== base.instanceId) return false;
  if (base.resourceId === undefined) return true;
  if (path.resourceId !== base.resourceId) return false;
  return base.resourceInstanceId === undefined || path.resourceInstanceId === base.resourceInstanceId;
}

/** Order of two paths by their ids; a missing level comes first. */
export function comparePaths(a: Path, b: Path): number {
  return (
    a.objectId - b.objectId ||
    (a.instanceId ?? -1) - (b.instanceId ?? -1) ||
    (a.resourceId ?? -1) - (b.resourceId ?? -1) ||
    (a.resourceInstanceId ?? -1) - (b.resourceInstanceId ?? -1)
  );
}

/** The path that a name spells, with or without a first or last slash; undefined when it is none. */
export function pathOfName(name: string): Path | undefined {
  let end = name.length;
  if (end > 1 && name.charCodeAt(end - 1) === SLASH) end--;
  let at = name.charCodeAt(0) === SLASH ? 1 : 0;
  let count = 0;
  let objectId = 0;
  let instanceId = 0;
  let resourceId = 0;
  while (at < end) {
    const start = at;
    let id = 0;
    for (; at < end; at++) {
      const code = name.charCodeAt(at);
      if (code === SLASH) break;
      const digit = code - ZERO;
      if (digit < 0 || digit > 9) return undefined;
      id = id * 10 + digit;
      if (id > HIGHEST_ID) return undefined;
    }
    if (at === start || (at - start > 1 && name.charCodeAt(start) === ZERO)) return undefined;
    if (at < end && ++at === end) return undefined;
    count++;
    if (count === 1) objectId = id;
    else if (count === 2) instanceId = id;
    else if (count === 3) resourceId = id;
    else return at < end ? undefined : { objectId, instanceId, resourceId, resourceInstanceId: id };
  }
  if (count === 3) return { objectId, instanceId, resourceId };
  if (count === 2) return { objectId, instanceId };
  return count === 1 ? { objectId } : undefined;
}

/** The path that a name spells below a base; undefined when it is none. */
export function pathOfNames(base: Path, name: string): Path | undefined {
  const below = name === '' ? '' : `/${name}`;
  return pathOfName(`/${idsOfPath(base).join('/')}${below}`);
}
