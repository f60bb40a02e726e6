import { IpeError } from '../common/index.ts';
import type { CseClientOptions } from '../cse-client/index.ts';
import type { Configuration } from './configuration/index.ts';
import { assertPair, readCertificates, readKey } from './pem-files.ts';

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
  if (tls.certificate !== undefined && tls.privateKey !== undefined)
    assertPair('cse.tls', tls.certificate, tls.privateKey);
  return { tls, authorization: authorization(cse.authorization) };
}

function authorization({ bearerToken, username, password = '' }: Configuration['cse']['authorization']) {
  if (bearerToken !== undefined) return `Bearer ${bearerToken}`;
  if (username === undefined) return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
