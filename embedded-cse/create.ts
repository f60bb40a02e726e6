import { ResourceType } from '../cse-client/index.ts';
import { Permission } from './access.ts';
import type { Target } from './addressing.ts';
import { checkAttributes, representationOf, withoutNulls } from './attribute-check.ts';
import type { Context } from './context.ts';
import { settleExpiry } from './expiration.ts';
import { addInstance } from './instances.ts';
import { Refusal, RSC } from './refusal.ts';
import { assignAeId, linkNode, mayRegister } from './registration.ts';
import { type Attributes, Resource } from './resource.ts';
import { resourceType, type TypeRow } from './resource-types.ts';
import { checkTypeRules, contentSize, settlePolicies } from './type-rules.ts';

/** A CREATE whose address has been resolved. */
export interface Creation {
  readonly parent: Target;
  readonly ty: number;
  readonly pc: unknown;
  /** Empty where the request has none, which only an AE may. */
  readonly originator: string;
  readonly releaseVersion: string | undefined;
}

/** Creates a resource in the order of checks that ACME has (TS-0004 7.3.3); throws Refusal. A promise where targets are asked. */
export function create(context: Context, creation: Creation): Resource | Promise<Resource> {
  const { ty, originator } = creation;
  const type = creatable(context, ty);
  const parent = creation.parent.resource;
  if (ty === ResourceType.ae ? !mayRegister(originator) : true) {
    if (!context.access.allows(originator, parent, Permission.create, ty)) {
      throw ty === ResourceType.ae
        ? new Refusal(RSC.securityAssociationRequired, 'security association required')
        : new Refusal(RSC.noPrivilege, `originator: ${originator} has no CREATE privileges for resource: ${parent.ri}`);
    }
  }
  if (creation.parent.virtual !== undefined) {
    throw new Refusal(RSC.operationNotAllowed, 'CREATE operation not allowed for this virtual resource');
  }
  const given = representationOf(creation.pc, type, context.behaviour.wrongRepresentationCode.create);
  const resource = draft(context, creation, type, given);
  const { nu } = resource.attributes;
  const asked = Array.isArray(nu) ? context.events.verify(resource, nu as string[]) : undefined;
  if (asked === undefined) return commit(context, resource);
  return asked.then(() => {
    // The tree may have changed while the targets were asked.
    if (context.tree.get(parent.ri) !== parent) throw new Refusal(RSC.notFound, 'resource not found');
    mustBeFree(context, parent, resource.rn);
    return commit(context, resource);
  });
}

function creatable(context: Context, ty: number): TypeRow {
  const type = resourceType(ty);
  if (type === undefined || !context.behaviour.supportedTypes.includes(ty)) {
    throw new Refusal(context.behaviour.unsupportedTypeCode, `unknown/unsupported resource type: ${ty}`);
  }
  if (ty === ResourceType.cseBase) throw new Refusal(RSC.operationNotAllowed, `CREATE not allowed for type: ${ty}`);
  return type;
}

function draft(context: Context, creation: Creation, type: TypeRow, given: Attributes): Resource {
  const { ty } = creation;
  const parent = creation.parent.resource;
  const size = ty === ResourceType.contentInstance ? contentSize(given.con) : undefined;
  if (size !== undefined && typeof parent.attributes.mbs === 'number' && size > parent.attributes.mbs) {
    throw new Refusal(RSC.notAcceptable, 'child content sizes would exceed mbs');
  }
  if (context.behaviour.nameBeforeAeId && typeof given.rn === 'string') mustBeFree(context, parent, given.rn);
  const registered = ty === ResourceType.ae ? assignAeId(context, creation.originator, parent) : undefined;
  const creator = registered?.aei ?? creation.originator;
  const attributes: Attributes = withoutNulls(given);
  const ri = registered?.ri ?? freshId(context, `${shortName(type)}`);
  const rn = typeof given.rn === 'string' ? given.rn : `${shortName(type)}_${context.randomId()}`;
  try {
    assignCreator(type, given, attributes, creator);
    mustBeFree(context, parent, rn);
    if (registered !== undefined && context.tree.get(ri) !== undefined) {
      throw new Refusal(RSC.conflict, `Resource with ri: ${ri} already exists`);
    }
  } catch (error) {
    if (registered !== undefined && context.behaviour.leaksAeIds) context.leakedAeIds.add(registered.aei);
    throw error;
  }
  mayHoldChild(parent, ty);
  checkKnown(context, ty, given);
  checkAttributes(type, given, 'create');
  checkNames(context, parent, ri, rn);
  const stamp = context.times.stamp();
  Object.assign(attributes, { ri, rn, pi: parent.ri, ty, ct: stamp, lt: stamp }, registered && { aei: registered.aei });
  if (ty === ResourceType.container) Object.assign(attributes, { cni: 0, cbs: 0, st: 0 });
  if (size !== undefined) Object.assign(attributes, { cs: size, st: Number(parent.attributes.st) + 1 });
  settleExpiry(attributes, parent, context.times, context.behaviour);
  checkTypeRules(context, {
    ty,
    attributes,
    parent,
    given,
    originator: creator,
    releaseVersion: creation.releaseVersion,
    resource: undefined,
  });
  if (attributes.acpi !== undefined) attributes.acpi = settlePolicies(context, attributes.acpi);
  return new Resource({ ty, ri, rn, parent, sequence: context.nextSequence(), creator, attributes });
}

