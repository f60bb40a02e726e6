import type { FilterCriteria } from '../cse-client/index.ts';
import { ResourceType } from '../cse-client/index.ts';
import { Permission } from './access.ts';
import { resolve, type Target } from './addressing.ts';
import { timestampOf } from './attribute-values.ts';
import type { Context } from './context.ts';
import { discover } from './discovery.ts';
import { Refusal, RSC } from './refusal.ts';
import type { Resource } from './resource.ts';
import { nested, references, uriList } from './result-content.ts';
import { BLOCKING_RETRIEVE, blockingSubscription } from './subscription.ts';

/** A RETRIEVE whose address has been resolved; `rcn` is never 0 (TS-0004 7.3.3.14). */
export interface Retrieval {
  readonly target: Target;
  readonly originator: string;
  readonly rcn: number;
  readonly drt: number | undefined;
  readonly fc: FilterCriteria | undefined;
}

/** The content of an answer, and where a discovery goes on that a limit cut short. */
export interface Retrieved {
  readonly pc: unknown;
  readonly cnst?: number;
  readonly cnot?: number;
}

/** Retrieves or discovers (TS-0004 7.3.3.14 to 7.3.3.17); throws Refusal. A promise where a target is asked. */
export function retrieve(context: Context, retrieval: Retrieval): Retrieved | Promise<Retrieved> {
  const { target, rcn, originator } = retrieval;
  if (target.virtual !== undefined) return retrieveInstance(context, target, originator);
  const { resource } = target;
  const criteria = retrieval.fc ?? {};
  const discovery = criteria.fu === 1;
  if (discovery) mayDiscover(context, resource, originator);
  else mayRetrieve(context, resource, originator, rcn);
  if (rcn === 1) return { pc: representation(context, resource) };
  const permission = discovery ? Permission.discover : Permission.retrieve;
  const { resources, next } = discover(context, resource, originator, criteria, permission);
  const pc = content(context, retrieval, resource, resources);
  if (context.behaviour.limit === 'children' || criteria.lim === undefined) return { pc };
  return next === undefined ? { pc, cnst: 2 } : { pc, cnst: 1, cnot: next };
}

function content(context: Context, retrieval: Retrieval, root: Resource, below: readonly Resource[]): unknown {
  const { identity } = context;
  const { rcn, drt, fc } = retrieval;
  switch (rcn) {
    case 4:
      return { [root.type.name]: nested(root, below, true) };
    case 5:
      return { [root.type.name]: { ...root.attributes, ch: references(below, drt, identity) } };
    case 6:
      return { 'm2m:rrl': { rrf: references(below, drt, identity) } };
    case 8:
      return { [root.type.name]: nested(root, below, false) };
    case 11:
      return uriList(reachable(context, below, fc?.arp), drt, identity, fc?.arp);
    default:
      throw new Refusal(RSC.badRequest, `unsupported rcn: ${rcn} for RETRIEVE`);
  }
}

/** With `arp` each result is the resource of that relative address below what was found (TS-0004 6.3.5.8). */
function reachable(context: Context, found: readonly Resource[], arp: string | undefined): readonly Resource[] {
  if (arp === undefined) return found;
  for (const resource of found) {
    if (resolve(context.tree, context.identity, `${resource.path}/${arp}`) === undefined) {
      throw new Refusal(RSC.notFound, `resource not found: ${resource.path}/${arp}`.slice(0, 300));
    }
  }
  return found;
}

function mayRetrieve(context: Context, resource: Resource, originator: string, rcn: number): void {
  if (rcn === 6 || context.access.allows(originator, resource, Permission.retrieve)) return;
  throw new Refusal(
    RSC.noPrivilege,
    `originator: ${originator} has no RETRIEVE privileges for resource: ${resource.ri}`,
  );
}

function mayDiscover(context: Context, resource: Resource, originator: string): void {
  if (resource.ty !== ResourceType.cseBase || context.behaviour.cseBaseDiscovery === 'filtered') return;
  if (context.access.isAdministrator(originator)) return;
  throw new Refusal(RSC.noPrivilege, 'discovery at the CSEBase is for the administrator');
}

/** As ACME does it for `la` and `ol`; it also asks for each old child that is named or discovered, which this CSE does not. */
function retrieveInstance(context: Context, target: Target, originator: string): Retrieved | Promise<Retrieved> {
  const found = instance(context, target, originator);
  const blocking = blockingSubscription(target.resource, BLOCKING_RETRIEVE);
  if (blocking === undefined || !isOlder(context, found, blocking.attributes.ma)) return { pc: found.representation() };
  const answer = () => ({ pc: instance(context, target, originator).representation() });
  return context.events.blockingRetrieve(blocking).then(answer);
}

/** ACME counts whole seconds, and asks nobody without `ma`. */
function isOlder({ times }: Context, { attributes }: Resource, ma: unknown): boolean {
  const age = secondsOf(ma);
  const changed = timestampOf(attributes.lt);
  return age !== undefined && changed !== undefined && changed <= times.now() - Math.floor(age) * 1000;
}

const DURATION = /^P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?$/;

function secondsOf(duration: unknown): number | undefined {
  const parts = typeof duration === 'string' ? DURATION.exec(duration) : null;
  if (parts === null) return undefined;
  const [days, hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

/** The instance behind `la` or `ol`, whose rights are its container's (TS-0004 7.4.27 and 7.4.28). */
function instance(context: Context, target: Target, originator: string): Resource {
  const { resource: container, virtual } = target;
  const found = virtual === 'la' ? container.instances?.at(-1) : container.instances?.[0];
  if (container.attributes.disr === true) {
    throw new Refusal(RSC.operationNotAllowed, 'retrieval is disabled for the parent <container>');
  }
  if (found === undefined) throw new Refusal(RSC.notFound, `no instance for <${virtual}>`);
  if (!context.access.allows(originator, found, Permission.retrieve)) {
    throw new Refusal(RSC.noPrivilege, 'originator has no permission for RETRIEVE');
  }
  return found;
}

function representation(context: Context, resource: Resource): unknown {
  if (resource.ty === ResourceType.contentInstance && resource.parent?.attributes.disr === true) {
    throw new Refusal(RSC.operationNotAllowed, 'retrieval is disabled for the parent <container>');
  }
  if (resource.ty !== ResourceType.cseBase) return resource.representation();
  // A CSEBase also tells the time (TS-0001 table 9.6.3-3).
  return { [resource.type.name]: { ...resource.attributes, ctm: context.times.stamp() } };
}
