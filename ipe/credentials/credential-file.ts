import { statSync } from 'node:fs';
import type { Logger } from '../../common/index.ts';
import type { Credential } from './credential.ts';
import type { CredentialChange, CredentialStorage } from './credential-storage.ts';
import { credentialText, parseCredentialText } from './credential-text.ts';
import { holdingLock } from './file-lock.ts';
import { failed, readOwn, writeOwn } from './own-file.ts';

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
    writeOwn(this.#name, credentialText(all.values()), 'replace');
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
