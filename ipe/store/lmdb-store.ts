import { statfs } from 'node:fs/promises';
import { type Database, open, type RootDatabase } from 'lmdb';
import { type Clock, DecodeError, IpeError, type Logger, systemClock } from '../../common/index.ts';
import { FreeSpace } from './free-space.ts';
import {
  DEFAULT_PENDING_LIMITS,
  type Group,
  GroupCommit,
  type PendingLimits,
  type Table,
  type Write,
} from './group-commit.ts';
import { LogTransfer } from './log-transfer.ts';
import { openRecord, type RecordFormat, sealRecord } from './record-format.ts';
import { KINDS, type Kind, RECORD_FORMATS, type RecordFormats, type Records } from './records.ts';
import { type Entry, newStoreCounters, type Store, type StoreCounters, type Unwritten } from './store.ts';
import { storeError } from './store-error.ts';
import { inspectFiles, makeDirectory, writeFormat } from './store-files.ts';
import { lockStore } from './store-lock.ts';
import { type Recovered, WriteLog } from './write-log.ts';

/** What a store on the disk is opened with. */
export interface LmdbStoreOptions {
  /** A directory of its own; made where there is none. */
  readonly path: string;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly limits?: PendingLimits;
  /** How records are written; for tests of migrations. */
  readonly formats?: RecordFormats;
  /** Bytes that may still be written; for tests of a full disk. */
  readonly free?: () => Promise<number>;
}

const TABLES: readonly Table[] = [...KINDS, 'quarantine'];
/** Longest key in bytes of UTF-8, below what LMDB takes. */
const LONGEST_KEY = 1_900;
/** Damaged records that are told one by one. */
const MOST_TOLD = 10;

/**
 * A store in an LMDB database, before which stands a log. Writes are appended to the log in groups, each on the disk
 * (`fdatasync`) before `flushed` resolves, so that neither a killed process nor a power failure takes back what was flushed;
 * the database takes over later.
 */
export class LmdbStore implements Store {
  readonly counters: StoreCounters = newStoreCounters();
  readonly #path: string;
  readonly #logger: Logger;
  readonly #formats: RecordFormats;
  readonly #root: RootDatabase<Buffer, string>;
  readonly #tables: ReadonlyMap<Table, Database<Buffer, string>>;
  readonly #commit: GroupCommit;
  readonly #space: FreeSpace;
  readonly #transfer: LogTransfer;
  readonly #unlock: () => void;
  #closed = false;

