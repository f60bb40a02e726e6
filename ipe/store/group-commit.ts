import { type Clock, IpeError, type Logger, type Timer } from '../../common/index.ts';
import type { Kind } from './records.ts';
import type { StoreCounters } from './store.ts';

/** Where a record lies: with those of its kind, or put aside because it is damaged. */
export type Table = Kind | 'quarantine';

/** One write; without bytes the record goes. */
export interface Write {
  readonly table: Table;
  readonly key: string;
  readonly bytes: Buffer | undefined;
}

/** What may wait to be written. */
export interface PendingLimits {
  readonly writes: number;
  readonly bytes: number;
}

/** What holds when nothing else is said. */
export const DEFAULT_PENDING_LIMITS: PendingLimits = { writes: 200_000, bytes: 128 << 20 };

/** What a group commit works with. */
export interface GroupCommitParts {
  /** Makes writes durable, all or none. Rejects with IpeError. */
  readonly commit: (group: Group) => Promise<void>;
  readonly limits: PendingLimits;
  readonly counters: StoreCounters;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Writes by table and key. */
export type Group = ReadonlyMap<string, Write>;

interface Waiting {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: IpeError) => void;
}

/**
 * Milliseconds from the beginning of one group to that of the next at least: each costs some work whatever stands in it. A
 * write that comes after a pause does not wait.
 */
const PACE = 2;
/** Milliseconds after which failed writes are tried again, doubled from the least to the most. */
const BACKOFF = { least: 500, most: 10_000 } as const;
/** Milliseconds between two attempts at the end. */
const LAST_ATTEMPTS = 200;

/**
 * Gathers writes while a group is being made durable, and makes them the next group: however many wait, one transaction at
 * a time serves them all. The last write of a key counts. What fails stays first in line.
 */
export class GroupCommit {
  readonly #parts: GroupCommitParts;
  #gathering = new Map<string, Write>();
  #committing: Map<string, Write> | undefined;
  #gatheringBytes = 0;
  #committingBytes = 0;
  /** Of the group that is being gathered, and of the one under way. */
  #next: Waiting | undefined;
  #current: Waiting | undefined;
  #scheduled = false;
  #running = false;
  #beganAt = Number.NEGATIVE_INFINITY;
  #fault: IpeError | undefined;
  /** Code of the fault that was told last. */
  #told: string | undefined;
  #retry: Timer | undefined;
  #backoff: number = BACKOFF.least;
  #stopped = false;

  constructor(parts: GroupCommitParts) {
    this.#parts = parts;
  }

  /** Why the last group failed; undefined when none has since. */
  get fault(): IpeError | undefined {
    return this.#fault;
  }

  /** Writes that are not durable yet. */
  get pending(): number {
    return this.#gathering.size + (this.#committing?.size ?? 0);
  }

