import type { Clock, Logger } from '../../common/index.ts';
import type { CseClient } from '../../cse-client/index.ts';
import type { InstancePath, NotificationWish } from '../../mappings/index.ts';
import type { CseAvailability } from '../cse/availability.ts';
import type { CseState } from '../cse/presence.ts';
import type { Lanes } from '../lanes.ts';
import type { Notifications } from '../notifications/notifications.ts';

/** What the configuration says of subscriptions of applications. */
export interface SubscriptionSettings {
  /** resourceName of the CSEBase. */
  readonly base: string;
  /** AE-ID of the IPE. */
  readonly originator: string;
  /** Used only to find subscriptions that nobody else may read, where the CSE lets this one. */
  readonly adminOriginator: string | undefined;
  /** resourceName of the IPE's AE. */
  readonly resourceName: string;
  /** Milliseconds between two looks for what no notification told of. */
  readonly pollInterval: number;
}

/** Whose devices have objects that are observed on subscription, and who is told of what applications wish. */
export interface WishTaker {
  observesOnSubscription(endpoint: string, objectId: number): boolean;
  observeWish(endpoint: string, path: InstancePath, wish: NotificationWish | undefined): void;
}

/** What subscriptions of applications are found with. */
export interface SubscriptionParts {
  readonly client: CseClient;
  readonly cse: () => CseState;
  readonly availability: Pick<CseAvailability, 'away' | 'failed'>;
  readonly notifications: Pick<Notifications, 'add'>;
  readonly values: WishTaker;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Plain numbers since the start. */
export interface SubscriptionCounters {
  /** Containers that got a subscription of ours, those made again included. */
  watched: number;
  /** Notifications of an application's subscription that came or went. */
  notified: number;
  /** Looks at all subscriptions of a device. */
  looks: number;
  /** Subscriptions of applications found, those that came back included. */
  found: number;
  /** Subscriptions of applications that went. */
  lost: number;
  /** Subscriptions and containers beyond the bounds of a device. */
  beyondBounds: number;
}

/** All counters at zero. */
export function newSubscriptionCounters(): SubscriptionCounters {
  return { watched: 0, notified: 0, looks: 0, found: 0, lost: 0, beyondBounds: 0 };
}

/** What the subscriptions of all devices share. */
export interface SubscriptionShares {
  readonly settings: SubscriptionSettings;
  readonly parts: SubscriptionParts;
  readonly counters: SubscriptionCounters;
  /** Devices that are looked after at once. */
  readonly lanes: Lanes;
}
