import { ResourceType } from '../cse-client/index.ts';
import type { CseIdentity } from './addressing.ts';
import type { Attributes, Resource } from './resource.ts';

/** An address in a result: structured, or by resource ID where `drt` is 2 (TS-0004 6.3.4.2.8). */
export function identifier(resource: Resource, drt: number | undefined, identity: CseIdentity): string {
  return drt === 2 ? `${identity.cseId}/${resource.ri}` : resource.path;
}

/** `m2m:uril` of a discovery (TS-0004 6.3.3); a structured address is CSE-relative, as ACME gives it. */
export function uriList(
  resources: readonly Resource[],
  drt: number | undefined,
  identity: CseIdentity,
  arp: string | undefined,
): unknown {
  const suffix = arp === undefined ? '' : `/${arp}`;
  return { 'm2m:uril': resources.map((resource) => identifier(resource, drt, identity) + suffix) };
}

/** References of child resources (TS-0004 6.3.5.29), by type and name. */
export function references(resources: readonly Resource[], drt: number | undefined, identity: CseIdentity): unknown[] {
  return [...resources].sort(byTypeAndName).map((resource) => ({
    nm: resource.rn,
    typ: resource.ty,
    val: `${identity.cseId}/${drt === 2 ? resource.ri : resource.path}`,
  }));
}

/** Attributes of a resource with those of `below` nested by their type, as far as their parents are there (rcn 4 and 8). */
export function nested(root: Resource, below: readonly Resource[], withAttributes: boolean): Attributes {
  const kept = new Set(below);
  const byParent = new Map<Resource, Resource[]>();
  for (const resource of below) {
    const orphan = !withAttributes && resource.parent !== undefined && !kept.has(resource.parent);
    const parent = orphan ? root : resource.parent;
    if (parent === undefined) continue;
    const siblings = byParent.get(parent);
    if (siblings === undefined) byParent.set(parent, [resource]);
    else siblings.push(resource);
  }
  return build(root, byParent, withAttributes);
}

function build(resource: Resource, byParent: ReadonlyMap<Resource, Resource[]>, withAttributes: boolean): Attributes {
  const content: Attributes = withAttributes ? { ...resource.attributes } : {};
  const children = byParent.get(resource);
  if (children === undefined) return content;
  const lists = new Map<string, Attributes[]>();
  for (const child of children.sort(inLists)) {
    const list = lists.get(child.type.name) ?? [];
    lists.set(child.type.name, list);
    list.push(build(child, byParent, true));
  }
  for (const [name, list] of lists) content[name] = list;
  return content;
}

function byTypeAndName(a: Resource, b: Resource): number {
  return a.ty - b.ty || compare(a.rn.toLowerCase(), b.rn.toLowerCase());
}

/** contentInstances by their time, the others by name. */
function inLists(a: Resource, b: Resource): number {
  const instances = a.ty === ResourceType.contentInstance && b.ty === ResourceType.contentInstance;
  return instances ? a.sequence - b.sequence : byTypeAndName(a, b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
