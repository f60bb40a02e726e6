import type { Clock, Logger } from '../../common/index.ts';
import type { CseClient } from '../../cse-client/index.ts';
import type { Operation, Outcome, Success } from '../../lwm2m/index.ts';
import type { InstancePath } from '../../mappings/index.ts';
import type { CseAvailability } from '../cse/availability.ts';
import type { CseState } from '../cse/presence.ts';
import type { Notifications } from '../notifications/notifications.ts';

/** What the configuration says of reading through. */
export interface ReadThroughSettings {
  /** resourceName of the CSEBase. */
  readonly base: string;
  /** AE-ID of the IPE. */
  readonly originator: string;
  /** resourceName of the IPE's AE. */
  readonly resourceName: string;
  /** Milliseconds that a RETRIEVE waits for a device at most. */
  readonly wait: number;
  /** Milliseconds of age beyond which a value is asked for; undefined: never. */
  readonly age: (endpoint: string, objectId: number) => number | undefined;
}

/** What devices are asked with. */
export interface ReadThroughParts {
  readonly client: CseClient;
  readonly cse: () => CseState;
  readonly availability: Pick<CseAvailability, 'away' | 'failed'>;
  readonly notifications: Pick<Notifications, 'add'>;
  /** Takes what a device has answered; resolves when the CSE has it. */
  readonly values: { storeRead(endpoint: string, path: InstancePath, outcome: Success): Promise<void> };
  /** Asks a device; never rejects. */
  readonly perform: (
    endpoint: string,
    operation: Operation,
    options: { readonly deadline: number },
  ) => Promise<Outcome>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Plain numbers since the start. */
export interface ReadThroughCounters {
  /** RETRIEVEs of a latest value that the CSE asked us about. */
  asked: number;
  /** Reads of devices that gave a value. */
  read: number;
  /** Reads of devices that did not, in time or at all. */
  failed: number;
}
