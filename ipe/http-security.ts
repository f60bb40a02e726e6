import { IpeError } from '../common/index.ts';
import type { Configuration } from './configuration/index.ts';
import { assertPair, readCertificates, readKey } from './pem-files.ts';

/** What the HTTP door of the IPE shows to those who connect, in PEM. */
export interface HttpTls {
  readonly certificate: string;
  readonly privateKey: string;
}

/**
 * What the HTTP door shows, files read and checked; undefined where it speaks plain HTTP. IpeError `config/file` where a file
 * cannot be used, `config/invalid` where only one is named.
 */
export function httpTls({ http }: Configuration): HttpTls | undefined {
  const { certificate, privateKey } = http.tls;
  if (certificate === undefined && privateKey === undefined) return undefined;
  if (certificate === undefined || privateKey === undefined) {
    throw new IpeError('config/invalid', 'http.tls.certificate and http.tls.privateKey go together; only one is set');
  }
  const tls = {
    certificate: readCertificates('http.tls.certificate', certificate),
    privateKey: readKey('http.tls.privateKey', privateKey),
  };
  assertPair('http.tls', tls.certificate, tls.privateKey);
  return tls;
}
