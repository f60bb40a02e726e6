import { timingSafeEqual } from 'node:crypto';
import { type Clock, errorMessage, IpeError, type Logger, type Timer } from '../../common/index.ts';
import { assertCredential, type Credential, type CredentialUse } from './credential.ts';
import type { CredentialChange, CredentialStorage } from './credential-storage.ts';

/** Told which identities have another key or endpoint than before, or none. */
export type CredentialListener = (identities: readonly string[]) => void;

/** Credentials of one use that an endpoint has at most; one more that is fresh takes the place of the oldest fresh one. */
const MOST_PER_ENDPOINT = 4;
/** How often it is looked whether another process changed something, ms. */
const LOOK = 1_000;

/** What a set of credentials stands on. */
export interface CredentialsParts {
  readonly storage: CredentialStorage;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The pre-shared and public keys of devices: held in memory, kept in a storage, taken up again when another process changes that. What
 * was put is durable and found at once when the promise resolves.
 */
export class Credentials {
  readonly #storage: CredentialStorage;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #listeners = new Set<CredentialListener>();
  readonly #byIdentity = new Map<string, Credential>();
  readonly #byEndpoint = new Map<string, readonly Credential[]>();
  #stamp: string;
  #timer: Timer | undefined;
  #complained = false;

  /** Reads the storage; throws its IpeError. */
  constructor({ storage, clock, logger }: CredentialsParts) {
    this.#storage = storage;
    this.#clock = clock;
    this.#logger = logger;
    this.#stamp = storage.stamp();
    for (const credential of storage.load()) this.#set(credential);
  }

  get size(): number {
    return this.#byIdentity.size;
  }

