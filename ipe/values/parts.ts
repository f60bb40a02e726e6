import type { Clock, Logger } from '../../common/index.ts';
import type { CseClient } from '../../cse-client/index.ts';
import type { Node, ObjectModels, Operation, Outcome, Path } from '../../lwm2m/index.ts';
import type { EncodedContent, LabelSettings, ValuePolicySettings } from '../../mappings/index.ts';
import type { CseAvailability } from '../cse/availability.ts';
import type { CsePresence, CseState } from '../cse/presence.ts';
import type { QueueLimits } from './value-queue.ts';

/** What the configuration says of values. */
export interface ValueSettings {
  readonly policy: ValuePolicySettings;
  /** maxNrOfInstances of value containers. */
  readonly maxInstances: number;
  readonly storeUnchanged: boolean;
  /** Devices read at once. */
  readonly readers: number;
  /** Requests with values on the way to the CSE at once. */
  readonly maxInFlight: number;
  readonly queue: QueueLimits & { readonly totalBytes: number };
  /** resourceName of the CSEBase. */
  readonly base: string;
  readonly labels: LabelSettings;
}

/** What values are moved with. */
export interface ValueParts {
  readonly client: CseClient;
  readonly cse: () => CseState;
  readonly availability: Pick<CseAvailability, 'away' | 'failed'>;
  readonly presence: Pick<CsePresence, 'generation' | 'restore'>;
  readonly models: () => Pick<ObjectModels, 'find'>;
  /** Asks a device; never rejects. */
  readonly perform: (
    endpoint: string,
    operation: Operation,
    options: { readonly deadline: number; readonly signal: AbortSignal; readonly urgency: 'background' },
  ) => Promise<Outcome>;
  /** Encodes values of one Object Instance; IpeError where that cannot be. */
  readonly encode: (nodes: readonly Node[], base: Path) => EncodedContent;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From 0 up to 1; names and spreading, no secrets. */
  readonly random: () => number;
}

/** Plain numbers since the start. */
export interface ValueCounters {
  /** Values that the CSE has. */
  stored: number;
  /** Values left out because they were the same as the last (`values.storeUnchanged`). */
  unchanged: number;
  /** Values dropped from a full queue. */
  dropped: number;
  /** Values that the CSE refused. */
  refused: number;
  /** Values larger than the CSE takes. */
  tooLarge: number;
  /** Values beyond the most containers of a device. */
  beyondContainers: number;
  /** Value containers made. */
  containers: number;
  /** Object Instances read. */
  read: number;
  /** Object Instances observed. */
  observed: number;
}

/** All counters at zero. */
export function newValueCounters(): ValueCounters {
  return {
    stored: 0,
    unchanged: 0,
    dropped: 0,
    refused: 0,
    tooLarge: 0,
    beyondContainers: 0,
    containers: 0,
    read: 0,
    observed: 0,
  };
}
