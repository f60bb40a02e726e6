import type { ObjectLinks, Registration } from '../../lwm2m/index.ts';
import type { EndpointNames } from '../../mappings/index.ts';

/** What the IPE keeps on the CSE for one endpoint. */
export interface EndpointTree {
  readonly endpoint: string;
  readonly names: EndpointNames;
  readonly version: Registration['version'];
  readonly objectLinks: ObjectLinks;
  /** Resource ID of the node; undefined where the CSE gives us none. */
  readonly nodeId: string | undefined;
  /** expirationTime last written, milliseconds of the epoch. */
  readonly expiresAt: number;
  /** expirationTime that an Update under way writes; whoever writes one meanwhile writes this, see `intendedExpiration`. */
  renewal?: number | undefined;
  /** Another number when the whole tree was made again. */
  readonly incarnation: number;
  /** Containers of links that others have made to live as long as the AE: a mere renewal passes them over. */
  readonly lasting: Set<string>;
  /** The registration is accepted, and the tree has not been made yet: nothing of it can be relied on. */
  readonly pending?: true;
}

/** When the AE and the containers of links are to expire, milliseconds of the epoch, as the latest Register or Update has it. */
export function intendedExpiration({ renewal, expiresAt }: Pick<EndpointTree, 'renewal' | 'expiresAt'>): number {
  return renewal ?? expiresAt;
}

/** A registration and the tree that the bridge keeps for it, as whoever follows the bridge knows them at this moment. */
export interface Followed {
  readonly registration: Registration;
  readonly tree: EndpointTree;
}

/** Whoever remembers trees beyond the end of the process; told of the tree before the device is answered. */
export interface TreeKeeper {
  /** The tree is new, or not what it was. */
  made(tree: EndpointTree): void;
  /** It is deleted, or about to be when the CSE answers. */
  gone(endpoint: string): void;
}

/** True when both say the same, so that nothing has to be remembered anew. */
export function sameTree(a: EndpointTree, b: EndpointTree): boolean {
  return (
    a.expiresAt === b.expiresAt &&
    a.objectLinks === b.objectLinks &&
    a.version === b.version &&
    a.nodeId === b.nodeId &&
    a.incarnation === b.incarnation
  );
}
