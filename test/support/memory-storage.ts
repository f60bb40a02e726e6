import type { Credential } from '../../ipe/credentials/credential.ts';
import type { CredentialChange, CredentialStorage } from '../../ipe/credentials/credential-storage.ts';

/** Credentials that end with the process. */
export class MemoryStorage implements CredentialStorage {
  readonly #all = new Map<string, Credential>();
  #changes = 0;

  stamp(): string {
    return String(this.#changes);
  }

  load(): Credential[] {
    return [...this.#all.values()];
  }

  async exclusively<T>(work: () => T): Promise<T> {
    return work();
  }

  write(changes: readonly CredentialChange[]): void {
    this.#changes += 1;
    for (const change of changes) {
      if (change.kind === 'put') this.#all.set(change.credential.identity, change.credential);
      else this.#all.delete(change.identity);
    }
  }

  close(): void {}
}
