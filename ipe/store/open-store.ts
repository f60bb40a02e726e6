import type { Logger } from '../../common/index.ts';
import { LmdbStore } from './lmdb-store.ts';
import { MemoryStore } from './memory-store.ts';
import type { Store } from './store.ts';

/** Where state is kept. */
export interface StoreSettings {
  readonly kind: 'lmdb' | 'memory';
  /** Directory of `lmdb`. */
  readonly path: string;
}

/** Opens the store that the settings want; errors as `LmdbStore.open`. */
export function openStore({ kind, path }: StoreSettings, logger: Logger): Store {
  return kind === 'memory' ? new MemoryStore() : LmdbStore.open({ path, logger });
}
