import { ResourceType } from '../cse-client/index.ts';
import { timestampOf } from './attribute-values.ts';
import { ExpiryCalendar } from './expiry-calendar.ts';
import type { Attributes, Resource } from './resource.ts';
import { ReverseIndex } from './reverse-index.ts';

/** The names below a container, group and the like that no resource may take, because a virtual one is there. */
export const VIRTUAL_NAMES: Readonly<Record<number, readonly string[]>> = {
  [ResourceType.container]: ['la', 'ol'],
  [ResourceType.group]: ['fopt'],
};

/** All resources of the CSE with what makes finding them cheap; knows nothing of requests or rights. */
export class ResourceTree {
  readonly root: Resource;
  readonly calendar = new ExpiryCalendar<Resource>();
  /** Label to the resources that carry it. */
  readonly labels = new ReverseIndex<Resource>();
  /** Resource ID of a policy to the resources it guards. */
  readonly guarded = new ReverseIndex<Resource>();
  /** Resource ID of a member to its groups. */
  readonly memberships = new ReverseIndex<Resource>();
  /** AE-ID to the AE that is registered with it. */
  readonly registrations = new Map<string, Resource>();
  readonly #byId = new Map<string, Resource>();
  readonly #byType = new Map<number, number>();

  constructor(root: Resource) {
    this.root = root;
    this.insert(root);
  }

  get size(): number {
    return this.#byId.size;
  }

  count(ty: number): number {
    return this.#byType.get(ty) ?? 0;
  }

  get(ri: string): Resource | undefined {
    return this.#byId.get(ri);
  }

  /** True when a resource or a virtual resource has this name below `parent`. */
  isNameTaken(parent: Resource, rn: string): boolean {
    return parent.children?.has(rn) === true || VIRTUAL_NAMES[parent.ty]?.includes(rn) === true;
  }

  insert(resource: Resource): void {
    const { parent } = resource;
    this.#byId.set(resource.ri, resource);
    this.#byType.set(resource.ty, this.count(resource.ty) + 1);
    if (parent !== undefined) {
      parent.children ??= new Map();
      parent.children.set(resource.rn, resource);
      if (resource.ty === ResourceType.contentInstance) {
        parent.instances ??= [];
        parent.instances.push(resource);
      }
      if (resource.ty === ResourceType.subscription) {
        parent.subscriptions ??= new Set();
        parent.subscriptions.add(resource);
      }
    }
    if (resource.ty === ResourceType.ae) this.registrations.set(String(resource.attributes.aei), resource);
    this.#index(resource);
  }

  /** Takes out one resource, whose children are gone already. */
  remove(resource: Resource): void {
    const { parent } = resource;
    if (this.#byId.get(resource.ri) !== resource) return;
    this.#byId.delete(resource.ri);
    this.#byType.set(resource.ty, this.count(resource.ty) - 1);
    this.#forget(resource);
    if (resource.ty === ResourceType.ae) this.registrations.delete(String(resource.attributes.aei));
    if (parent === undefined) return;
    parent.children?.delete(resource.rn);
    parent.subscriptions?.delete(resource);
    const instances = parent.instances;
    if (resource.ty === ResourceType.contentInstance && instances !== undefined) {
      if (instances[0] === resource) instances.shift();
      else instances.splice(instances.lastIndexOf(resource), 1);
    }
  }

  /** The only way to change attributes: the indices follow. */
  replaceAttributes(resource: Resource, attributes: Attributes): void {
    this.#forget(resource);
    resource.attributes = attributes;
    this.#index(resource);
  }

  #index(resource: Resource): void {
    const { attributes } = resource;
    this.labels.add(attributes.lbl, resource);
    this.guarded.add(attributes.acpi, resource);
    if (resource.ty === ResourceType.group) this.memberships.add(attributes.mid, resource);
    resource.expires = timestampOf(attributes.et);
    this.calendar.add(resource);
  }

  #forget(resource: Resource): void {
    const { attributes } = resource;
    this.labels.remove(attributes.lbl, resource);
    this.guarded.remove(attributes.acpi, resource);
    if (resource.ty === ResourceType.group) this.memberships.remove(attributes.mid, resource);
    this.calendar.remove(resource);
  }

  /** Where a resource stands in the walk from the root, children in order of creation. */
  position(resource: Resource): number[] {
    const position: number[] = [];
    for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) position.push(at.sequence);
    return position.reverse();
  }
}
