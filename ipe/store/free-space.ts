import { type Clock, IpeError } from '../../common/index.ts';
import type { Write } from './group-commit.ts';

/** Bytes of the disk that are left alone. */
const RESERVE = 16 << 20;
/** Bytes that one write may cost beside its own: the pages above it that are written anew. */
const PER_WRITE = 16_384;
/** Bytes of those that the last words of a run may take; the rest is for the database at the next start. */
const LAST_WORDS = 4 << 20;
/** Milliseconds for which a look at the disk counts. */
const LOOK_AGAIN = 1_000;

/**
 * Refuses writes before the disk is full: the database then never has to stop in the middle of a transaction, which it does
 * not take well.
 */
export class FreeSpace {
  readonly #path: string;
  readonly #free: () => Promise<number>;
  readonly #clock: Clock;
  #reserve = RESERVE;
  #left = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** `free` gives the bytes that the process may still write at the path. */
  constructor(path: string, free: () => Promise<number>, clock: Clock) {
    this.#path = path;
    this.#free = free;
    this.#clock = clock;
  }

  /** The run ends: what is still to be written may take a part of what is left alone else. */
  release(): void {
    this.#reserve = RESERVE - LAST_WORDS;
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }

  /** Rejects with IpeError `store/full` when there may be no room for the writes. */
  async demand(writes: Iterable<Write>): Promise<void> {
    let needed = 0;
    const perWrite = this.#reserve === RESERVE ? PER_WRITE : 0;
    for (const { bytes } of writes) if (bytes !== undefined) needed += perWrite + bytes.length;
    // What is removed makes room, and needs little.
    if (needed === 0) return;
    const now = this.#clock.monotonic();
    if (now - this.#lookedAt >= LOOK_AGAIN || this.#left < needed) {
      this.#left = (await this.#free()) - this.#reserve;
      this.#lookedAt = now;
    }
    if (this.#left < needed) {
      throw new IpeError(
        'store/full',
        `store ${this.#path}: there is no room left on the disk; nothing is lost, and nothing new is accepted until there is`,
        { retryable: true },
      );
    }
    this.#left -= needed;
  }
}
