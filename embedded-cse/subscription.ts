import type { Behaviour } from './behaviour.ts';
import { Refusal, RSC } from './refusal.ts';
import type { Attributes, Resource } from './resource.ts';
import { resourceType } from './resource-types.ts';

/** notificationEventType of a blocking UPDATE (TS-0004 6.3.4.2.19). */
export const BLOCKING_UPDATE = 7;
/** notificationEventType of ACME: a RETRIEVE of a direct child waits. */
export const BLOCKING_RETRIEVE = 10;
const BLOCKING = [BLOCKING_UPDATE, BLOCKING_RETRIEVE] as const;

/** notificationContentTypes that an event type allows, its default first (TS-0004 6.3.4.2.18). */
const CONTENT_TYPES: Readonly<Record<number, readonly number[]>> = {
  1: [1, 2, 3],
  2: [1, 3],
  3: [1, 3],
  4: [1, 3],
  [BLOCKING_UPDATE]: [2],
  [BLOCKING_RETRIEVE]: [],
};
/** What a subscription for a blocking UPDATE may not have beside it (TS-0004 7.4.8.2.1). */
const NOT_BLOCKING = ['exc', 'gpi', 'nfu', 'rl', 'psn', 'pn', 'nsp', 'ln', 'nec', 'acrs'];

/** What a subscription waits for. */
export interface EventCriteria {
  readonly net: readonly number[];
  readonly chty?: readonly number[];
  readonly atr?: readonly string[];
}

/** The criteria of a stored subscription. */
export function eventCriteria(subscription: Resource): EventCriteria {
  return subscription.attributes.enc as EventCriteria;
}

/** Checks a subscription and completes `enc` and `nct` (TS-0004 7.4.8.2); throws Refusal. */
export function checkSubscription(
  draft: { attributes: Attributes; given: Attributes; parent: Resource; resource: Resource | undefined },
  { blockingRetrieve }: Pick<Behaviour, 'blockingRetrieve'>,
): void {
  const { attributes, given, parent, resource } = draft;
  const criteria = { ...((attributes.enc as Partial<EventCriteria> | undefined) ?? {}) };
  const asked = (given.enc as Partial<EventCriteria> | null | undefined)?.net;
  const known = (net: number) => Object.hasOwn(CONTENT_TYPES, net) && (blockingRetrieve || net !== BLOCKING_RETRIEVE);
  if (asked?.every(known) === false) {
    throw bad(`enc/net=[${asked.join(', ').slice(0, 100)}] is not an allowed or supported NotificationEventType`);
  }
  const net = criteria.net ?? [1];
  attributes.enc = { ...criteria, net };
  for (const type of BLOCKING) if (asked?.includes(type) === true) checkBlocking(given, parent, resource, net, type);
  const nct = attributes.nct as number | undefined;
  if (nct === undefined) {
    if (new Set(net.map((event) => CONTENT_TYPES[event]?.[0])).size > 1) {
      throw bad('nct is not provided, and enc/net contains event types with different defaults');
    }
    const usual = net[0] === undefined ? undefined : CONTENT_TYPES[net[0]]?.[0];
    if (usual !== undefined) attributes.nct = usual;
  } else if (asked?.some((event) => CONTENT_TYPES[event]?.includes(nct) === false) === true) {
    throw bad(`nct=${nct} is not allowed for one or more values in enc/net`);
  }
  for (const ty of criteria.chty ?? []) {
    if (!parent.type.children.includes(ty) || resourceType(ty) === undefined) {
      throw bad(`ChildResourceType ${ty} is not an allowed child resource of ${parent.type.name}`);
    }
  }
}

function checkBlocking(
  given: Attributes,
  parent: Resource,
  resource: Resource | undefined,
  net: readonly number[],
  type: (typeof BLOCKING)[number],
): void {
  if (resource !== undefined) throw bad('an UPDATE cannot make a subscription blocking');
  if (net.length > 1) throw bad('a blocking event type must be the only one in enc/net');
  if (blockingSubscription(parent, type) !== undefined) {
    throw bad('a blocking subscription already exists for this resource');
  }
  if ((given.nu as readonly string[]).length > 1) throw bad('nu must hold one target for a blocking subscription');
  if (NOT_BLOCKING.some((name) => given[name] !== undefined))
    throw bad('an attribute that no blocking subscription has');
  const criteria = Object.keys((given.enc ?? {}) as object);
  if (criteria.some((name) => name !== 'net' && name !== 'atr'))
    throw bad('enc of a blocking subscription has only atr');
}

/** The subscription that wants to be asked before a resource is updated, or a child of it retrieved. */
export function blockingSubscription(resource: Resource, type: (typeof BLOCKING)[number]): Resource | undefined {
  for (const subscription of resource.subscriptions ?? []) {
    if (eventCriteria(subscription).net.includes(type)) return subscription;
  }
  return undefined;
}

function bad(message: string): Refusal {
  return new Refusal(RSC.badRequest, message);
}