  private constructor(
    options: LmdbStoreOptions,
    root: RootDatabase<Buffer, string>,
    log: WriteLog,
    unlock: () => void,
  ) {
    const { path, logger, clock = systemClock } = options;
    this.#path = path;
    this.#logger = logger;
    this.#formats = options.formats ?? RECORD_FORMATS;
    this.#root = root;
    this.#unlock = unlock;
    this.#tables = new Map(TABLES.map((name) => [name, root.openDB<Buffer, string>(name, { encoding: 'binary' })]));
    this.#space = new FreeSpace(path, options.free ?? (() => freeBytes(path)), clock);
    this.#transfer = new LogTransfer({ log, apply: (writes) => this.#write(writes), clock, logger });
    this.#commit = new GroupCommit({
      commit: (group) => this.#append(group),
      limits: options.limits ?? DEFAULT_PENDING_LIMITS,
      counters: this.counters,
      clock,
      logger,
    });
  }

  /**
   * Opens the store at a path, alone. Throws IpeError: `store/locked` (another process has it), `store/permissions`,
   * `store/owner`, `store/path`, `store/newer`, `store/damaged`, `store/full`, `store/io`.
   */
  static open(options: LmdbStoreOptions): LmdbStore {
    const { path, logger } = options;
    let unlock: (() => void) | undefined;
    try {
      makeDirectory(path);
      unlock = lockStore(path, logger);
      inspectFiles(path, TABLES);
      const root = open<Buffer, string>({
        path,
        noSubdir: false,
        maxDbs: TABLES.length + 4,
        encoding: 'binary',
        // The log stands before it, so that nobody waits for it; and errors of the disk are told.
        overlappingSync: false,
      });
      const { log, recovered } = WriteLog.open(path);
      const store = new LmdbStore(options, root, log, unlock);
      store.#recover(recovered);
      writeFormat(path);
      return store;
    } catch (error) {
      unlock?.();
      throw storeError(path, error);
    }
  }

  get pending(): number {
    return this.#commit.pending;
  }

  get fault(): IpeError | undefined {
    return this.#commit.fault;
  }

  *entries<K extends Kind>(kind: K): IterableIterator<Entry<K>> {
    const format = this.#formats[kind] as RecordFormat<Records[K]>;
    let damaged = 0;
    for (const [key, bytes] of this.#durable(kind)) {
      let opened: { readonly record: Records[K]; readonly old: boolean };
      try {
        opened = openRecord(format, bytes);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        damaged += 1;
        this.#putAside(kind, key, bytes, damaged <= MOST_TOLD ? error.message : undefined);
        continue;
      }
      if (opened.old) this.put(kind, key, opened.record);
      yield { key, record: opened.record };
    }
    if (damaged > MOST_TOLD) this.#logger.error('damaged records were put aside', { kind, records: damaged });
  }

  put<K extends Kind>(kind: K, key: string, record: Records[K]): void {
    const format = this.#formats[kind] as RecordFormat<Records[K]>;
    this.#add({ table: kind, key, bytes: sealRecord(format, record) });
  }

  remove(kind: Kind, key: string): void {
    this.#add({ table: kind, key, bytes: undefined });
  }

  flushed(): Promise<void> {
    return this.#commit.flushed();
  }

  async close(limit = 0): Promise<Unwritten> {
    if (this.#closed) return this.#commit.unwritten;
    this.#space.release();
    await this.#commit.close(limit);
    this.#closed = true;
    await this.#transfer.close().catch((error: unknown) => this.#logger.error('closing the store failed', { error }));
    const { unwritten } = this.#commit;
    if (unwritten.size > 0) {
      this.#logger.error('the store could not be written before the end', { lost: Object.fromEntries(unwritten) });
    }
    await this.#root.close().catch((error: unknown) => this.#logger.error('closing the store failed', { error }));
    this.#unlock();
    return unwritten;
  }

  #add(write: Write): void {
    if (this.#closed) throw new IpeError('store/closed', 'the store is closed');
    if (write.key === '' || Buffer.byteLength(write.key) > LONGEST_KEY) {
      throw new IpeError('store/key', `a key has 1 to ${LONGEST_KEY} bytes`);
    }
    this.#commit.add(write);
  }

  /** The database with what it has not taken over yet, in order of keys. */
  #durable(kind: Kind): Iterable<[string, Buffer]> {
    const later = this.#transfer.of(kind);
    if (later.size === 0) return this.#sealed(kind);
    const all = new Map(this.#sealed(kind));
    for (const [key, { bytes }] of later) {
      if (bytes === undefined) all.delete(key);
      else all.set(key, bytes);
    }
    return [...all].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  *#sealed(kind: Kind): IterableIterator<[string, Buffer]> {
    try {
      for (const { key, value } of this.#table(kind).getRange()) yield [String(key), value];
    } catch (error) {
      throw storeError(this.#path, error);
    }
  }

  #putAside(kind: Kind, key: string, bytes: Buffer, reason: string | undefined): void {
    this.counters.quarantined += 1;
    if (reason !== undefined) this.#logger.error('a damaged record was put aside', { kind, key, reason });
    this.#commit.add({ table: 'quarantine', key: `${kind} ${key}`.slice(0, LONGEST_KEY / 4), bytes });
    this.#commit.add({ table: kind, key, bytes: undefined });
  }

  /** Takes into the database what earlier runs left in the log. */
  #recover({ writes, torn, damaged, settle }: Recovered): void {
    this.#root.transactionSync(() => {
      for (const { table, key, bytes } of writes) {
        if (bytes === undefined) this.#table(table).removeSync(key);
        else this.#table(table).putSync(key, bytes);
      }
    });
    settle();
    if (torn > 0) this.#logger.info('the last run ended while it wrote something, which nobody was promised', { torn });
    if (damaged === 0) return;
    this.counters.quarantined += damaged;
    this.#logger.error('damaged parts of the log of the store were put aside', { path: this.#path, groups: damaged });
  }

  async #append(group: Group): Promise<void> {
    try {
      await this.#space.demand(group.values());
      await this.#transfer.append(group);
    } catch (error) {
      throw storeError(this.#path, error);
    }
  }

  async #write(writes: readonly Write[]): Promise<void> {
    try {
      await this.#space.demand(writes);
      await this.#root.batch(() => {
        for (const { table, key, bytes } of writes) {
          // All of a batch fail together: the batch tells.
          if (bytes === undefined) this.#table(table).remove(key).catch(ignore);
          else this.#table(table).put(key, bytes).catch(ignore);
        }
      });
    } catch (error) {
      throw storeError(this.#path, await causeOf(error));
    }
  }

  #table(name: Table): Database<Buffer, string> {
    return this.#tables.get(name) as Database<Buffer, string>;
  }
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

function ignore(): void {}

/** A failed transaction tells its reason by a second promise, which rejects. */
async function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<never> };
  if (commitError === undefined) return error;
  return commitError.catch((cause: unknown) => cause);
}