  /** Takes a write. Throws IpeError `store/busy` when too much waits; a removal is always taken. */
  add(write: Write): void {
    const { limits, counters } = this.#parts;
    const { bytes } = write;
    const bytesNow = this.#gatheringBytes + this.#committingBytes;
    if (bytes !== undefined && (this.pending >= limits.writes || bytesNow + bytes.length > limits.bytes)) {
      throw new IpeError('store/busy', 'too much waits to be written to the store', { retryable: true });
    }
    counters.writes += 1;
    const id = `${write.table}\t${write.key}`;
    this.#gatheringBytes += weight(write) - weight(this.#gathering.get(id));
    this.#gathering.set(id, write);
    if (this.#fault === undefined) this.#schedule();
    else if (bytes === undefined) this.#scheduleRemovals();
  }

  /** Resolves when all writes taken so far are durable; rejects at once while there is a fault. */
  flushed(): Promise<void> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    if (this.#gathering.size > 0) {
      this.#next ??= waiting();
      return this.#next.promise;
    }
    if (this.#committing === undefined) return Promise.resolve();
    this.#current ??= waiting();
    return this.#current.promise;
  }

  /** Records that are not durable yet, by table. */
  get unwritten(): ReadonlyMap<Table, number> {
    const counts = new Map<Table, number>();
    for (const { table, bytes } of this.#gathering.values()) {
      if (bytes !== undefined) counts.set(table, (counts.get(table) ?? 0) + 1);
    }
    return counts;
  }

  /** Tries for so many milliseconds, once at least, to make everything durable; nothing is tried after it. */
  async close(limit: number): Promise<void> {
    const { clock } = this.#parts;
    const until = clock.monotonic() + limit;
    while (!(await this.#lastAttempt()) && clock.monotonic() + LAST_ATTEMPTS <= until) {
      // As in `#pace`: the process is not to end before.
      await new Promise<void>((resolve) => setTimeout(resolve, LAST_ATTEMPTS));
    }
    this.#retry?.cancel();
    this.#stopped = true;
  }

  /** True when everything is durable. */
  async #lastAttempt(): Promise<boolean> {
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#fault = undefined;
    this.#schedule();
    return this.flushed().then(
      () => true,
      () => false,
    );
  }

  #schedule(): void {
    if (this.#scheduled || this.#running || this.#fault !== undefined) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#gathering.size > 0) {
        await this.#pace();
        this.#takeGroup();
        await this.#parts.commit(this.#committing as Group);
        this.#succeeded();
      }
    } catch (error) {
      await this.#commitRemovals(this.#committing as Map<string, Write>);
      this.#failed(error as IpeError);
    } finally {
      this.#running = false;
    }
  }

  /** Does not wait for the next attempt at all that failed. */
  #scheduleRemovals(): void {
    if (this.#scheduled || this.#running) return;
    this.#scheduled = true;
    setImmediate(async () => {
      this.#scheduled = false;
      if (this.#running || this.#stopped) return;
      this.#running = true;
      await this.#pace();
      await this.#commitRemovals(this.#gathering);
      this.#running = false;
      // What came meanwhile, where the fault is over.
      if (this.#gathering.size > 0) this.#schedule();
    });
  }

  async #pace(): Promise<void> {
    const { clock } = this.#parts;
    const early = this.#beganAt + PACE - clock.monotonic();
    // Unlike timers of the clock it keeps the process: what is on its way to the disk has to come there.
    if (early > 0) await new Promise<void>((resolve) => setTimeout(resolve, early));
    this.#beganAt = clock.monotonic();
  }

  #takeGroup(): void {
    this.#committing = this.#gathering;
    this.#committingBytes = this.#gatheringBytes;
    this.#current = this.#next;
    this.#gathering = new Map();
    this.#gatheringBytes = 0;
    this.#next = undefined;
  }

  #succeeded(): void {
    const current = this.#current;
    const { counters, clock } = this.#parts;
    counters.commits += 1;
    counters.commitTime.record((clock.monotonic() - this.#beganAt) / 1000);
    this.#committing = undefined;
    this.#committingBytes = 0;
    this.#current = undefined;
    this.#backoff = BACKOFF.least;
    if (this.#told !== undefined) this.#parts.logger.info('the store can be written again', { pending: this.pending });
    this.#told = undefined;
    this.#fault = undefined;
    current?.resolve();
  }

  #tryAgain(): void {
    if (this.#stopped) return;
    if (this.#running) this.#retry = this.#parts.clock.timer(BACKOFF.least, () => this.#tryAgain());
    else if (this.#gathering.size > 0) void this.#run();
    // Nothing is left to be tried: the next write finds out.
    else this.#fault = undefined;
  }

  /**
   * What is removed needs no room, and has to be gone after a kill: a value that the CSE got while the disk was full would come
   * back to it as the newest.
   */
  async #commitRemovals(group: Map<string, Write>): Promise<void> {
    const removals = new Map([...group].filter(([, { bytes }]) => bytes === undefined));
    if (removals.size === 0) return;
    try {
      await this.#parts.commit(removals);
    } catch {
      return; // Tried again with the others.
    }
    for (const [id, write] of removals) {
      if (group.get(id) !== write) continue;
      group.delete(id);
      if (group === this.#gathering) this.#gatheringBytes -= weight(write);
    }
  }

  /** The older writes go first again, but where a newer one has taken their place. */
  #failed(error: IpeError): void {
    const { counters, logger, clock } = this.#parts;
    const failed = this.#committing as Map<string, Write>;
    const newer = this.#gathering;
    for (const [id, write] of newer) failed.set(id, write);
    this.#gathering = failed;
    this.#gatheringBytes = 0;
    for (const write of failed.values()) this.#gatheringBytes += weight(write);
    this.#committing = undefined;
    this.#committingBytes = 0;
    counters.failures += 1;
    const level = this.#told === error.code ? 'debug' : 'error';
    this.#told = error.code;
    logger[level]('the store cannot be written', { code: error.code, reason: error.message, pending: this.pending });
    this.#fault = error;
    const waiters = [this.#current, this.#next];
    this.#current = undefined;
    this.#next = undefined;
    this.#retry = clock.timer(this.#backoff, () => this.#tryAgain());
    this.#backoff = Math.min(this.#backoff * 2, BACKOFF.most);
    for (const waiter of waiters) waiter?.reject(error);
  }
}

function weight(write: Write | undefined): number {
  return write === undefined ? 0 : write.key.length + (write.bytes?.length ?? 0);
}

function waiting(): Waiting {
  let resolve!: () => void;
  let reject!: (error: IpeError) => void;
  const promise = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  // Whoever does not wait is told by `fault`.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
