import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { Credential } from './credential.ts';
import type { CredentialChange, CredentialStorage } from './credential-storage.ts';
import { credentialOf, type StoredCredential, storedCredential } from './credential-text.ts';
import { assertOwn, failed } from './own-file.ts';

const FOLDER = 0o700;
const FILE = 0o600;
const SERIAL = 'serial';

/** Credentials in an LMDB database, one record each, in a folder for its owner alone; for any number of them. */
export class CredentialDatabase implements CredentialStorage {
  readonly #path: string;
  readonly #root: RootDatabase<number, string>;
  readonly #credentials: Database<StoredCredential, string>;

  /** Makes the folder where there is none; throws IpeError `credentials/permissions` or `credentials/file`. */
  constructor(path: string) {
    this.#path = path;
    try {
      if (statSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path, { recursive: true, mode: FOLDER });
      assertOwn(path);
      // What was written is on the disk when a transaction ends.
      this.#root = open<number, string>({ path, noSubdir: false, maxDbs: 4, encoding: 'json', overlappingSync: false });
      this.#credentials = this.#root.openDB<StoredCredential, string>('credentials', { encoding: 'json' });
      for (const entry of readdirSync(path)) chmodSync(join(path, entry), FILE);
    } catch (error) {
      throw failed(path, error);
    }
  }

  stamp(): string {
    return this.#attempt(() => {
      this.#root.resetReadTxn();
      return String(this.#root.get(SERIAL) ?? 0);
    });
  }

  load(): Credential[] {
    const records = this.#attempt(() => [...this.#credentials.getRange()]);
    return records.map(({ key, value }) => credentialOf(value, `${this.#path}: ${key}`));
  }

  async exclusively<T>(work: () => T): Promise<T> {
    // What `work` throws is its own; nothing of the transaction stays then.
    return this.#root.transactionSync(work);
  }

  write(changes: readonly CredentialChange[]): void {
    this.#attempt(() => {
      for (const change of changes) {
        if (change.kind === 'remove') this.#credentials.removeSync(change.identity);
        else this.#credentials.putSync(change.credential.identity, storedCredential(change.credential));
      }
      this.#root.putSync(SERIAL, (this.#root.get(SERIAL) ?? 0) + 1);
    });
  }

  close(): void {
    this.#root.close().catch(() => {});
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw failed(this.#path, error);
    }
  }
}
