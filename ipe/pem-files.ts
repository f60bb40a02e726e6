import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { errorMessage, IpeError } from '../common/index.ts';

const MAX_PEM_BYTES = 1_048_576;

/** The text of a PEM file with at least one certificate; `key` names the file in the configuration. Throws IpeError `config/file`. */
export function readCertificates(key: string, name: string): string {
  const text = read(key, name);
  try {
    new X509Certificate(text);
  } catch {
    throw new IpeError('config/file', `${key}: ${name} holds no PEM certificate`);
  }
  return text;
}

/** The text of a PEM file with a private key. */
export function readKey(key: string, name: string): string {
  const text = read(key, name);
  try {
    createPrivateKey(text);
  } catch {
    throw new IpeError('config/file', `${key}: ${name} holds no unencrypted PEM private key`);
  }
  return text;
}

/** Throws where the key does not belong to the certificate; `section` holds the keys of both. */
export function assertPair(section: string, certificate: string, privateKey: string): void {
  const form = { type: 'spki', format: 'pem' } as const;
  const own = createPublicKey(createPrivateKey(privateKey)).export(form);
  if (new X509Certificate(certificate).publicKey.export(form) === own) return;
  throw new IpeError('config/file', `${section}.privateKey is not the key of ${section}.certificate`);
}

function read(key: string, name: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(name);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : errorMessage(error);
    throw new IpeError('config/file', `${key}: cannot read ${name}: ${reason}`, { cause: error });
  }
  if (bytes.length <= MAX_PEM_BYTES) return bytes.toString('utf8');
  throw new IpeError('config/file', `${key}: ${name} is larger than ${MAX_PEM_BYTES} bytes`);
}
