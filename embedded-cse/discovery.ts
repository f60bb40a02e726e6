import type { FilterCriteria } from '../cse-client/index.ts';
import type { Permission } from './access.ts';
import { timestampOf } from './attribute-values.ts';
import type { Context } from './context.ts';
import type { Resource } from './resource.ts';
import { VIRTUAL_NAMES } from './resource-tree.ts';
import { matchesWildcard } from './wildcard.ts';

type Condition = (resource: Resource) => boolean;

/** What a discovery found; `next` is the offset to go on with where a limit cut it short. */
export interface Found {
  readonly resources: readonly Resource[];
  readonly next: number | undefined;
}

/** Resources below `root` that meet the criteria and that the originator may see (TS-0004 7.3.3.17). */
export function discover(
  context: Context,
  root: Resource,
  originator: string,
  criteria: FilterCriteria,
  permission: Permission,
): Found {
  const conditions = conditionsOf(context, criteria);
  const matches = (resource: Resource) =>
    criteria.fo === 2
      ? conditions.some((condition) => condition(resource))
      : conditions.every((condition) => condition(resource));
  const sees = (resource: Resource) => context.access.allows(originator, resource, permission);
  const found: Resource[] = [];
  for (const resource of candidates(context, root, criteria)) {
    if (matches(resource) && sees(resource)) found.push(resource);
  }
  if (context.behaviour.limit === 'children') return { resources: found, next: undefined };
  return page(found, criteria);
}

function page(found: readonly Resource[], { ofst, lim }: FilterCriteria): Found {
  const from = Math.max((ofst ?? 1) - 1, 0);
  const to = lim === undefined ? found.length : from + lim;
  return { resources: found.slice(from, to), next: to < found.length ? to + 1 : undefined };
}

/** The resources to look at, in the order of the walk: those of a label where one is asked for, else all of them. */
function candidates(context: Context, root: Resource, criteria: FilterCriteria): Iterable<Resource> {
  const { behaviour, tree } = context;
  const slicesChildren = behaviour.limit === 'children' && (criteria.lim !== undefined || criteria.ofst !== undefined);
  const lbl = labels(context, criteria);
  const indexed = lbl !== undefined && criteria.fo !== 2 && !slicesChildren && !behaviour.labelWildcards;
  const level = criteria.lvl ?? Number.POSITIVE_INFINITY;
  if (!indexed) return walk(root, level, slicesChildren ? childrenSlice(root, criteria) : undefined);
  const seen = new Map<Resource, readonly number[]>();
  for (const label of lbl) {
    for (const resource of tree.labels.get(label) ?? []) {
      if (!seen.has(resource) && isBelow(resource, root, level)) seen.set(resource, tree.position(resource));
    }
  }
  return [...seen].sort((a, b) => comparePositions(a[1], b[1])).map(([resource]) => resource);
}

function childrenSlice(root: Resource, { lim, ofst }: FilterCriteria): readonly (Resource | undefined)[] {
  // Virtual children count, as they come first below their parent.
  const virtual = (VIRTUAL_NAMES[root.ty] ?? []).map(() => undefined);
  const children = [...virtual, ...(root.children?.values() ?? [])];
  const from = Math.max((ofst ?? 1) - 1, 0);
  const slice = children.slice(from, lim === undefined ? undefined : from + lim);
  // ACME takes a page beyond the last for no page at all.
  return slice.length === 0 ? children : slice;
}

function* walk(
  parent: Resource,
  level: number,
  children: Iterable<Resource | undefined> = parent.children?.values() ?? [],
): Generator<Resource> {
  if (level <= 0) return;
  for (const child of children) {
    if (child === undefined) continue;
    yield child;
    if (child.children !== undefined) yield* walk(child, level - 1);
  }
}

function isBelow(resource: Resource, root: Resource, level: number): boolean {
  let up = resource.parent;
  for (let steps = 1; up !== undefined && steps <= level; steps++) {
    if (up === root) return true;
    up = up.parent;
  }
  return false;
}

function comparePositions(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** The labels asked for, with the habits of the CSE. */
function labels(context: Context, { lbl }: FilterCriteria): readonly string[] | undefined {
  if (lbl === undefined || lbl.length === 0) return undefined;
  const { repeatedLabel, blankInLabel } = context.behaviour;
  const wanted = repeatedLabel === 'first' ? lbl.slice(0, 1) : lbl;
  if (blankInLabel === 'split') return wanted.flatMap((label) => label.split(/\s+/).filter((part) => part !== ''));
  return blankInLabel === 'never' ? wanted.filter((label) => !label.includes(' ')) : wanted;
}

/** One condition for each criterion that is there; conditions of one kind are OR, kinds are joined by `fo`. */
function conditionsOf(context: Context, criteria: FilterCriteria): Condition[] {
  const conditions: Condition[] = [];
  const lbl = labels(context, criteria);
  if (lbl !== undefined) {
    conditions.push(({ attributes }) => {
      const own = attributes.lbl;
      return Array.isArray(own) && lbl.some((label) => own.includes(label));
    });
  }
  const { ty, cty } = criteria as FilterCriteria & { cty?: readonly string[] };
  if (ty !== undefined && ty.length > 0) conditions.push((resource) => ty.includes(resource.ty));
  if (cty !== undefined && cty.length > 0) conditions.push(({ attributes }) => cty.includes(String(attributes.cnf)));
  for (const { criterion, attribute, after } of TIMES) {
    const limit = timestampOf((criteria as Record<string, unknown>)[criterion]);
    if (limit === undefined) continue;
    conditions.push(({ attributes }) => {
      const time = timestampOf(attributes[attribute]);
      return time !== undefined && (after ? time > limit : time < limit);
    });
  }
  for (const { criterion, attribute, holds } of NUMBERS) {
    const limit = (criteria as Record<string, unknown>)[criterion];
    if (typeof limit !== 'number') continue;
    conditions.push(({ attributes }) => {
      const value = attributes[attribute];
      return typeof value === 'number' && holds(value, limit);
    });
  }
  const wanted = { ...(criteria as { atr?: Record<string, string> }).atr, rn: criteria.rn, cr: criteria.cr };
  for (const [name, pattern] of Object.entries(wanted)) {
    if (pattern === undefined) continue;
    conditions.push(({ attributes }) => {
      const value = attributes[name];
      return value !== undefined && matchesWildcard(String(value), pattern);
    });
  }
  return conditions;
}

/** createdBefore and the like (TS-0004 6.3.5.8). */
const TIMES = [
  { criterion: 'crb', attribute: 'ct', after: false },
  { criterion: 'cra', attribute: 'ct', after: true },
  { criterion: 'ms', attribute: 'lt', after: true },
  { criterion: 'us', attribute: 'lt', after: false },
  { criterion: 'exb', attribute: 'et', after: false },
  { criterion: 'exa', attribute: 'et', after: true },
] as const;

/** stateTagSmaller, sizeAbove and the like (TS-0004 6.3.5.8). */
const NUMBERS = [
  { criterion: 'sts', attribute: 'st', holds: (value: number, limit: number) => value > limit },
  { criterion: 'stb', attribute: 'st', holds: (value: number, limit: number) => value < limit },
  { criterion: 'sza', attribute: 'cs', holds: (value: number, limit: number) => value >= limit },
  { criterion: 'szb', attribute: 'cs', holds: (value: number, limit: number) => value < limit },
] as const;
