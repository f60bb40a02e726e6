import { type Clock, Distribution, type Logger } from '../../common/index.ts';
import type { ContentInstance, CseClient } from '../../cse-client/index.ts';
import type { Node, ObjectModels, Operation, Outcome, Path, Success } from '../../lwm2m/index.ts';
import type {
  DirectCommandKind,
  EncodedContent,
  InstancePath,
  LabelSettings,
  NotificationWish,
  ValuePolicySettings,
} from '../../mappings/index.ts';
import type { CseAvailability } from '../cse/availability.ts';
import type { CsePresence, CseState } from '../cse/presence.ts';
import type { ValueKeeper } from '../store/value-recorder.ts';
import type { QueueLimits } from './value-queue.ts';

/** What the configuration says of values. */
export interface ValueSettings {
  readonly policy: ValuePolicySettings;
  /** maxNrOfInstances of value containers. */
  readonly maxInstances: number;
  readonly storeUnchanged: boolean;
  /** Resources without a value get their container, too. */
  readonly discover: boolean;
  /** Milliseconds of silence after which an instance is observed again, in case its device has lost it; `off`: never. */
  readonly observeCheck: number | 'off';
  /** Devices read at once. */
  readonly readers: number;
  /** Requests with values on the way to the CSE at once. */
  readonly maxInFlight: number;
  /** `age`: milliseconds that a value waits at most. */
  readonly queue: QueueLimits & { readonly totalBytes: number; readonly age: number };
  /** Milliseconds for which the tree of a device that has left stays at most, so that what waits for the CSE can go into it. */
  readonly farewell: number;
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
  /** What a device is observed for, and when something was heard of it last, monotonic milliseconds; undefined: not in this run. */
  readonly observed: (endpoint: string) => Iterable<{
    readonly paths: readonly Path[];
    readonly composite: boolean;
    readonly heardAt: number | undefined;
  }>;
  /** Encodes values of one Object Instance; IpeError where that cannot be. */
  readonly encode: (nodes: readonly Node[], base: Path) => EncodedContent;
  /**
   * Resource IDs of the policies of a container of an endpoint, in which such commands may be created; absent: that of the IPE
   * alone. Rejects with CseError.
   */
  readonly policiesOf?: (
    endpoint: string,
    path: InstancePath,
    kind: DirectCommandKind | undefined,
  ) => Promise<readonly string[]>;
  /** Keeps what the CSE has not got yet beyond the process; absent: it is lost with it. */
  readonly keeper?: ValueKeeper | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From 0 up to 1; names and spreading, no secrets. */
  readonly random: () => number;
}

/** Told of the containers that hold values: of a resource, a resource instance, an encapsulated instance. */
export interface ContainerListener {
  /**
   * The container (`3303_0/5700`, below the endpoint's AE) stands on the CSE. `existing`: it stood there before, so that
   * applications may have written to it or subscribed.
   */
  made(endpoint: string, path: InstancePath, container: string, existing: boolean): void;
  /** The container and all below it is gone, or will be made anew; without one: all of the endpoint. */
  gone(endpoint: string, container?: string): void;
}

/** What the values of devices offer to those who carry commands and subscriptions. */
export interface ValueHooks {
  /** Tells of every value container from now on; to be called before the first device registers. */
  onContainer(listener: ContainerListener): void;
  /** The latest contentInstance of a container that the IPE made, read from the CSE. Rejects with CseError. */
  confirmed(endpoint: string, path: InstancePath): Promise<ContentInstance | undefined>;
  /**
   * Puts the last confirmed value on top of a container again, from the CSE, else from the device; false when there is none
   * and the resource cannot be read. Resolves before it is stored; never rejects.
   */
  storeAgain(endpoint: string, path: InstancePath): Promise<boolean>;
  /** A device has confirmed that it was written: the new values are stored, by its notification where it is observed. */
  written(endpoint: string, nodes: readonly Node[]): void;
  /** Takes what a Read of a path gave; resolves when the CSE has it, or it was dropped, or the endpoint has left. */
  storeRead(endpoint: string, path: InstancePath, outcome: Success): Promise<void>;
  /** True where instances of this object of this endpoint are observed while there are wishes. */
  observesOnSubscription(endpoint: string, objectId: number): boolean;
  /**
   * Has a path observed from now on, with these attributes, merged over the subscriptions of applications; undefined: no
   * more, and the attributes are taken back. Kept while the endpoint stays, over Register and Update; ignored where nothing
   * is observed on subscription.
   */
  observeWish(endpoint: string, path: InstancePath, wish: NotificationWish | undefined): void;
}

/** Plain numbers since the start. */
export interface ValueCounters {
  /** Values that the CSE has. */
  stored: number;
  /** Values left out because they were the same as the last (`values.storeUnchanged`). */
  unchanged: number;
  /** Values dropped from a full queue, or too old. */
  dropped: number;
  /** Values dropped since their device, or the instance that they are of, was gone before the CSE could take them. */
  deviceLeft: number;
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
  /** Observations that were silent for too long, by what the device said when it was asked again. */
  readonly checks: Record<'unchanged' | 'changed' | 'ended', number>;
  /** Devices now of which values had to be dropped, and that others still wait for. */
  dropping: number;
  /** Seconds from when values came from their devices until the CSE had them. */
  readonly delay: Distribution;
}

/** All counters at zero. */
export function newValueCounters(): ValueCounters {
  return {
    stored: 0,
    unchanged: 0,
    dropped: 0,
    deviceLeft: 0,
    refused: 0,
    tooLarge: 0,
    beyondContainers: 0,
    containers: 0,
    read: 0,
    observed: 0,
    checks: { unchanged: 0, changed: 0, ended: 0 },
    dropping: 0,
    delay: new Distribution(),
  };
}
