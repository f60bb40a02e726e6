import { ResourceType } from '../cse-client/index.ts';
import { Permission } from './access.ts';
import type { Target } from './addressing.ts';
import type { Context } from './context.ts';
import { leaveGroups } from './group.ts';
import { Refusal, RSC } from './refusal.ts';
import { forgetNode, unlinkGone } from './registration.ts';
import type { Resource } from './resource.ts';

/** What a DELETE will take, after its checks; throws Refusal (TS-0004 7.3.3.12). */
export function deletable(context: Context, target: Target, originator: string): Resource {
  const { resource, virtual } = target;
  if (resource.ty === ResourceType.cseBase) {
    throw new Refusal(RSC.operationNotAllowed, `DELETE not allowed for type: ${resource.ty}`);
  }
  if (!context.access.allows(originator, resource, Permission.delete)) {
    throw new Refusal(
      RSC.noPrivilege,
      `originator: ${originator} has no DELETE privileges for resource: ${resource.ri}`,
    );
  }
  if (virtual === undefined) return resource;
  const instance = virtual === 'la' ? resource.instances?.at(-1) : resource.instances?.[0];
  if (instance === undefined) throw new Refusal(RSC.notFound, `no instance for <${virtual}>`);
  return instance;
}

/** Deletes a resource with all below it and tells the parent's subscriptions. */
export function remove(context: Context, resource: Resource): void {
  const { parent } = resource;
  removeSubtree(context, resource);
  if (parent === undefined) return;
  if (resource.ty === ResourceType.contentInstance) uncountInstance(parent, resource);
  if (parent.subscriptions !== undefined) context.events.happened({ net: 4, at: parent, subject: resource });
}

/** Takes a subtree out, leaves first, without a word to the parent. */
export function removeSubtree(context: Context, resource: Resource): void {
  if (resource.subscriptions !== undefined) context.events.happened({ net: 2, at: resource, subject: resource });
  if (resource.children !== undefined) {
    for (const child of [...resource.children.values()]) removeSubtree(context, child);
  }
  switch (resource.ty) {
    case ResourceType.ae:
      unlinkGone(context, resource);
      break;
    case ResourceType.node:
      forgetNode(context, resource);
      break;
    case ResourceType.acp:
      unguard(context, resource);
      break;
    case ResourceType.subscription:
      context.events.subscriptionRemoved(resource);
      break;
    default:
  }
  context.tree.remove(resource);
  leaveGroups(context, resource);
}

/** A policy that goes also leaves `acpi` of what it guarded. */
function unguard(context: Context, policy: Resource): void {
  for (const guarded of [...(context.tree.guarded.get(policy.ri) ?? [])]) {
    const { acpi, ...rest } = guarded.attributes;
    const left = (acpi as readonly unknown[]).filter((id) => id !== policy.ri);
    context.tree.replaceAttributes(guarded, left.length === 0 ? rest : { ...rest, acpi: left });
  }
}

/** A contentInstance that has gone no longer counts. */
export function uncountInstance(container: Resource, instance: Resource): void {
  const { attributes } = container;
  attributes.cni = Number(attributes.cni) - 1;
  attributes.cbs = Number(attributes.cbs) - Number(instance.attributes.cs);
}
