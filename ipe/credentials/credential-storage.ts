import type { Credential } from './credential.ts';

/** A step from one set of credentials to the next. */
export type CredentialChange =
  | { readonly kind: 'put'; readonly credential: Credential }
  | { readonly kind: 'remove'; readonly identity: string };

/** Where credentials lie; several processes may use it at once. Whatever cannot be used is an IpeError `credentials/…`. */
export interface CredentialStorage {
  /** Changes with every change of the content, whoever made it; quick. */
  stamp(): string;
  /** All of it. */
  load(): Credential[];
  /** Runs `work` while nobody else changes anything; rejects with `credentials/locked` where that takes too long. */
  exclusively<T>(work: () => T): Promise<T>;
  /** Durable when it returns. Only within `exclusively`; `all` is what there is after the changes. */
  write(changes: readonly CredentialChange[], all: ReadonlyMap<string, Credential>): void;
  close(): void;
}
