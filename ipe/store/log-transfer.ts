import { type Clock, errorMessage, type Logger, type Timer } from '../../common/index.ts';
import type { Group, Table, Write } from './group-commit.ts';
import type { WriteLog } from './write-log.ts';

/** What a transfer works with. */
export interface LogTransferParts {
  readonly log: Pick<WriteLog, 'append' | 'rotate' | 'close' | 'length'>;
  /** Makes writes durable in the database, all or none. */
  readonly apply: (writes: readonly Write[]) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Milliseconds that writes gather in the log: what comes and goes within that time hardly touches the database. */
const INTERVAL = 20_000;
/** Bytes of log with which the database takes over at once, and at which whoever writes waits for it. */
const BYTES = { prompt: 32 << 20, most: 128 << 20 } as const;
/** Writes of one transaction: the event loop is held while it is handed over. */
const PER_TRANSACTION = 1_000;
/** Milliseconds after which another attempt is made, doubled from the least to the most. */
const BACKOFF = { least: 500, most: 10_000 } as const;

type Writes = Map<string, Write>;

/** Brings what stands in the log into the database, in the background: the last write of each key, in the order of keys. */
export class LogTransfer {
  readonly #parts: LogTransferParts;
  /** Of the present file, and those under way into the database. */
  #fresh: Writes = new Map();
  #moving: Writes = new Map();
  #running: Promise<void> | undefined;
  #timer: Timer | undefined;
  #backoff: number = BACKOFF.least;
  #failure: unknown;
  /** Uses of the log, one after the other. */
  #line: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: LogTransferParts) {
    this.#parts = parts;
  }

  /** Resolves when the writes are durable; rejects when they are not, also where the log is too long by now. */
  async append(group: Group): Promise<void> {
    const { log } = this.#parts;
    if (log.length > BYTES.most) {
      await this.#run();
      if (this.#failure !== undefined) throw this.#failure;
    }
    await this.#inLine(async () => {
      await log.append([...group.values()]);
      for (const [id, write] of group) this.#fresh.set(id, write);
    });
    if (log.length > BYTES.prompt && this.#failure === undefined) void this.#run();
    else this.#schedule(INTERVAL);
  }

  /** The writes to a table that the database may not have yet, by key. */
  of(table: Table): ReadonlyMap<string, Write> {
    const found = new Map<string, Write>();
    for (const writes of [this.#moving, this.#fresh]) {
      for (const write of writes.values()) if (write.table === table) found.set(write.key, write);
    }
    return found;
  }

  /** One last transfer; what it cannot bring over stays in the log for the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#running;
    await this.#run();
    await this.#inLine(() => this.#parts.log.close());
  }

  #schedule(delay: number): void {
    if (this.#timer !== undefined || this.#running !== undefined || this.#closed) return;
    this.#timer = this.#parts.clock.timer(delay, () => {
      this.#timer = undefined;
      void this.#run();
    });
  }

  #run(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#running ??= this.#transfer().finally(() => {
      this.#running = undefined;
      if (this.#fresh.size > 0) this.#schedule(this.#failure === undefined ? INTERVAL : this.#backoff);
    });
    return this.#running;
  }

  async #transfer(): Promise<void> {
    if (this.#fresh.size === 0) return;
    try {
      const drop = await this.#take();
      const sorted = [...this.#moving].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, write]) => write);
      for (let from = 0; from < sorted.length; from += PER_TRANSACTION) {
        await this.#parts.apply(sorted.slice(from, from + PER_TRANSACTION));
      }
      this.#moving = new Map();
      await drop();
      this.#succeeded();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Takes what has gathered, and with it the files in which it stands. */
  #take(): Promise<() => Promise<void>> {
    return this.#inLine(async () => {
      const drop = await this.#parts.log.rotate();
      this.#moving = this.#fresh;
      this.#fresh = new Map();
      return drop;
    });
  }

  #succeeded(): void {
    if (this.#failure !== undefined) this.#parts.logger.info('the database of the store can be written again');
    this.#failure = undefined;
    this.#backoff = BACKOFF.least;
  }

  /** Nothing is lost: it stands in the log. */
  #failed(error: unknown): void {
    for (const [id, write] of this.#fresh) this.#moving.set(id, write);
    this.#fresh = this.#moving;
    this.#moving = new Map();
    const level = this.#failure === undefined ? 'error' : 'debug';
    this.#parts.logger[level]('the database of the store cannot be written', { reason: errorMessage(error) });
    this.#failure = error;
    this.#backoff = Math.min(this.#backoff * 2, BACKOFF.most);
  }

  #inLine<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#line.then(work);
    this.#line = done.catch(() => undefined);
    return done;
  }
}
