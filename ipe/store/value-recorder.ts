import { type Clock, errorMessage, IpeError, type Logger } from '../../common/index.ts';
import type { QueuedValue } from '../values/value-queue.ts';
import { LmdbStore } from './lmdb-store.ts';
import type { Store } from './store.ts';
import type { StoredValue } from './value-record.ts';

/** Keeps values that the CSE has not got yet, until it has. */
export interface ValueKeeper {
  /** Why nothing can be kept now. */
  readonly fault: IpeError | undefined;
  /** What an earlier run has left, of each endpoint in the order in which it came. */
  left(): Iterable<StoredValue>;
  /** Records a value; what could not be taken is told by the next `flushed`. */
  kept(endpoint: string, value: QueuedValue): void;
  /** The CSE has it, or it was dropped. */
  gone(endpoint: string, value: Pick<QueuedValue, 'attributes'>): void;
  /** Resolves when all that was kept is durable; rejects with the IpeError that prevents it. */
  flushed(): Promise<void>;
  /** As `flushed`, but waits until it can be. */
  durable(): Promise<void>;
}

/** Milliseconds between two looks while nothing can be kept. */
const LOOK_AGAIN = 1_000;

/** Keeps values in a store; undefined for one that forgets everything with the process: nothing is spent on it. */
export function valueRecorder(store: Store, clock: Clock, logger: Logger): ValueKeeper | undefined {
  if (!(store instanceof LmdbStore)) return undefined;
  let untaken: unknown;
  let recovery: Promise<void> | undefined;
  const attempt = (work: () => void) => {
    try {
      work();
    } catch (error) {
      untaken = error;
      logger.debug('a value was not recorded', { reason: errorMessage(error) });
    }
  };
  const flushed = (): Promise<void> => {
    if (untaken === undefined) return store.flushed();
    const error = untaken;
    untaken = undefined;
    return Promise.reject(error);
  };
  const recovered = async (): Promise<void> => {
    for (let error: unknown = true; error !== undefined; ) {
      await new Promise<void>((resolve) => void clock.timer(LOOK_AGAIN, resolve));
      error = await store.flushed().catch((reason: unknown) => reason);
    }
    recovery = undefined;
  };
  return {
    get fault() {
      return store.fault;
    },
    *left() {
      for (const { record } of store.entries('value')) yield record;
    },
    kept: (endpoint, { container, attributes, receivedAt }) =>
      attempt(() => store.put('value', keyOf(endpoint, attributes), { endpoint, container, attributes, receivedAt })),
    gone: (endpoint, { attributes }) => attempt(() => store.remove('value', keyOf(endpoint, attributes))),
    flushed,
    durable: () =>
      flushed().catch((error: unknown) => {
        if (!(error instanceof IpeError)) throw error;
        recovery ??= recovered();
        return recovery;
      }),
  };
}

/** Digits of a number within a session: 36^8 values. */
const DIGITS = 8;

/** A key that sorts by age within an endpoint: names of values are those of their session and a number there. */
function keyOf(endpoint: string, { rn }: { readonly rn?: unknown }): string {
  const name = String(rn);
  const dash = name.lastIndexOf('-') + 1;
  return `${endpoint}\t${name.slice(0, dash)}${name.slice(dash).padStart(DIGITS, '0')}`;
}
