import { containerName, isContainerName } from '../../mappings/index.ts';
import type { EndpointTree } from '../bridge/endpoint-tree.ts';
import { type Listing, lists } from './listing.ts';

/** A tree of which something is not there, with the addresses below the CSEBase. */
export interface Damage {
  readonly tree: EndpointTree;
  readonly missing: readonly string[];
}

/** What is not as it should be. */
export interface Differences {
  readonly damaged: readonly Damage[];
  /** Children of the CSEBase that carry our label and belong to no tree. */
  readonly strays: readonly string[];
  /** Containers below AEs of ours that no device lists and that hold nothing, `<AE>/<container>`. */
  readonly strayContainers: readonly string[];
}

/** What should be there of a tree, by addresses below the CSEBase; what applications and values add is not among it. */
export function wantedOf({ names, nodeId, objectLinks }: EndpointTree): string[] {
  const { resourceName, nodeName } = names;
  const containers = objectLinks.links.map((link) => `${resourceName}/${containerName(link)}`);
  return [resourceName, ...(nodeId === undefined ? [] : [nodeName]), ...containers];
}

/** Compares trees as they should be with what is listed; `known` tells whether a child of the CSEBase is somebody's. */
export function compare(
  trees: Iterable<EndpointTree>,
  listing: Listing,
  known: (name: string) => boolean,
): Differences {
  const damaged: Damage[] = [];
  const strayContainers: string[] = [];
  for (const tree of trees) {
    const missing = wantedOf(tree).filter((address) => !stands(listing, address));
    if (missing.length > 0) damaged.push({ tree, missing });
    strayContainers.push(...unlisted(tree, listing));
  }
  const strays = [...listing.keys()].filter((name) => lists(listing, name) && !known(name));
  return { damaged, strays, strayContainers };
}

function stands(listing: Listing, address: string): boolean {
  const [top = '', below = ''] = address.split('/');
  return listing.get(top)?.has(below) === true;
}

/** Containers of instances that the device does not list; one that holds something was made for values, and stays. */
function unlisted({ names, objectLinks, lasting }: EndpointTree, listing: Listing): string[] {
  const below = listing.get(names.resourceName) ?? new Set<string>();
  const listed = new Set(objectLinks.links.map(containerName));
  const holding = new Set([...below].filter((name) => name.includes('/')).map((name) => name.split('/')[0]));
  const foreign = (name: string) =>
    isContainerName(name) && !listed.has(name) && !lasting.has(name) && !holding.has(name);
  return [...below].filter(foreign).map((name) => `${names.resourceName}/${name}`);
}
