import { type Clock, errorMessage, type Logger, type Timer } from '../../common/index.ts';
import { CseError } from '../../cse-client/index.ts';

/** Milliseconds between attempts: doubled from the least to the most while the CSE does not answer. */
const BACKOFF = { least: 1000, most: 60_000 } as const;
/** Addresses remembered at most; one more pushes out the oldest, which its expirationTime will end. */
const MOST_PENDING = 200_000;

/** Whoever remembers what is left to delete beyond the end of the process. */
export interface RemovalJournal {
  /** The resource has to be deleted. */
  pending(path: string): void;
  /** It has been, or need not be any more. */
  settled(path: string): void;
}

/** Deletes later, one after the other, what could not be deleted when it should have been. */
export class Removals {
  readonly #pending = new Set<string>();
  readonly #delete: (path: string) => Promise<void>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #journal: RemovalJournal | undefined;
  #delay: number = BACKOFF.least;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(remove: (path: string) => Promise<void>, clock: Clock, logger: Logger, journal?: RemovalJournal) {
    this.#delete = remove;
    this.#clock = clock;
    this.#logger = logger;
    this.#journal = journal;
  }

  /** Addresses that still have to be deleted. */
  get size(): number {
    return this.#pending.size;
  }

  /** Deletes these resources when the CSE lets us; those below one of them go with it. */
  add(paths: readonly string[]): void {
    for (const path of paths) {
      if (this.#pending.size >= MOST_PENDING) this.#forgetOldest();
      this.#pending.add(path);
      this.#journal?.pending(path);
    }
    if (this.#running === undefined) this.#schedule();
  }

  /** Gives up the removal of these resources and of all below them; resolves when no attempt on them is under way. */
  async claim(paths: readonly string[]): Promise<void> {
    if (this.#pending.size === 0 && this.#running === undefined) return;
    for (const pending of this.#pending) {
      if (paths.some((path) => pending === path || pending.startsWith(`${path}/`))) this.#forget(pending);
    }
    await this.#running;
  }

  /** Tries at once, for the CSE is back. */
  hurry(): void {
    this.#delay = BACKOFF.least;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#running === undefined && this.#pending.size > 0) this.#run();
  }

  /** Ends the attempts; what is pending then is left to the journal, else to its expirationTime. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
    if (this.#pending.size > 0 && this.#journal === undefined) {
      this.#logger.warn('stopping with resources that could not be deleted', { pending: this.#pending.size });
    }
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#stopped || this.#pending.size === 0) return;
    this.#timer = this.#clock.timer(this.#delay, () => {
      this.#timer = undefined;
      this.#run();
    });
  }

  #run(): void {
    if (this.#stopped) return;
    this.#running = this.#work().finally(() => {
      this.#running = undefined;
      this.#schedule();
    });
  }

  async #work(): Promise<void> {
    for (const path of this.#pending) {
      if (this.#stopped) return;
      try {
        await this.#delete(path);
      } catch (error) {
        if (!(error instanceof CseError) || error.retryable) {
          this.#delay = Math.min(this.#delay * 2, BACKOFF.most);
          return;
        }
        this.#logger.warn('a resource of a gone endpoint cannot be deleted', {
          resource: path,
          reason: errorMessage(error),
        });
      }
      this.#forget(path);
      this.#delay = BACKOFF.least;
    }
  }

  #forget(path: string): void {
    if (this.#pending.delete(path)) this.#journal?.settled(path);
  }

  #forgetOldest(): void {
    for (const oldest of this.#pending) {
      this.#forget(oldest);
      this.#logger.warn('too many resources wait to be deleted; one is left to its expirationTime', {
        resource: oldest,
      });
      return;
    }
  }
}
