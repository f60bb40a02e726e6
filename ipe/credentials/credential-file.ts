import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorMessage, IpeError, type Logger } from '../../common/index.ts';
import type { Credential } from './credential.ts';
import type { CredentialChange, CredentialStorage } from './credential-storage.ts';
import { credentialText, parseCredentialText } from './credential-text.ts';
import { holdingLock } from './file-lock.ts';

const OTHERS = 0o077;
const OWNER_ALONE = 0o600;
const MOST_BYTES = 64 << 20;

/** Credentials in a plain file for its owner alone, written anew with each change; for up to some thousands of them. */
export class CredentialFile implements CredentialStorage {
  readonly #name: string;
  readonly #logger: Logger;

  constructor(name: string, logger: Logger) {
    this.#name = name;
    this.#logger = logger;
  }

  stamp(): string {
    const stat = this.#stat();
    return stat === undefined ? 'absent' : `${stat.ino} ${stat.mtimeNs} ${stat.size}`;
  }

  /** None, where there is no file yet. */
  load(): Credential[] {
    const stat = this.#stat();
    return stat === undefined ? [] : parseCredentialText(readOwn(this.#name), this.#name);
  }

  exclusively<T>(work: () => T): Promise<T> {
    return holdingLock(`${this.#name}.lock`, this.#logger, work);
  }

  write(_changes: readonly CredentialChange[], all: ReadonlyMap<string, Credential>): void {
    writeOwn(this.#name, credentialText(all.values()));
  }

  close(): void {}

  #stat() {
    try {
      return statSync(this.#name, { bigint: true, throwIfNoEntry: false });
    } catch (error) {
      throw failed(this.#name, error);
    }
  }
}

/** The text of a file with keys; throws IpeError `credentials/permissions` when others than its owner may read or write it. */
export function readOwn(name: string): string {
  try {
    const stat = statSync(name);
    if ((stat.mode & OTHERS) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
      throw new IpeError(
        'credentials/permissions',
        `credentials ${name}: others than its owner may use it (mode ${mode}); make it mode 0600: chmod 600 ${name}`,
      );
    }
    if (stat.size > MOST_BYTES) throw new IpeError('credentials/file', `credentials ${name}: it is too large`);
    return readFileSync(name, 'utf8');
  } catch (error) {
    throw failed(name, error);
  }
}

/** Writes a file with keys for its owner alone; old or new is there, whole, whatever happens meanwhile. */
export function writeOwn(name: string, text: string): void {
  try {
    const temporary = `${name}.${randomBytes(6).toString('hex')}.new`;
    const file = openSync(temporary, 'wx', OWNER_ALONE);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
      renameSync(temporary, name);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
    const folder = openSync(dirname(name), 'r');
    fsyncSync(folder);
    closeSync(folder);
  } catch (error) {
    throw failed(name, error);
  }
}

function failed(name: string, error: unknown): IpeError {
  if (error instanceof IpeError) return error;
  return new IpeError('credentials/file', `credentials ${name}: ${errorMessage(error)}`, { cause: error });
}