  /** How many of them are public keys. */
  get publicKeys(): number {
    let count = 0;
    for (const { publicKey } of this.#byIdentity.values()) if (publicKey !== undefined) count += 1;
    return count;
  }

  /** By PSK identity, or by the fingerprint of a public key. */
  find(identity: string): Credential | undefined {
    return this.#byIdentity.get(identity);
  }

  /** Those of an endpoint, oldest first. */
  of(endpoint: string, use: CredentialUse = 'server'): readonly Credential[] {
    return (this.#byEndpoint.get(endpoint) ?? []).filter((credential) => credential.use === use);
  }

  /** All of them, in the order in which they came. */
  values(): IterableIterator<Credential> {
    return this.#byIdentity.values();
  }

  /**
   * Adds credentials, durably; a fresh one leaves those of its endpoint valid until it is `used`. Rejects with IpeError
   * `credentials/weak`, `/invalid`, `/taken` (the identity has another endpoint or use) or what the storage says; then
   * nothing is added.
   */
  async put(...credentials: readonly Credential[]): Promise<void> {
    for (const credential of credentials) assertCredential(credential);
    await this.#change(() => credentials.flatMap((credential) => this.#putting(credential)));
  }

  /** Removes a credential; false where there is none. */
  async remove(identity: string): Promise<boolean> {
    return (await this.#change(() => (this.#byIdentity.has(identity) ? [{ kind: 'remove', identity }] : []))) > 0;
  }

  /** The device proved that it has the key: a fresh credential stands now, and the others of its endpoint and use are removed. */
  async used(identity: string): Promise<void> {
    if (!this.#byIdentity.get(identity)?.fresh) return;
    await this.#change(() => {
      const credential = this.#byIdentity.get(identity);
      if (!credential?.fresh) return [];
      const others = this.of(credential.endpoint, credential.use).filter((other) => other.identity !== identity);
      return [
        { kind: 'put', credential: { ...credential, fresh: false } },
        ...others.map((other): CredentialChange => ({ kind: 'remove', identity: other.identity })),
      ];
    });
  }

  /** `listener` is told from now on; gives the way to end that. */
  onChange(listener: CredentialListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** From now on changes of other processes are seen within a second. */
  watch(): void {
    this.#timer = this.#clock.timer(LOOK, () => {
      this.look();
      this.watch();
    });
  }

  /** Takes up what another process changed. What cannot be read is logged, and all stays as it was. */
  look(): void {
    try {
      this.#takeUp();
      this.#complained = false;
    } catch (error) {
      if (!this.#complained)
        this.#logger.error('credentials cannot be read: the known ones stay', { reason: errorMessage(error) });
      this.#complained = true;
    }
  }

  close(): void {
    this.#timer?.cancel();
    this.#listeners.clear();
    this.#storage.close();
  }

  #putting(credential: Credential): CredentialChange[] {
    const { endpoint, identity, use, fresh } = credential;
    const known = this.#byIdentity.get(identity);
    if (known !== undefined && (known.endpoint !== endpoint || known.use !== use)) {
      throw new IpeError(
        'credentials/taken',
        `identity ${identity} belongs to endpoint ${known.endpoint} (${known.use})`,
      );
    }
    const others = this.of(endpoint, use).filter((other) => other.identity !== identity);
    if (others.length < MOST_PER_ENDPOINT) return [{ kind: 'put', credential }];
    const oldest = fresh ? others.find((other) => other.fresh) : undefined;
    if (oldest === undefined) {
      throw new IpeError('credentials/invalid', `${endpoint} has ${others.length} credentials; remove one first`);
    }
    return [
      { kind: 'remove', identity: oldest.identity },
      { kind: 'put', credential },
    ];
  }

  /** The number of changes. */
  async #change(decide: () => CredentialChange[]): Promise<number> {
    const { changes, changed } = await this.#storage.exclusively(() => {
      const changed = this.#stamp === this.#storage.stamp() ? [] : this.#reload();
      const changes = decide();
      if (changes.length > 0) {
        this.#storage.write(changes, resultOf(this.#byIdentity, changes));
        this.#stamp = this.#storage.stamp();
      }
      return { changes, changed: [...changed, ...changes.flatMap((change) => this.#apply(change))] };
    });
    this.#tell(changed);
    return changes.length;
  }

  #takeUp(): void {
    if (this.#stamp !== this.#storage.stamp()) this.#tell(this.#reload());
  }

  /** The identities whose key is another than before, or gone. */
  #reload(): string[] {
    const stamp = this.#storage.stamp();
    const found = new Map(this.#storage.load().map((credential) => [credential.identity, credential]));
    const changed = [...this.#byIdentity.values()].filter((before) => !sameKey(before, found.get(before.identity)));
    const added = [...found.keys()].filter((identity) => !this.#byIdentity.has(identity)).length;
    this.#byIdentity.clear();
    this.#byEndpoint.clear();
    for (const credential of found.values()) this.#set(credential);
    this.#stamp = stamp;
    this.#logger.info('credentials were taken up', { identities: this.size, added, removedOrChanged: changed.length });
    return changed.map(({ identity }) => identity);
  }

  #apply(change: CredentialChange): string[] {
    const identity = change.kind === 'put' ? change.credential.identity : change.identity;
    const before = this.#byIdentity.get(identity);
    if (before !== undefined) this.#unset(before);
    if (change.kind === 'put') this.#set(change.credential);
    return before === undefined || sameKey(before, this.#byIdentity.get(identity)) ? [] : [identity];
  }

  #set(credential: Credential): void {
    this.#byIdentity.set(credential.identity, credential);
    this.#byEndpoint.set(credential.endpoint, [...(this.#byEndpoint.get(credential.endpoint) ?? []), credential]);
  }

  #unset({ identity, endpoint }: Credential): void {
    this.#byIdentity.delete(identity);
    const rest = (this.#byEndpoint.get(endpoint) ?? []).filter((other) => other.identity !== identity);
    if (rest.length === 0) this.#byEndpoint.delete(endpoint);
    else this.#byEndpoint.set(endpoint, rest);
  }

  #tell(identities: readonly string[]): void {
    if (identities.length > 0) for (const listener of this.#listeners) listener(identities);
  }
}

function sameKey(before: Credential, now: Credential | undefined): boolean {
  if (now === undefined || now.endpoint !== before.endpoint || now.use !== before.use) return false;
  // The identity of a public key is its fingerprint.
  if (now.key === undefined || before.key === undefined) return now.key === before.key;
  return now.key.length === before.key.length && timingSafeEqual(now.key, before.key);
}

function resultOf(
  before: ReadonlyMap<string, Credential>,
  changes: readonly CredentialChange[],
): ReadonlyMap<string, Credential> {
  const result = new Map(before);
  for (const change of changes) {
    if (change.kind === 'remove') result.delete(change.identity);
    else result.set(change.credential.identity, change.credential);
  }
  return result;
}
