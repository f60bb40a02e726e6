import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { silentLogger } from '../../../common/index.ts';
import { LmdbStore, type LmdbStoreOptions } from '../../../ipe/store/lmdb-store.ts';

/** A directory that goes with the test. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'store-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A store on the disk that is closed with the test. */
export function openTemporary(path: string, options: Partial<LmdbStoreOptions> = {}): LmdbStore {
  const store = LmdbStore.open({ path, logger: silentLogger, ...options });
  onTestFinished(async () => void (await store.close()));
  return store;
}
