import { ResourceType } from '../cse-client/index.ts';
import { cseRelative, resolve } from './addressing.ts';
import type { Context } from './context.ts';
import { checkGroup } from './group.ts';
import { Refusal, RSC } from './refusal.ts';
import { checkAppId } from './registration.ts';
import type { Attributes, Resource } from './resource.ts';
import { checkSubscription } from './subscription.ts';

/** What a resource is about to be: the attributes may still be corrected in place. */
export interface Draft {
  readonly ty: number;
  readonly attributes: Attributes;
  readonly parent: Resource;
  readonly originator: string;
  readonly releaseVersion: string | undefined;
  /** The attributes of the request. */
  readonly given: Attributes;
  /** Undefined while it is created. */
  readonly resource: Resource | undefined;
}

/** The rules of one resource type that no table holds; throws Refusal. */
export function checkTypeRules(context: Context, draft: Draft): void {
  const { attributes } = draft;
  switch (draft.ty) {
    case ResourceType.ae:
      checkAppId(attributes.api, draft.releaseVersion);
      break;
    case ResourceType.contentInstance:
      checkContent(context, attributes);
      break;
    case ResourceType.group:
      checkGroup(context, draft);
      break;
    case ResourceType.subscription:
      checkSubscription(draft, context.behaviour);
      break;
    default:
  }
}

function checkContent(context: Context, attributes: Attributes): void {
  const { cnf, con } = attributes;
  if (cnf !== undefined && !context.behaviour.contentInfo.test(String(cnf))) {
    throw new Refusal(RSC.badRequest, `validation of cnf attribute failed: ${String(cnf).slice(0, 100)}`);
  }
  if (context.behaviour.stringContentOnly && typeof con !== 'string') {
    throw new Refusal(RSC.badRequest, 'content has to be a string');
  }
}

/** The policies of `acpi` by their resource IDs, as they are stored; throws where one does not exist (TS-0004 7.3.3.15). */
export function settlePolicies(context: Context, acpi: unknown): unknown {
  if (!Array.isArray(acpi)) return acpi;
  return acpi.map((id: unknown) => {
    const policy = resolve(context.tree, context.identity, String(id))?.resource;
    if (policy !== undefined) return policy.ri;
    const code = context.behaviour.unknownPolicyCode;
    if (code !== undefined) throw new Refusal(code, `Referenced <ACP> resource not found: ${String(id).slice(0, 100)}`);
    return cseRelative(String(id), context.identity) ?? id;
  });
}

/** Size of a content as ACME counts it: characters of a string, 4 for an integer, 8 for another number. */
export function contentSize(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value === 'number') return Number.isInteger(value) ? 4 : 8;
  if (typeof value === 'boolean') return 4;
  if (typeof value !== 'object' || value === null) return 0;
  let size = 0;
  for (const member of Object.values(value)) size += contentSize(member);
  return size;
}
