import { Distribution, type IpeError } from '../../common/index.ts';
import type { Kind, Records } from './records.ts';

/** A record and the key under which it was put. */
export interface Entry<K extends Kind> {
  readonly key: string;
  readonly record: Records[K];
}

/** Plain numbers since the store was opened. */
export interface StoreCounters {
  /** Records put or removed. */
  writes: number;
  /** Groups of writes that became durable together. */
  commits: number;
  /** Groups that did not, and were kept to be tried again. */
  failures: number;
  /** Damaged records that were put aside. */
  quarantined: number;
  /** Seconds until a group was durable. */
  readonly commitTime: Distribution;
}

/** How many records of which kind could not be made durable; what could only not be removed is not among them. */
export type Unwritten = ReadonlyMap<string, number>;

/** All counters at zero. */
export function newStoreCounters(): StoreCounters {
  return { writes: 0, commits: 0, failures: 0, quarantined: 0, commitTime: new Distribution() };
}

/**
 * What outlives the process. Writes return at once and become durable together; whoever has to be sure before it says yes
 * to somebody awaits `flushed`.
 */
export interface Store {
  readonly counters: Readonly<StoreCounters>;
  /** Writes that are not durable yet. */
  readonly pending: number;
  /** Why nothing can be written at the moment; undefined while all is well. */
  readonly fault: IpeError | undefined;
  /** What is durable of a kind, in order of keys; a damaged record is put aside, counted and logged. For the start. */
  entries<K extends Kind>(kind: K): Iterable<Entry<K>>;
  /** Puts a record, in place of one that has the key. Throws IpeError `store/busy` when too much waits to be written. */
  put<K extends Kind>(kind: K, key: string, record: Records[K]): void;
  /** Nothing, where no record has the key. */
  remove(kind: Kind, key: string): void;
  /**
   * Resolves when all that was written before is durable; rejects with the IpeError that prevents it (`store/full`,
   * `store/io` ...). What failed is kept and tried again, unless another write takes its place.
   */
  flushed(): Promise<void>;
  /**
   * Makes durable what can be within `limit` milliseconds, in one attempt at least, and lets go of the files. Never rejects:
   * gives what could not be.
   */
  close(limit?: number): Promise<Unwritten>;
}
