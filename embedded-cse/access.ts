import { ResourceType } from '../cse-client/index.ts';
import { type CseIdentity, resolve, shortOriginator } from './addressing.ts';
import type { Behaviour } from './behaviour.ts';
import type { Resource } from './resource.ts';
import type { ResourceTree } from './resource-tree.ts';
import { matchesWildcard } from './wildcard.ts';

/** accessControlOperations, a bit each (TS-0004 6.3.4.2.29). */
export const Permission = { create: 1, retrieve: 2, update: 4, delete: 8, notify: 16, discover: 32 } as const;
/** One operation that a rule may allow. */
export type Permission = (typeof Permission)[keyof typeof Permission];

interface Rule {
  readonly acor: readonly string[];
  readonly acop: number;
  readonly acod?: readonly { readonly chty?: readonly number[]; readonly ty?: number }[];
}

/** Who may do what to which resource (TS-0001 11.3.4 and TS-0003 7.1), with the habits of the CSE that is played. */
export class AccessControl {
  readonly #tree: ResourceTree;
  readonly #identity: CseIdentity;
  readonly #behaviour: Behaviour;
  readonly #administrator: string;

  constructor(tree: ResourceTree, identity: CseIdentity, behaviour: Behaviour, administrator: string) {
    this.#tree = tree;
    this.#identity = identity;
    this.#behaviour = behaviour;
    this.#administrator = administrator;
  }

  isAdministrator(originator: string): boolean {
    return originator === this.#administrator || originator === this.#identity.cseId;
  }

  /** Whether `originator` may do this; `ty` is the type to be created and only given with CREATE. */
  allows(originator: string, resource: Resource, permission: Permission, ty?: number): boolean {
    const administrator = this.isAdministrator(originator);
    if (administrator && this.#behaviour.administratorEverywhere) return true;
    if (resource.ty === ResourceType.cseBase) {
      if (administrator) return true;
      if (permission === Permission.retrieve && this.#readsCseBase(originator)) return true;
      // Where policies know types, the CSEBase has one that says this.
      const open = !this.#behaviour.objectDetails && ty !== undefined && this.#behaviour.openTypes.includes(ty);
      if (permission === Permission.create && open) return true;
    }
    switch (resource.type.rights) {
      case 'self':
        return this.#matches(resource.attributes.pvs, originator, permission, undefined);
      case 'parent':
        return resource.parent !== undefined && this.allows(originator, resource.parent, permission, ty);
      case 'acpi':
        return this.#byPolicies(originator, resource, permission, ty);
    }
  }

  #readsCseBase(originator: string): boolean {
    if (this.#behaviour.cseBaseReaders === 'anybody') return true;
    return this.#behaviour.cseBaseReaders === 'registered' && this.#tree.registrations.has(originator);
  }

  #byPolicies(originator: string, resource: Resource, permission: Permission, ty: number | undefined): boolean {
    const { attributes } = resource;
    // A group's members have policies of their own (TS-0001 9.6.13).
    const macp = resource.ty === ResourceType.group ? attributes.macp : undefined;
    const acpi = macp ?? attributes.acpi;
    if (!Array.isArray(acpi) || acpi.length === 0) return this.#withoutPolicies(originator, resource, permission);
    return acpi.some((id: unknown) => {
      const policy = typeof id === 'string' ? resolve(this.#tree, this.#identity, id)?.resource : undefined;
      return policy?.ty === ResourceType.acp && this.#matches(policy.attributes.pv, originator, permission, ty);
    });
  }

  #withoutPolicies(originator: string, resource: Resource, permission: Permission): boolean {
    if (permission === Permission.create && this.#behaviour.createByAnybody) return true;
    const custodian = resource.attributes.cstn;
    if (typeof custodian === 'string') return shortOriginator(custodian, this.#identity) === originator;
    return resource.creator === originator;
  }

  /** The self-privileges of any policy of the resource, which rule over `acpi` itself (TS-0004 7.3.3.15). */
  allowsPolicyUpdate(originator: string, resource: Resource): boolean {
    const { acpi } = resource.attributes;
    if (!Array.isArray(acpi)) return resource.creator === originator;
    return acpi.some((id: unknown) => {
      const policy = typeof id === 'string' ? resolve(this.#tree, this.#identity, id)?.resource : undefined;
      if (policy?.ty !== ResourceType.acp) return false;
      return this.#matches(policy.attributes.pvs, originator, Permission.update, undefined);
    });
  }

  #matches(privileges: unknown, originator: string, permission: Permission, ty: number | undefined): boolean {
    const rules = (privileges as { acr?: readonly Rule[] } | undefined)?.acr ?? [];
    return rules.some((rule) => {
      if ((rule.acop & permission) === 0 || !this.#namesOriginator(rule.acor, originator)) return false;
      if (rule.acod === undefined || permission !== Permission.create || !this.#behaviour.objectDetails) return true;
      return rule.acod.some((details) => ty !== undefined && details.chty?.includes(ty) === true);
    });
  }

  #namesOriginator(acor: readonly string[], originator: string): boolean {
    return acor.some((entry) => {
      if (entry === 'all' || entry === originator) return true;
      if (this.#behaviour.originatorWildcards && matchesWildcard(originator, entry)) return true;
      // A group may stand for its members (TS-0001 9.6.2.1).
      const group = this.#tree.get(entry);
      const members = group?.ty === ResourceType.group ? group.attributes.mid : undefined;
      return Array.isArray(members) && members.includes(originator);
    });
  }
}
