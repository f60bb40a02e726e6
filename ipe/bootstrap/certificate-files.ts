import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { errorMessage, IpeError } from '../../common/index.ts';
import { escapeName } from '../../mappings/index.ts';
import type { TemplateServer } from './template.ts';

/** Certificates and key of a device as Object 0 holds them: DER (LwM2M 1.1 Transport 5.2.9.4). */
export interface CertificateFiles {
  readonly certificate: Buffer;
  /** PKCS #8. */
  readonly privateKey: Buffer;
  readonly serverCertificate: Buffer;
}

/** Stands for the endpoint name, escaped as in the tree: no name leads out of the folder. */
const NAME = '{name}';

/** Reads the PEM files of a device. Throws IpeError `bootstrap/certificate` that names the file, never what is in it. */
export function readCertificateFiles(endpoint: string, server: TemplateServer): CertificateFiles {
  const { certificate = '', privateKey = '', serverCertificate = '' } = server;
  const named = (file: string) => file.replaceAll(NAME, escapeName(endpoint));
  return {
    certificate: read(named(certificate), (pem) => new X509Certificate(pem).raw),
    privateKey: read(named(privateKey), (pem) => createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' })),
    serverCertificate: read(named(serverCertificate), (pem) => new X509Certificate(pem).raw),
  };
}

function read(file: string, der: (pem: Buffer) => Buffer): Buffer {
  try {
    return der(readFileSync(file));
  } catch (error) {
    throw new IpeError('bootstrap/certificate', `${file} cannot be given to a device: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}
