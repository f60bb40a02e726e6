import { randomBytes } from 'node:crypto';
import { makeKey } from '../credentials/credential.ts';
import type { Credentials } from '../credentials/credentials.ts';

/** A key that was made for a device. */
export interface IssuedKey {
  /** PSK identity. */
  readonly identity: string;
  readonly key: Buffer;
}

/** Makes keys for devices. */
export interface KeyIssuer {
  /**
   * A fresh key of a device under an identity of its own, lasting when the promise resolves. What the device had stays
   * valid until it has used this one. Rejects with IpeError `credentials/…`.
   */
  issue(endpoint: string): Promise<IssuedKey>;
}

/** An identity of 128 bytes is to be had everywhere (RFC 4279 5.3). */
const MOST_IDENTITY = 128;
const RANDOM_BYTES = 8;

/** Keys that the LwM2M server takes at the next handshake. */
export function keyIssuer(credentials: Pick<Credentials, 'put'>): KeyIssuer {
  return {
    issue: async (endpoint) => {
      const issued = { identity: freshIdentity(endpoint), key: makeKey() };
      await credentials.put({ endpoint, ...issued, use: 'server', fresh: true });
      return issued;
    },
  };
}

function freshIdentity(endpoint: string): string {
  const random = randomBytes(RANDOM_BYTES).toString('hex');
  const named = `${endpoint}-${random}`;
  return Buffer.byteLength(named) <= MOST_IDENTITY ? named : random;
}
