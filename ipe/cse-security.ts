import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { errorMessage, IpeError } from '../common/index.ts';
import type { CseClientOptions } from '../cse-client/index.ts';
import type { Configuration } from './configuration/index.ts';

const MAX_PEM_BYTES = 1_048_576;

/**
 * What the CSE is shown and how its certificate is judged, files read and checked. IpeError `config/file` in one line
 * where a file cannot be read, is none of its kind, or key and certificate do not belong together.
 */
export function cseSecurity({ cse }: Configuration): Pick<CseClientOptions, 'tls' | 'authorization'> {
  const { ca, certificate, privateKey } = cse.tls;
  if ((certificate === undefined) !== (privateKey === undefined)) {
    throw new IpeError('config/invalid', 'cse.tls.certificate and cse.tls.privateKey go together; only one is set');
  }
  const tls = {
    ca: ca === undefined ? undefined : readCertificates('cse.tls.ca', ca),
    certificate: certificate === undefined ? undefined : readCertificates('cse.tls.certificate', certificate),
    privateKey: privateKey === undefined ? undefined : readKey('cse.tls.privateKey', privateKey),
  };
  if (tls.certificate !== undefined && tls.privateKey !== undefined) assertPair(tls.certificate, tls.privateKey);
  return { tls, authorization: authorization(cse.authorization) };
}

function authorization({ bearerToken, username, password = '' }: Configuration['cse']['authorization']) {
  if (bearerToken !== undefined) return `Bearer ${bearerToken}`;
  if (username === undefined) return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** The text of a PEM file with at least one certificate. */
function readCertificates(key: string, name: string): string {
  const text = read(key, name);
  try {
    new X509Certificate(text);
  } catch {
    throw new IpeError('config/file', `${key}: ${name} holds no PEM certificate`);
  }
  return text;
}

function readKey(key: string, name: string): string {
  const text = read(key, name);
  try {
    createPrivateKey(text);
  } catch {
    throw new IpeError('config/file', `${key}: ${name} holds no unencrypted PEM private key`);
  }
  return text;
}

function assertPair(certificate: string, privateKey: string): void {
  const form = { type: 'spki', format: 'pem' } as const;
  const own = createPublicKey(createPrivateKey(privateKey)).export(form);
  if (new X509Certificate(certificate).publicKey.export(form) === own) return;
  throw new IpeError('config/file', 'cse.tls.privateKey is not the key of cse.tls.certificate');
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
