import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A key pair of EC P-256, by the names of its PEM files. */
export interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
  /** The private key itself, PEM. */
  readonly secret: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly der: Buffer;
}

/** Makes a key pair and writes it to `NAME.pub.pem` and `NAME.pem`. */
export function writeKeyPair(folder: string, name: string): KeyPair {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const secret = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const files = { publicKey: join(folder, `${name}.pub.pem`), privateKey: join(folder, `${name}.pem`) };
  writeFileSync(files.publicKey, pair.publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(files.privateKey, secret, { mode: 0o600 });
  return { ...files, secret, der: pair.publicKey.export({ type: 'spki', format: 'der' }) };
}
