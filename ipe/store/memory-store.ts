import type { IpeError } from '../../common/index.ts';
import type { Kind, Records } from './records.ts';
import { type Entry, newStoreCounters, type Store, type StoreCounters, type Unwritten } from './store.ts';

/** A store that forgets everything with the process: where the CSE does so too, and for tests. */
export class MemoryStore implements Store {
  readonly counters: StoreCounters = newStoreCounters();
  readonly pending = 0;
  readonly fault: IpeError | undefined = undefined;
  readonly #kinds = new Map<Kind, Map<string, unknown>>();

  entries<K extends Kind>(kind: K): Iterable<Entry<K>> {
    const records = (this.#kinds.get(kind) ?? new Map()) as ReadonlyMap<string, Records[K]>;
    return [...records].map(([key, record]) => ({ key, record })).sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  put<K extends Kind>(kind: K, key: string, record: Records[K]): void {
    this.counters.writes += 1;
    let records = this.#kinds.get(kind);
    if (records === undefined) {
      records = new Map();
      this.#kinds.set(kind, records);
    }
    records.set(key, record);
  }

  remove(kind: Kind, key: string): void {
    this.counters.writes += 1;
    this.#kinds.get(kind)?.delete(key);
  }

  flushed(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<Unwritten> {
    return Promise.resolve(new Map());
  }
}
