import type { ObjectLink, ObjectLinks } from '../lwm2m/index.ts';
import { containerName } from './names.ts';

/** One step that brings the resources of an endpoint from what they are to what its registration wants. */
export type ResourceChange =
  | { readonly operation: 'create' | 'update' | 'delete'; readonly resource: 'node' }
  | { readonly operation: 'create' | 'update' | 'delete'; readonly resource: 'ae' }
  | { readonly operation: 'create' | 'update'; readonly resource: 'container'; readonly link: ObjectLink }
  | { readonly operation: 'delete'; readonly resource: 'container'; readonly name: string };

/** What a registration means for the tree, or undefined where there is no registration. */
export interface RegisteredLinks {
  readonly objectLinks: ObjectLinks;
}

const CREATE_ENDPOINT: readonly ResourceChange[] = [
  { operation: 'create', resource: 'node' },
  { operation: 'create', resource: 'ae' },
];
const RENEW_ENDPOINT: readonly ResourceChange[] = [
  { operation: 'update', resource: 'ae' },
  { operation: 'update', resource: 'node' },
];
/** The AE goes first and takes its containers with it; ACME never lets go of an AE whose node went first. */
const DELETE_ENDPOINT: readonly ResourceChange[] = [
  { operation: 'delete', resource: 'ae' },
  { operation: 'delete', resource: 'node' },
];

/**
 * The changes from one registration of an endpoint to the next (TS-0014 tables 6.2.2.2-1, 6.2.2.2-2, 6.3.2.2-1, 6.3.2.2-2),
 * in the order in which they have to be made: what exists is renewed from the AE downwards (a CSE cuts a child's expirationTime to its parent's), what came is created before
 * what went is deleted. `renew` false leaves alone what stays.
 */
export function resourceChanges(
  before: RegisteredLinks | undefined,
  after: RegisteredLinks | undefined,
  renew: boolean,
): readonly ResourceChange[] {
  if (after === undefined) return before === undefined ? [] : DELETE_ENDPOINT;
  if (before === undefined) {
    return [...CREATE_ENDPOINT, ...after.objectLinks.links.map((link) => containerChange('create', link))];
  }
  const changes: ResourceChange[] = renew ? [...RENEW_ENDPOINT] : [];
  if (before.objectLinks === after.objectLinks) {
    if (renew) for (const link of after.objectLinks.links) changes.push(containerChange('update', link));
    return changes;
  }
  changes.push(...linkChanges(before.objectLinks, after.objectLinks, renew));
  return changes;
}

function linkChanges(before: ObjectLinks, after: ObjectLinks, renew: boolean): ResourceChange[] {
  const known = new Map(before.links.map((link) => [containerName(link), link]));
  const sameRoot =
    before.rootPath === after.rootPath &&
    before.contentFormats.join() === after.contentFormats.join() &&
    before.contentFormatNames.join() === after.contentFormatNames.join();
  const changes: ResourceChange[] = [];
  for (const link of after.links) {
    const name = containerName(link);
    const old = known.get(name);
    known.delete(name);
    if (old === undefined) changes.push(containerChange('create', link));
    else if (renew || !sameRoot || old.version !== link.version) changes.push(containerChange('update', link));
  }
  for (const name of known.keys()) changes.push({ operation: 'delete', resource: 'container', name });
  return changes;
}

const containerChange = (operation: 'create' | 'update', link: ObjectLink): ResourceChange => ({
  operation,
  resource: 'container',
  link,
});
