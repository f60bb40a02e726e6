import type { CseClient } from '../../cse-client/index.ts';
import type { BootstrapCounters, Lwm2mServer } from '../../lwm2m/index.ts';
import type { Backlog } from '../bridge/backlog.ts';
import type { Bridge } from '../bridge/bridge.ts';
import type { Removals } from '../bridge/removals.ts';
import type { Commands } from '../commands/commands.ts';
import type { CseAvailability } from '../cse/availability.ts';
import type { Admission } from '../load/admission.ts';
import type { Notifications } from '../notifications/notifications.ts';
import type { Reconciliation } from '../reconciliation/reconciliation.ts';
import type { Store } from '../store/store.ts';
import type { Values } from '../values/values.ts';

/** The running parts of an IPE, as far as metrics read them. */
export interface MetricSources {
  readonly server: Pick<Lwm2mServer, 'counters' | 'registrations' | 'oldestQueued'>;
  readonly client: Pick<CseClient, 'counters' | 'inFlight' | 'inFlightLimit' | 'queued'>;
  readonly availability: Pick<CseAvailability, 'away' | 'awayFor'>;
  /** Absent where nobody is bootstrapped. */
  readonly bootstrap: BootstrapCounters | undefined;
  readonly admission: Pick<Admission, 'counters' | 'underWay'>;
  readonly bridge: Pick<Bridge, 'size' | 'counters'>;
  readonly backlog: Pick<Backlog, 'waiting' | 'refused'>;
  readonly reconciliation: Pick<Reconciliation, 'counters'>;
  readonly removals: Pick<Removals, 'size'>;
  readonly values: Pick<Values, 'counters' | 'waiting' | 'waitingBytes'>;
  /** Absent where nobody may command. */
  readonly commands: Pick<Commands, 'counters' | 'waiting'> | undefined;
  readonly notifications: Pick<Notifications, 'counters'>;
  readonly store: Pick<Store, 'counters' | 'pending' | 'fault'>;
}
