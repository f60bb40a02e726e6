import { ResourceType } from '../cse-client/index.ts';
import { resolve } from './addressing.ts';
import type { Context } from './context.ts';
import { Refusal, RSC } from './refusal.ts';
import type { Attributes, Resource } from './resource.ts';
import { matchesWildcard } from './wildcard.ts';

/** AE-IDs that may register without a policy: a stem of `C` or `S`, here or SP-relative (TS-0001 10.2.2.2). */
const ORIGINATORS = ['C*', 'S*', '/*/C*', '/*/S*'];

/** True when an originator may register an AE; none at all asks the CSE to choose. */
export function mayRegister(originator: string): boolean {
  return originator === '' || ORIGINATORS.some((pattern) => matchesWildcard(originator, pattern));
}

/** Assigns the AE-ID of a CREATE of an AE, or throws 4117 or 4108 (TS-0004 7.4.5.2.1). Keeps it taken until `release`. */
export function assignAeId(context: Context, originator: string, parent: Resource): { aei: string; ri: string } {
  const { tree, behaviour, leakedAeIds, randomId } = context;
  let aei = originator === '' ? 'C' : originator;
  if (!mayRegister(aei)) throw new Refusal(RSC.appRuleValidationFailed, 'Originator not allowed');
  if (aei === 'C' || aei === 'S') aei += randomId();
  if (tree.registrations.has(aei) || leakedAeIds.has(aei)) {
    throw new Refusal(RSC.alreadyRegistered, `Originator has already registered: ${aei}`);
  }
  if (behaviour.maxAeIdLength !== undefined && aei.length > behaviour.maxAeIdLength) {
    throw new Refusal(RSC.badRequest, `AE-ID longer than ${behaviour.maxAeIdLength} characters`);
  }
  if (parent.ty !== ResourceType.cseBase) {
    throw new Refusal(RSC.invalidChildResourceType, 'Parent must be the CSE');
  }
  return { aei, ri: aei.slice(aei.lastIndexOf('/') + 1) };
}

/** App-ID of an AE: `N…`, `R` with three parts, `r` only up to release 3 (TS-0001 7.2 and table 7.2-1); throws 4000. */
export function checkAppId(api: unknown, releaseVersion: string | undefined): void {
  const text = String(api);
  if (text.length < 2) throw new Refusal(RSC.badRequest, 'missing or empty attribute: "api"');
  if (text.startsWith('N')) return;
  if (text.startsWith('R')) {
    if (text.split('.').length >= 3) return;
    throw new Refusal(RSC.badRequest, 'a registered App-ID in "api" has three parts at least');
  }
  if (text.startsWith('r') && (releaseVersion === undefined || ['2a', '3'].includes(releaseVersion))) return;
  throw new Refusal(RSC.badRequest, 'an App-ID in "api" starts with "R" or "N"');
}

/** Keeps `hael` of the nodes in step with the `nl` of an AE; throws 4004 for a node that does not exist (TS-0001 9.6.5). */
export function linkNode(context: Context, ae: { ri: string; linkedNode: string | undefined }, nl: unknown): void {
  const wanted = typeof nl === 'string' ? nl : undefined;
  if (wanted === ae.linkedNode) return;
  if (ae.linkedNode !== undefined) unlink(context, ae.ri, ae.linkedNode);
  if (wanted === undefined) {
    ae.linkedNode = undefined;
    // ACME looks the node up all the same, so that `nl` cannot be taken away there.
    if (context.behaviour.breaksNodeLinks) throw new Refusal(RSC.notFound, 'no node of that link');
    return;
  }
  const node = nodeOf(context, wanted);
  if (node === undefined) throw new Refusal(RSC.notFound, `resource not found: ${wanted.slice(0, 100)}`);
  ae.linkedNode = wanted;
  const hosted = Array.isArray(node.attributes.hael) ? (node.attributes.hael as unknown[]) : [];
  if (!hosted.includes(ae.ri)) context.tree.replaceAttributes(node, { ...node.attributes, hael: [...hosted, ae.ri] });
}

/** Takes an AE that goes out of its node; throws 4004 where ACME stumbles over a node that went before. */
export function unlinkGone(context: Context, ae: Resource): void {
  const { nl } = ae.attributes;
  if (typeof nl === 'string') unlink(context, ae.ri, nl);
}

function unlink(context: Context, aeRi: string, nl: string): void {
  const node = nodeOf(context, nl);
  if (node === undefined) {
    if (context.behaviour.breaksNodeLinks) throw new Refusal(RSC.notFound, `resource not found: ${nl.slice(0, 100)}`);
    return;
  }
  const { hael, ...rest } = node.attributes;
  if (!Array.isArray(hael) || !hael.includes(aeRi)) return;
  const left = hael.filter((id) => id !== aeRi);
  context.tree.replaceAttributes(node, left.length === 0 ? rest : { ...rest, hael: left });
}

/** Takes a node that goes out of its AEs; ACME does so only where the AE names it by its plain resource ID. */
export function forgetNode(context: Context, node: Resource): void {
  const hosted = Array.isArray(node.attributes.hael) ? (node.attributes.hael as unknown[]) : [];
  for (const id of hosted) {
    const ae = typeof id === 'string' ? resolve(context.tree, context.identity, id)?.resource : undefined;
    if (ae === undefined) continue;
    const { nl, ...rest } = ae.attributes as Attributes;
    const same = context.behaviour.breaksNodeLinks ? nl === node.ri : nodeOf(context, String(nl)) === node;
    if (!same) continue;
    context.tree.replaceAttributes(ae, rest);
    if (!context.behaviour.breaksNodeLinks) ae.linkedNode = undefined;
  }
}

function nodeOf(context: Context, id: string): Resource | undefined {
  return resolve(context.tree, context.identity, id)?.resource;
}
