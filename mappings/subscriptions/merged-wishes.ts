import type { InstancePath } from '../values/value-containers.ts';
import { conditionsContradict, type NotificationWish, type WishName } from './notification-wish.ts';

/** How an attribute of several subscriptions becomes one. */
interface MergeRule {
  readonly name: WishName;
  /** Whose wish it must be, so that nobody gets less than without it. */
  readonly askedBy: 'all' | 'one' | 'one, and all ask some of gt, lt and st';
  /** Of several values. */
  readonly takes: 'the least' | 'the one, where all are the same';
}

/**
 * A server has one set of attributes for a path (LwM2M 1.1 5.1.2). Each application is to get at least what it asked for:
 * a bound that keeps notifications back (pmin, and gt, lt, st, which keep back all changes but those they name) needs all
 * of them, one that brings them (pmax) only one. The device notifies when gt or lt or st is met, so that different
 * ones of these add up; where two values of one differ, or what adds up contradicts itself, all three are left out.
 */
export const MERGE_RULES: readonly MergeRule[] = [
  { name: 'pmin', askedBy: 'all', takes: 'the least' },
  { name: 'pmax', askedBy: 'one', takes: 'the least' },
  { name: 'gt', askedBy: 'one, and all ask some of gt, lt and st', takes: 'the one, where all are the same' },
  { name: 'lt', askedBy: 'one, and all ask some of gt, lt and st', takes: 'the one, where all are the same' },
  { name: 'st', askedBy: 'one, and all ask some of gt, lt and st', takes: 'the least' },
];

/** The one wish that gives each of these at least what it asked for. */
export function mergeWishes(wishes: readonly NotificationWish[]): NotificationWish {
  const conditional = wishes.every(({ gt, lt, st }) => gt !== undefined || lt !== undefined || st !== undefined);
  const merged: Partial<Record<WishName, number>> = {};
  let conditions = conditional;
  for (const { name, askedBy, takes } of MERGE_RULES) {
    const asked = wishes.flatMap((wish) => wish[name] ?? []);
    if (asked.length === 0 || (askedBy === 'all' && asked.length < wishes.length)) continue;
    if (takes === 'the one, where all are the same' && new Set(asked).size > 1) conditions = false;
    merged[name] = Math.min(...asked);
  }
  if (conditions && !conditionsContradict(merged)) return merged;
  return withoutConditions(merged);
}

/** What applications wish of one path. */
export interface PathWish {
  readonly path: InstancePath;
  readonly wish: NotificationWish;
}

/**
 * The wishes to be given to a device, one a path. What is asked within a path that is asked as well goes into that one:
 * else a value would be notified twice. Only a single resource has gt, lt and st; LwM2M 1.0 has nothing below a resource.
 */
export function mergePathWishes(asked: readonly PathWish[], version: string): PathWish[] {
  const reachable = asked.map(({ path, wish }) => ({ path: reachablePath(path, version), wish }));
  const keys = new Set(reachable.map(({ path }) => pathKey(path)));
  const groups = new Map<string, { readonly path: InstancePath; readonly wishes: NotificationWish[] }>();
  for (const { path, wish } of reachable) {
    const top = ancestors(path).find((ancestor) => keys.has(pathKey(ancestor))) as InstancePath;
    const key = pathKey(top);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { path: top, wishes: [wish] });
    else group.wishes.push(wish);
  }
  return [...groups.values()].map(({ path, wishes }) => {
    const wish = mergeWishes(wishes);
    return { path, wish: path.resourceId === undefined ? withoutConditions(wish) : wish };
  });
}

/** Two paths are the same where their keys are. */
export function pathKey({ objectId, instanceId, resourceId, resourceInstanceId }: InstancePath): string {
  return [objectId, instanceId, resourceId, resourceInstanceId].filter((part) => part !== undefined).join('/');
}

function withoutConditions({ gt: _gt, lt: _lt, st: _st, ...timing }: NotificationWish): NotificationWish {
  return timing;
}

function reachablePath(path: InstancePath, version: string): InstancePath {
  const { resourceInstanceId: _, ...resource } = path;
  return version === '1.0' ? resource : path;
}

/** From the instance down to the path itself. */
function ancestors({ objectId, instanceId, resourceId, resourceInstanceId }: InstancePath): InstancePath[] {
  const paths: InstancePath[] = [{ objectId, instanceId }];
  if (resourceId !== undefined) paths.push({ objectId, instanceId, resourceId });
  if (resourceId !== undefined && resourceInstanceId !== undefined) {
    paths.push({ objectId, instanceId, resourceId, resourceInstanceId });
  }
  return paths;
}
