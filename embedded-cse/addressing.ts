import { ResourceType } from '../cse-client/index.ts';
import type { Resource } from './resource.ts';
import type { ResourceTree } from './resource-tree.ts';

/** Who this CSE is, in the three forms of an address (TS-0001 7.2). */
export interface CseIdentity {
  /** resourceName of the CSEBase, e.g. `cse-in`. */
  readonly cseBase: string;
  /** CSE-ID with its slash, e.g. `/id-in`. */
  readonly cseId: string;
  /** M2M-SP-ID with its slashes, e.g. `//acme.example.com`. */
  readonly serviceProviderId: string;
}

/** What a request names: a resource, or a virtual one below it (`la`, `ol`, or `fopt` with what follows). */
export interface Target {
  readonly resource: Resource;
  readonly virtual?: 'la' | 'ol' | 'fopt';
  /** What follows `fopt`, with its leading slash, or nothing. */
  readonly tail?: string;
}

/** The CSE-relative form of any address; undefined where it names another CSE (TS-0004 7.3.2.6). */
export function cseRelative(to: string, identity: CseIdentity): string | undefined {
  const absolute = `${identity.serviceProviderId}${identity.cseId}`;
  let address = to;
  if (address.startsWith('//')) {
    if (address !== absolute && !address.startsWith(`${absolute}/`)) return undefined;
    address = address.slice(identity.serviceProviderId.length);
  }
  if (address.startsWith('/')) {
    if (address === identity.cseId) return identity.cseBase;
    if (!address.startsWith(`${identity.cseId}/`)) return undefined;
    address = address.slice(identity.cseId.length + 1);
  }
  if (address === '-') return identity.cseBase;
  return address.startsWith('-/') ? identity.cseBase + address.slice(1) : address;
}

/** Finds what an address names: structured (`cse-in/x`), unstructured (a resource ID), or an ID with a virtual name. */
export function resolve(tree: ResourceTree, identity: CseIdentity, to: string): Target | undefined {
  const address = cseRelative(to, identity);
  if (address === undefined || address === '') return undefined;
  const slash = address.indexOf('/');
  const first = slash < 0 ? address : address.slice(0, slash);
  if (first === identity.cseBase) return slash < 0 ? { resource: tree.root } : walk(tree.root, address, slash + 1);
  const resource = tree.get(first);
  if (resource === undefined || slash < 0) return resource === undefined ? undefined : { resource };
  return virtualTarget(resource, address.slice(slash + 1));
}

function walk(root: Resource, address: string, from: number): Target | undefined {
  let resource = root;
  let start = from;
  for (;;) {
    const slash = address.indexOf('/', start);
    const child = resource.children?.get(slash < 0 ? address.slice(start) : address.slice(start, slash));
    if (child === undefined) return virtualTarget(resource, address.slice(start));
    if (slash < 0) return { resource: child };
    resource = child;
    start = slash + 1;
  }
}

function virtualTarget(resource: Resource, rest: string): Target | undefined {
  if (resource.ty === ResourceType.container && (rest === 'la' || rest === 'ol')) return { resource, virtual: rest };
  if (resource.ty === ResourceType.group && (rest === 'fopt' || rest.startsWith('fopt/'))) {
    return { resource, virtual: 'fopt', tail: rest.slice(4) };
  }
  return undefined;
}

/** An originator of this CSE in its short form, `/id-in/Cfoo` as `Cfoo`; others stay as they are. */
export function shortOriginator(originator: string, identity: CseIdentity): string {
  const absolute = `${identity.serviceProviderId}${identity.cseId}/`;
  if (originator.startsWith(absolute)) return originator.slice(absolute.length);
  const prefix = `${identity.cseId}/`;
  return originator.startsWith(prefix) ? originator.slice(prefix.length) : originator;
}
