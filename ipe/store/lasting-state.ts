import type { Clock, IpeError, Logger } from '../../common/index.ts';
import type { ObservationKeeper, RegistrationHandler } from '../../lwm2m/index.ts';
import type { TreeKeeper } from '../bridge/endpoint-tree.ts';
import type { RemovalJournal } from '../bridge/removals.ts';
import type { CseMemory } from '../cse/remembered-cse.ts';
import { type CommandKeeper, commandRecorder } from './command-recorder.ts';
import { cseRecorder } from './cse-recorder.ts';
import { startHeartbeat } from './heartbeat.ts';
import type { HeldFollower } from './held-follower.ts';
import { observationRecorder } from './observation-recorder.ts';
import { openStore, type StoreSettings } from './open-store.ts';
import { recorded } from './recording.ts';
import { type Restarted, type RestartParts, restart } from './restart.ts';
import type { Store, Unwritten } from './store.ts';
import { type ValueKeeper, valueRecorder } from './value-recorder.ts';
import { removalRecorder, treeRecorder } from './work-recorder.ts';

/** What the parts of the IPE write into the store, and how a start takes it up again. */
export class LastingState {
  readonly store: Store;
  readonly trees: TreeKeeper;
  readonly removals: RemovalJournal;
  readonly observations: ObservationKeeper;
  /** Undefined where nothing outlives the process. */
  readonly values: ValueKeeper | undefined;
  /** Undefined where nothing outlives the process. */
  readonly commands: CommandKeeper | undefined;
  readonly cse: CseMemory;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #endHeartbeat: () => void = () => undefined;

  /** Opens the store; throws IpeError as `openStore`. */
  constructor(settings: StoreSettings, clock: Clock, logger: Logger) {
    this.store = openStore(settings, logger);
    this.trees = treeRecorder(this.store, logger);
    this.removals = removalRecorder(this.store, clock, logger);
    this.observations = observationRecorder(this.store, logger);
    this.values = valueRecorder(this.store, clock, logger);
    this.commands = commandRecorder(this.store, logger);
    this.cse = cseRecorder(this.store, logger);
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Why nothing can be recorded now, so that nothing new is accepted. */
  get fault(): IpeError | undefined {
    return this.store.fault;
  }

  /** The handler, whose decisions are durable before the device is told; its trees are followed by `follower`. */
  recorded(handler: RegistrationHandler, follower: HeldFollower, random: () => number): RegistrationHandler {
    return recorded(handler, { store: this.store, logger: this.#logger, follower, random });
  }

  /** As `restart`; from then on it is recorded that this run is alive. */
  restart(parts: Omit<RestartParts, 'store' | 'clock' | 'logger'>): Restarted {
    const [store, clock, logger] = [this.store, this.#clock, this.#logger];
    const restarted = restart({ ...parts, store, clock, logger });
    this.#endHeartbeat = startHeartbeat(store, clock, logger);
    if (restarted.registrations > 0) logger.info('taken up from the last run', { ...restarted });
    return restarted;
  }

  /** Makes durable what waits, within `limit` milliseconds, and closes the store; gives what could not be. */
  async close(limit: number): Promise<Unwritten> {
    this.#endHeartbeat();
    return this.store.close(limit);
  }
}
