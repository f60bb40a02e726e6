import { ResourceType } from '../cse-client/index.ts';
import { Permission } from './access.ts';
import type { Target } from './addressing.ts';
import { checkAttributes, representationOf } from './attribute-check.ts';
import type { Context } from './context.ts';
import { settleExpiry } from './expiration.ts';
import { trimInstances } from './instances.ts';
import { Refusal, RSC } from './refusal.ts';
import { linkNode } from './registration.ts';
import type { Attributes, Resource } from './resource.ts';
import { BLOCKING_UPDATE, blockingSubscription } from './subscription.ts';
import { checkTypeRules, settlePolicies } from './type-rules.ts';

/** An UPDATE whose address has been resolved. */
export interface Change {
  readonly target: Target;
  readonly pc: unknown;
  readonly originator: string;
  readonly releaseVersion: string | undefined;
}

/** What an UPDATE did: the resource, and which attributes are not as they were. */
export interface Changed {
  readonly resource: Resource;
  readonly modified: Attributes;
}

/** Updates a resource in the order of checks that ACME has (TS-0004 7.3.3.11); throws Refusal. A promise where a target is asked. */
export function update(context: Context, change: Change): Changed | Promise<Changed> {
  const { resource, virtual } = change.target;
  if (!resource.type.updatable) {
    throw new Refusal(RSC.operationNotAllowed, `UPDATE not allowed for type: ${resource.ty}`);
  }
  mayUpdate(context, change);
  if (virtual !== undefined) throw new Refusal(RSC.operationNotAllowed, `UPDATE not allowed for <${virtual}>`);
  const given = representationOf(change.pc, resource.type, context.behaviour.wrongRepresentationCode.update);
  const blocking = blockingSubscription(resource, BLOCKING_UPDATE);
  const asked =
    blocking === undefined ? undefined : context.events.blockingUpdate(blocking, change.originator, change.pc);
  if (asked === undefined) return afterVerification(context, change, given);
  return asked.then(() => afterVerification(context, change, given));
}

function afterVerification(context: Context, change: Change, given: Attributes): Changed | Promise<Changed> {
  const { resource } = change.target;
  checkAttributes(resource.type, given, 'update');
  const known = resource.attributes.nu as readonly string[] | undefined;
  const targets = given.nu;
  const added = Array.isArray(targets) ? targets.filter((nu: string) => known?.includes(nu) !== true) : [];
  const asked = added.length === 0 ? undefined : context.events.verify(resource, added);
  if (asked === undefined) return apply(context, change, given);
  return asked.then(() => apply(context, change, given));
}

/** `acpi` is ruled by the self-privileges of the policies, and stands alone (TS-0004 7.3.3.11 and 9.6.1.3.2). */
function mayUpdate(context: Context, change: Change): void {
  const { resource } = change.target;
  const { originator } = change;
  const members = Object.values((change.pc ?? {}) as object)[0] as object | null | undefined;
  const given = typeof members === 'object' && members !== null ? Object.keys(members) : [];
  if (!given.includes('acpi')) {
    if (context.access.allows(originator, resource, Permission.update)) return;
    throw new Refusal(
      RSC.noPrivilege,
      `originator: ${originator} has no UPDATE privileges for resource: ${resource.ri}`,
    );
  }
  const { when, code } = context.behaviour.policyUpdate;
  if (when === 'never' || (when === 'replacing' && resource.attributes.acpi === undefined)) {
    throw new Refusal(code, 'acpi cannot be updated');
  }
  if (given.length > 1) throw new Refusal(RSC.badRequest, '"acpi" must be the only attribute in an update');
  if (!context.access.allowsPolicyUpdate(originator, resource)) {
    throw new Refusal(RSC.noPrivilege, `Originator: ${originator} has no permission to update acpi`);
  }
}

function apply(context: Context, change: Change, given: Attributes): Changed {
  const { resource } = change.target;
  const { tree, times, behaviour, events } = context;
  if (tree.get(resource.ri) !== resource) throw new Refusal(RSC.notFound, 'resource not found');
  const before = resource.attributes;
  const attributes: Attributes = { ...before };
  for (const [name, value] of Object.entries(given)) {
    if (value === null) delete attributes[name];
    else attributes[name] = name === 'acpi' ? settlePolicies(context, value) : value;
  }
  attributes.lt = times.stamp();
  if (resource.parent !== undefined) settleExpiry(attributes, resource.parent, times, behaviour);
  checkTypeRules(context, {
    ty: resource.ty,
    attributes,
    parent: resource.parent ?? resource,
    given,
    originator: change.originator,
    releaseVersion: change.releaseVersion,
    resource,
  });
  if (resource.ty === ResourceType.ae) linkNode(context, resource, attributes.nl);
  if (resource.ty === ResourceType.container) attributes.st = Number(before.st) + 1;
  tree.replaceAttributes(resource, attributes);
  if (resource.ty === ResourceType.container && behaviour.lowerInstanceLimit === 'at once') {
    trimInstances(context, resource);
  }
  const modified = difference(before, attributes, given);
  if (resource.subscriptions !== undefined) events.happened({ net: 1, at: resource, subject: resource, modified });
  return { resource, modified };
}

/** Attributes of the request and those that the CSE changed besides; what went is null (TS-0004 6.3.4.2.7, rcn 9). */
function difference(before: Attributes, after: Attributes, given: Attributes): Attributes {
  const modified: Attributes = {};
  for (const name of new Set([...Object.keys(given), ...Object.keys(after)])) {
    if (Object.hasOwn(given, name) || before[name] !== after[name]) modified[name] = after[name] ?? null;
  }
  return modified;
}
