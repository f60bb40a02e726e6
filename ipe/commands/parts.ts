import type { Clock, Logger } from '../../common/index.ts';
import type { CseClient } from '../../cse-client/index.ts';
import type { ObjectModels, Operation, OperationState, Outcome } from '../../lwm2m/index.ts';
import type { LabelSettings } from '../../mappings/index.ts';
import type { DeviceAccess } from '../access/device-access.ts';
import type { CseAvailability } from '../cse/availability.ts';
import type { CsePresence, CseState } from '../cse/presence.ts';
import type { Notifications } from '../notifications/notifications.ts';
import type { CommandKeeper } from '../store/command-recorder.ts';
import type { ValueHooks } from '../values/parts.ts';

/** What the configuration says of commands. */
export interface CommandSettings {
  /** resourceName of the CSEBase. */
  readonly base: string;
  /** AE-ID of the IPE. */
  readonly originator: string;
  /** resourceName of the IPE's AE. */
  readonly resourceName: string;
  readonly labels: LabelSettings;
  /** maxNrOfInstances of `requests`. */
  readonly maxInstances: number;
  /** Commands of one device that wait. */
  readonly pending: number;
  /** Milliseconds that a command has which says nothing of its expiration. */
  readonly expiry: number;
  /** The same for a device in queue mode, whose registration ends it in any case. */
  readonly queueExpiry: number;
  /** A Write that waits is given up for a later one that leaves nothing of it. */
  readonly coalesce: boolean;
  /** Milliseconds between two looks for what no notification told of. */
  readonly pollInterval: number;
  /** maxNrOfInstances of containers that hold values. */
  readonly valueInstances: number;
}

/** What commands are carried with. */
export interface CommandParts {
  readonly client: CseClient;
  readonly cse: () => CseState;
  readonly availability: Pick<CseAvailability, 'away' | 'failed'>;
  readonly presence: Pick<CsePresence, 'generation' | 'restore'>;
  readonly notifications: Pick<Notifications, 'add'>;
  /** Who may command, and with which policies. */
  readonly policies: Pick<DeviceAccess, 'of' | 'commanded' | 'container'>;
  readonly models: () => Pick<ObjectModels, 'find'>;
  /** The containers of values, in which direct commands are created, and their truth. */
  readonly values: Pick<ValueHooks, 'onContainer' | 'storeAgain' | 'written'>;
  /** Why a device is not asked, where it is known that it would refuse; absent: it is always asked. */
  readonly refusal?: (endpoint: string, operation: Operation) => string | undefined;
  /** Asks a device; never rejects. */
  readonly perform: (
    endpoint: string,
    operation: Operation,
    options: {
      readonly deadline: number;
      readonly signal: AbortSignal;
      readonly onState: (state: OperationState) => void;
    },
  ) => Promise<Outcome>;
  /** Keeps what the CSE has not been told beyond the process; absent: the responses on the CSE are all there is. */
  readonly keeper?: CommandKeeper | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Plain numbers since the start. */
export interface CommandCounters {
  /** Notifications of something new in `requests`. */
  notifications: number;
  /** Requests read from the CSE. */
  taken: number;
  done: number;
  failed: number;
  expired: number;
  /** Responses that the CSE refused. */
  undelivered: number;
  /** Subscriptions made, those made again included. */
  subscriptions: number;
}

/** All counters at zero. */
export function newCommandCounters(): CommandCounters {
  return {
    notifications: 0,
    taken: 0,
    done: 0,
    failed: 0,
    expired: 0,
    undelivered: 0,
    subscriptions: 0,
  };
}

/** resourceName of the container that takes requests. */
export const REQUESTS = 'requests';
/** resourceName of the container that tells what became of them. */
export const RESPONSES = 'responses';
