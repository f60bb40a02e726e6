import { ResourceType } from '../cse-client/index.ts';
import { Permission } from './access.ts';
import { resolve } from './addressing.ts';
import type { Context } from './context.ts';
import { Refusal, RSC } from './refusal.ts';
import type { Attributes, Resource } from './resource.ts';

const MIXED = 0;
/** consistencyStrategy (TS-0004 6.3.4.2.18): leave the member out, refuse the group, or let the group be mixed. */
const ABANDON_MEMBER = 1;
const SET_MIXED = 3;
const FAN_OUT = '/fopt';

/** Checks the members of a group and puts them into `attributes` by their resource IDs (TS-0004 7.4.13.2). */
export function checkGroup(context: Context, draft: { attributes: Attributes; originator: string }): void {
  const { attributes } = draft;
  let memberType = typeof attributes.mt === 'number' ? attributes.mt : MIXED;
  const strategy = attributes.csy ?? ABANDON_MEMBER;
  const members = new Set<string>();
  for (const id of attributes.mid as readonly string[]) {
    const fansOut = id.endsWith(FAN_OUT) && id.length > FAN_OUT.length;
    const resource = member(context, fansOut ? id.slice(0, -FAN_OUT.length) : id);
    if (members.has(resource.ri)) continue;
    if (!context.access.allows(draft.originator, resource, Permission.retrieve)) {
      throw new Refusal(RSC.receiverHasNoPrivilege, `insufficient privileges to retrieve ${id.slice(0, 100)}`);
    }
    const ty = fansOut && resource.ty === ResourceType.group ? Number(resource.attributes.mt) : resource.ty;
    if (memberType !== MIXED && ty !== memberType) {
      if (strategy === ABANDON_MEMBER) continue;
      if (strategy !== SET_MIXED) {
        throw new Refusal(RSC.groupMemberTypeInconsistent, 'group consistency strategy and member types do not agree');
      }
      memberType = MIXED;
    }
    members.add(fansOut ? resource.ri + FAN_OUT : resource.ri);
  }
  if (members.size > Number(attributes.mnm)) {
    throw new Refusal(RSC.maxMembersExceeded, 'max number of members exceeded');
  }
  Object.assign(attributes, { mt: memberType, csy: strategy, mid: [...members], cnm: members.size, mtv: true });
  attributes.ssi ??= false;
}

function member(context: Context, id: string): Resource {
  const resource = resolve(context.tree, context.identity, id)?.resource;
  if (resource === undefined) throw new Refusal(RSC.notFound, `resource not found: ${id.slice(0, 100)}`);
  return resource;
}

/** A resource that goes also leaves the groups that it was a member of. */
export function leaveGroups(context: Context, gone: Resource): void {
  const groups = context.tree.memberships.get(gone.ri);
  if (groups === undefined) return;
  for (const group of [...groups]) {
    const mid = (group.attributes.mid as readonly string[]).filter((id) => id !== gone.ri);
    context.tree.replaceAttributes(group, { ...group.attributes, mid, cnm: mid.length });
  }
}
