import { type Clock, type Logger, systemClock } from '../common/index.ts';
import type { CseClient, Dialect } from '../cse-client/index.ts';
import type { Registration } from '../lwm2m/index.ts';
import type { TreeFollower } from './bridge/bridge.ts';
import type { EndpointTree } from './bridge/endpoint-tree.ts';
import type { Configuration } from './configuration/index.ts';
import type { PresenceSettings } from './cse/access.ts';
import type { CseAvailability } from './cse/availability.ts';
import type { CsePresence } from './cse/presence.ts';
import type { Notifications } from './notifications/notifications.ts';
import type { ReadThroughParts } from './read-through/parts.ts';
import { ReadThrough } from './read-through/read-through.ts';
import { observesOnSubscription, readsThrough, readThroughSettings, subscriptionSettings } from './settings.ts';
import { Subscriptions } from './subscriptions/subscriptions.ts';
import type { Values } from './values/values.ts';

/** What the demand of applications is met with. */
export interface DemandParts {
  readonly client: CseClient;
  readonly presence: CsePresence;
  readonly availability: CseAvailability;
  readonly notifications: Notifications;
  readonly values: Values;
  readonly perform: ReadThroughParts['perform'];
  readonly clock?: Clock;
  readonly logger: Logger;
}

/** True where the CSE has to tell the IPE what applications do. */
export function listensToApplications(configuration: Configuration): boolean {
  return observesOnSubscription(configuration) || readsThrough(configuration);
}

/** What is configured and cannot be had on a CSE, in plain sentences. */
export function missedDemand(configuration: Configuration, dialect: Dialect): string[] {
  const missed: string[] = [];
  if (observesOnSubscription(configuration) && !dialect.accessControlObjectDetails) {
    missed.push('applications cannot subscribe to values: what values.observe: on-subscription names is not observed');
  }
  if (readsThrough(configuration) && !dialect.blockingRetrieve) {
    missed.push('a RETRIEVE cannot wait for a device: values.readThrough changes nothing');
  }
  return missed;
}

/** What devices are asked because applications subscribe or retrieve, as far as it is configured: mostly nothing. */
export class ApplicationDemand implements TreeFollower {
  readonly #parts: readonly (Subscriptions | ReadThrough)[];

  constructor(configuration: Configuration, settings: PresenceSettings, parts: DemandParts) {
    const { presence, values } = parts;
    const shared = { clock: systemClock, ...parts, cse: () => presence.state };
    const through = readsThrough(configuration) && presence.state.dialect.blockingRetrieve;
    this.#parts = [
      ...(observesOnSubscription(configuration)
        ? [new Subscriptions(subscriptionSettings(configuration, settings), shared)]
        : []),
      ...(through ? [new ReadThrough(readThroughSettings(configuration, settings), shared)] : []),
    ];
    for (const part of this.#parts) values.onContainer(part);
  }

  /** The bridge has brought the tree to what a Register or an Update wants. */
  follow(registration: Registration, tree: EndpointTree): void {
    for (const part of this.#parts) part.follow(registration, tree);
  }

  /** The registration ends. */
  leave(endpoint: string): void {
    for (const part of this.#parts) part.leave(endpoint);
  }

  /** The CSE answers again. */
  resume(): void {
    for (const part of this.#parts) part.resume();
  }

  /** Asks nothing more; resolves when no request to the CSE is under way. */
  async stop(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.stop()));
  }
}
