import { randomBytes } from 'node:crypto';
import { errorMessage, IpeError } from '../../common/index.ts';
import { type PeerIdentity, publicKeyFingerprint, readPublicKey } from '../../lwm2m/index.ts';

/** What a key opens: the LwM2M server, or the LwM2M bootstrap server (LwM2M 1.1 E.2, Security Object, resource 1). */
export type CredentialUse = 'server' | 'bootstrap';

interface AnyCredential {
  /** The only endpoint that its owner may speak for, unless rules say more. */
  readonly endpoint: string;
  /** PSK identity, or fingerprint of a public key; no two credentials have the same. */
  readonly identity: string;
  readonly use: CredentialUse;
  /** Given out, and not used yet: what it is to replace stays valid until then. */
  readonly fresh: boolean;
}

/** A pre-shared key of one device (LwM2M security mode 0, RFC 4279). */
export interface PreSharedKey extends AnyCredential {
  /** 16 to 64 bytes; never printed, logged or put on the CSE. */
  readonly key: Buffer;
  readonly publicKey?: undefined;
}

/** The public key of one device, which holds the private one (LwM2M security mode 1, RFC 7250). */
export interface KnownPublicKey extends AnyCredential {
  readonly key?: undefined;
  /** SubjectPublicKeyInfo of EC P-256, DER; its SHA-256 in hexadecimal is the identity. */
  readonly publicKey: Buffer;
}

/** What a device is known by. */
export type Credential = PreSharedKey | KnownPublicKey;

const LEAST_KEY = 16;
const MOST_KEY = 64;
/** Fewer different bytes than these are a pattern, not a key; of 16 random bytes nobody ever sees so few. */
const LEAST_DIFFERENT = 8;
/** RFC 4279 5.3: identities up to 128 bytes are to be had everywhere. */
const MOST_IDENTITY = 128;
const MOST_ENDPOINT = 255;
const CONTROL = /[\p{Cc}\p{Surrogate}\ufffd]/u;

/** Bytes of the keys that are made here. */
const MADE_KEY_BYTES = 32;

/** A key that nobody can guess. */
export function makeKey(): Buffer {
  return randomBytes(MADE_KEY_BYTES);
}

/**
 * The credential of whoever has the private key to a public one, in any form that `readPublicKey` takes. Throws IpeError
 * `credentials/invalid`.
 */
export function knownPublicKey(endpoint: string, given: Buffer, use: CredentialUse): KnownPublicKey {
  try {
    const publicKey = readPublicKey(given);
    return { endpoint, identity: publicKeyFingerprint(publicKey) ?? '', publicKey, use, fresh: false };
  } catch (error) {
    throw new IpeError('credentials/invalid', `the public key of ${endpoint} is not taken: ${errorMessage(error)}`);
  }
}

/** The credential by which a peer proved who it is; none for a certificate, and for one that was removed since. */
export function credentialOfPeer(
  credentials: { find(identity: string): Credential | undefined } | undefined,
  identity: PeerIdentity,
): Credential | undefined {
  if (identity.kind === 'x509') return undefined;
  const found = credentials?.find(identity.kind === 'psk' ? identity.identity : identity.fingerprint);
  const proved = identity.kind === 'psk' ? found?.key : found?.publicKey;
  return proved === undefined ? undefined : found;
}

/** Throws IpeError `credentials/invalid` for a name that cannot be, `credentials/weak` for a key that can be guessed. */
export function assertCredential({ endpoint, identity, key, publicKey }: Credential): void {
  assertName(endpoint, 'an endpoint name', MOST_ENDPOINT);
  assertName(identity, 'an identity', MOST_IDENTITY);
  if (publicKey !== undefined) {
    if (publicKeyFingerprint(publicKey) === identity) return;
    throw new IpeError(
      'credentials/invalid',
      `the public key of ${endpoint} is none of EC P-256, or not that of its fingerprint`,
    );
  }
  const weakness = weaknessOf(key, [endpoint, identity]);
  if (weakness !== undefined) throw new IpeError('credentials/weak', `the key of ${identity} ${weakness}`);
}

function assertName(name: string, what: string, most: number): void {
  if (name !== '' && Buffer.byteLength(name) <= most && !CONTROL.test(name)) return;
  throw new IpeError(
    'credentials/invalid',
    `${what} is 1 to ${most} bytes of UTF-8 without control characters, not ${JSON.stringify(name.slice(0, 64))}`,
  );
}

/** Why a key can be guessed; undefined where nothing tells. */
function weaknessOf(key: Buffer, names: readonly string[]): string | undefined {
  if (key.length < LEAST_KEY) return `has ${key.length} bytes; at least ${LEAST_KEY} are needed`;
  if (key.length > MOST_KEY) return `has ${key.length} bytes; at most ${MOST_KEY} are allowed`;
  if (new Set(key).size < LEAST_DIFFERENT) return 'repeats few bytes; use random ones';
  const steps = new Set(key.subarray(1).map((byte, index) => byte - (key[index] as number)));
  if (steps.size === 1) return 'counts up or down; use random bytes';
  if (names.some((name) => name.length >= LEAST_DIFFERENT && key.includes(name)))
    return 'contains the name of its owner';
  return undefined;
}
