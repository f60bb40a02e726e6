import { RESOURCE_TYPES, type TypeRow } from './resource-types.ts';

/** Attributes of a resource by their short names, as a representation carries them. */
export type Attributes = Record<string, unknown>;

/** One resource of the tree; its identity never changes, its attributes are replaced by the tree only. */
export class Resource {
  readonly ty: number;
  readonly ri: string;
  readonly rn: string;
  readonly parent: Resource | undefined;
  /** Grows with each resource: the order of creation. */
  readonly sequence: number;
  /** Who created it; for an AE its own AE-ID. Access without policies goes by it, the attribute `cr` does not always exist. */
  readonly creator: string;
  attributes: Attributes;
  children: Map<string, Resource> | undefined;
  /** contentInstances of a container, oldest first. */
  instances: Resource[] | undefined;
  /** subscriptions below it, by what makes finding them cheap. */
  subscriptions: Set<Resource> | undefined;
  /** Milliseconds since 1970, or undefined where it never ends. */
  expires: number | undefined;
  /** The node that an AE was last linked with; ACME remembers it beside `nl`. */
  linkedNode: string | undefined;

  constructor(identity: {
    ty: number;
    ri: string;
    rn: string;
    parent: Resource | undefined;
    sequence: number;
    creator: string;
    attributes: Attributes;
  }) {
    this.ty = identity.ty;
    this.ri = identity.ri;
    this.rn = identity.rn;
    this.parent = identity.parent;
    this.sequence = identity.sequence;
    this.creator = identity.creator;
    this.attributes = identity.attributes;
  }

  get type(): TypeRow {
    return RESOURCE_TYPES[this.ty]!;
  }

  /** Structured CSE-relative address: the names from the CSEBase down. */
  get path(): string {
    return this.parent === undefined ? this.rn : `${this.parent.path}/${this.rn}`;
  }

  /** `{ "m2m:cnt": { … } }`, sharing the attributes: to be serialised at once. */
  representation(): Record<string, Attributes> {
    return { [this.type.name]: this.attributes };
  }
}
