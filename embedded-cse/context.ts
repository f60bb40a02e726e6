import type { AccessControl } from './access.ts';
import type { CseIdentity } from './addressing.ts';
import type { Behaviour } from './behaviour.ts';
import type { Resource } from './resource.ts';
import type { ResourceTree } from './resource-tree.ts';
import type { Timestamps } from './timestamps.ts';

/** What happened to a resource, for the subscriptions beside it (notificationEventType, TS-0004 6.3.4.2.19). */
export interface ResourceEvent {
  readonly net: 1 | 2 | 3 | 4;
  /** The resource whose subscriptions are asked. */
  readonly at: Resource;
  /** The resource that changed: `at` itself or its child. */
  readonly subject: Resource;
  /** What an UPDATE changed. */
  readonly modified?: Readonly<Record<string, unknown>>;
}

/** Where the operations say what happened; a listener must neither throw nor wait. */
export interface EventListener {
  happened(event: ResourceEvent): void;
  /** A subscription is gone: its `su`, or all its targets, are told (TS-0004 7.4.8.2.4). */
  subscriptionRemoved(subscription: Resource): void;
  /** Asks the targets of a new `nu` whether they want it; throws Refusal 5204. Undefined where nobody is asked. */
  verify(
    subscription: { readonly ri: string; readonly creator: string },
    nu: readonly string[],
  ): Promise<void> | undefined;
  /** Asks the target of a blocking UPDATE (net 7); throws Refusal with what it answered. */
  blockingUpdate(subscription: Resource, originator: string, pc: unknown): Promise<void> | undefined;
  /** Asks the target of a blocking RETRIEVE (net 10); never rejects, whatever it answered. */
  blockingRetrieve(subscription: Resource): Promise<void>;
  /** Hands a NOTIFY on to the point of access of an AE; throws Refusal. */
  forward(ae: Resource, originator: string, content: unknown): Promise<void>;
}

/** What the operations of the CSE work on. */
export interface Context {
  readonly tree: ResourceTree;
  readonly identity: CseIdentity;
  readonly behaviour: Behaviour;
  readonly access: AccessControl;
  readonly times: Timestamps;
  readonly events: EventListener;
  /** Ten letters and digits. */
  readonly randomId: () => string;
  readonly nextSequence: () => number;
  readonly maxResources: number;
  /** AE-IDs that ACME keeps although their CREATE failed. */
  readonly leakedAeIds: Set<string>;
}
