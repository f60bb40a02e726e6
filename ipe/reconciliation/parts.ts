import type { Clock, Logger } from '../../common/index.ts';
import type { CseClient } from '../../cse-client/index.ts';
import type { Backlog } from '../bridge/backlog.ts';
import type { Bridge } from '../bridge/bridge.ts';
import type { OwnershipSettings } from '../bridge/ownership.ts';
import type { Removals } from '../bridge/removals.ts';
import type { CseAvailability } from '../cse/availability.ts';
import type { CsePresence, CseState } from '../cse/presence.ts';

/** Why what is on the CSE is looked at. */
export type Reason = 'start' | 'return' | 'missing' | 'interval';

/** What reconciliation is made with. */
export interface ReconciliationSettings extends OwnershipSettings {
  /** Milliseconds between looks that nothing else calls for; 0: none. */
  readonly interval: number;
  /** Asks where the CSE lets nobody else discover. */
  readonly adminOriginator: string | undefined;
}

/** Whom reconciliation works with. */
export interface ReconciliationParts {
  readonly client: CseClient;
  readonly cse: () => CseState;
  readonly bridge: Pick<Bridge, 'trees' | 'wants'>;
  readonly backlog: Pick<Backlog, 'add' | 'waiting' | 'has'>;
  readonly removals: Pick<Removals, 'add'>;
  readonly presence: Pick<CsePresence, 'check' | 'generation'>;
  readonly availability: Pick<CseAvailability, 'away' | 'failed'>;
  /** Tells who keeps more in a tree than the bridge what stands below its AE, by name. */
  readonly standing: (endpoint: string, names: ReadonlySet<string>) => void;
  /**
   * True when every registration that there is, is known here, also of earlier runs: what belongs to none is left over.
   * Else it may be of a device that will register again, and stays until its time is over.
   */
  readonly complete: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** What reconciliation did, in plain numbers since the start. */
export interface ReconciliationCounters {
  runs: number;
  /** Runs that the CSE did not let come to an end. */
  failures: number;
  /** Requests to look, without those to put right. */
  requests: number;
  /** Endpoints of whose resources some were missing, or would have expired too early. */
  repaired: number;
  /** Resources that were missing. */
  missing: number;
  /** Resources that belonged to nobody and were deleted. */
  deleted: number;
}

/** All zero. */
export function newReconciliationCounters(): ReconciliationCounters {
  return { runs: 0, failures: 0, requests: 0, repaired: 0, missing: 0, deleted: 0 };
}
