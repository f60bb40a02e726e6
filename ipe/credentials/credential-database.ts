import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { DecodeError, IpeError } from '../../common/index.ts';
import { databaseBytes } from '../store/database-file.ts';
import { readability } from '../store/trial-read.ts';
import type { Credential } from './credential.ts';
import type { CredentialChange, CredentialStorage } from './credential-storage.ts';
import { credentialOf, type StoredCredential, storedCredential } from './credential-text.ts';
import { assertOwn, failed } from './own-file.ts';

const FOLDER = 0o700;
const FILE = 0o600;
const SERIAL = 'serial';
const TABLE = 'credentials';
const DATA_FILE = 'data.mdb';

/** Credentials in an LMDB database, one record each, in a folder for its owner alone; for any number of them. */
export class CredentialDatabase implements CredentialStorage {
  readonly #path: string;
  readonly #root: RootDatabase<number, string>;
  readonly #credentials: Database<StoredCredential, string>;

  /**
   * Makes the folder where there is none; throws IpeError `credentials/permissions`, `credentials/damaged`, `credentials/foreign`
   * or `credentials/file`.
   */
  constructor(path: string) {
    this.#path = path;
    let root: RootDatabase<number, string> | undefined;
    try {
      if (statSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path, { recursive: true, mode: FOLDER });
      assertOwn(path);
      assertSound(path);
      // What was written is on the disk when a transaction ends.
      root = open<number, string>({ path, noSubdir: false, maxDbs: 4, encoding: 'json', overlappingSync: false });
      assertOfCredentials(path, root);
      this.#root = root;
      this.#credentials = root.openDB<StoredCredential, string>(TABLE, { encoding: 'json' });
      for (const entry of readdirSync(path)) chmodSync(join(path, entry), FILE);
    } catch (error) {
      root?.close().catch(() => {});
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

/**
 * Looks at the database before the library maps it: damage could end the process there, so that it is read once in a process
 * of its own. Another process may be writing meanwhile, hence nothing is mended.
 */
function assertSound(path: string): void {
  const data = join(path, DATA_FILE);
  const size = statSync(data, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return;
  try {
    databaseBytes(data);
  } catch (error) {
    throw error instanceof DecodeError ? damaged(path, error.message) : error;
  }
  if (readability(path, [TABLE]) === 'unreadable') throw damaged(path, 'its data file cannot be read to its end');
}

/** A database of something else would get credentials among what is there. */
function assertOfCredentials(path: string, root: RootDatabase<number, string>): void {
  for (const key of root.getKeys({ limit: 3 })) {
    if (key === SERIAL || key === TABLE) continue;
    throw new IpeError('credentials/foreign', `credentials ${path}: the database there is one of something else`);
  }
}

function damaged(path: string, reason: string): IpeError {
  return new IpeError(
    'credentials/damaged',
    `credentials ${path}: ${reason}; restore it from a copy, or move it away to begin with an empty one`,
  );
}