function commit(context: Context, resource: Resource): Resource {
  const { tree, events } = context;
  if (tree.size >= context.maxResources) throw new Refusal(RSC.internalServerError, 'the CSE is full');
  if (resource.ty === ResourceType.ae) linkNode(context, resource, resource.attributes.nl);
  tree.insert(resource);
  const parent = resource.parent!;
  if (resource.ty === ResourceType.contentInstance) addInstance(context, parent, resource);
  if (parent.subscriptions !== undefined) events.happened({ net: 3, at: parent, subject: resource });
  return resource;
}

/** `cr: null` asks for the creator's name; any other value is refused (TS-0004 7.3.3.6). */
function assignCreator(type: TypeRow, given: Attributes, attributes: Attributes, creator: string): void {
  if (!Object.hasOwn(given, 'cr')) return;
  if (!Object.hasOwn(type.attributes, 'cr')) {
    throw new Refusal(RSC.badRequest, `"creator" attribute is not allowed for resource type: ${type.name}`);
  }
  if (given.cr !== null) throw new Refusal(RSC.badRequest, 'setting the "creator" attribute is not allowed.');
  attributes.cr = creator;
}

function mustBeFree(context: Context, parent: Resource, rn: string): void {
  if (!context.tree.isNameTaken(parent, rn)) return;
  throw new Refusal(RSC.conflict, `Resource with structured id: ${parent.path}/${rn} already exists`.slice(0, 300));
}

function mayHoldChild(parent: Resource, ty: number): void {
  if (parent.type.children.includes(ty)) return;
  throw ty === ResourceType.subscription
    ? new Refusal(RSC.targetNotSubscribable, 'Parent resource is not subscribable')
    : new Refusal(RSC.invalidChildResourceType, `Invalid child resource type: ${ty}`);
}

function checkKnown(context: Context, ty: number, given: Attributes): void {
  for (const name of context.behaviour.unknownAttributes[ty] ?? []) {
    if (Object.hasOwn(given, name)) throw new Refusal(RSC.badRequest, `unknown attribute: ${name}`);
  }
  if (ty === ResourceType.acp && !context.behaviour.objectDetails) refuseObjectDetails(given);
}

/** Mobius4 and tinyIoT answer 4000 to a rule that is narrowed to child resource types. */
function refuseObjectDetails(given: Attributes): void {
  for (const privileges of [given.pv, given.pvs]) {
    const rules = (privileges as { acr?: unknown } | null | undefined)?.acr;
    const narrowed = Array.isArray(rules) && rules.some((rule) => Object.hasOwn(Object(rule), 'acod'));
    if (narrowed) throw new Refusal(RSC.badRequest, 'unknown attribute: acod');
  }
}

function checkNames(context: Context, parent: Resource, ri: string, rn: string): void {
  const { resourceName, maxPathLength } = context.behaviour;
  if (!resourceName.test(rn) || !/^[\p{L}\p{N}_\-.~]+$/u.test(ri)) {
    throw new Refusal(RSC.badRequest, `Invalid ID: ri: ${ri}, pi: ${parent.ri}, or rn: ${rn}`.slice(0, 300));
  }
  if (maxPathLength !== undefined && parent.path.length + 1 + rn.length > maxPathLength) {
    throw new Refusal(RSC.badRequest, `the address is longer than ${maxPathLength} characters`);
  }
}

function shortName(type: TypeRow): string {
  return type.name.slice('m2m:'.length);
}

function freshId(context: Context, prefix: string): string {
  for (;;) {
    const ri = `${prefix}${context.randomId()}`;
    if (context.tree.get(ri) === undefined) return ri;
  }
}
