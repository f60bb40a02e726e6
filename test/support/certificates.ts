import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate and its key, by the names of their files. */
export interface Issued {
  readonly certificate: string;
  readonly privateKey: string;
}

/** A certificate authority for one test file; everything lies in a folder that `dispose` removes. Needs `openssl`. */
export class CertificateAuthority {
  readonly folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-ca-'));
  readonly certificate: string;
  readonly #key: string;
  #issued = 0;

  constructor(name = 'Test CA') {
    this.certificate = join(this.folder, 'ca.pem');
    this.#key = join(this.folder, 'ca.key');
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', this.#key];
    this.#openssl(['req', '-x509', ...key, '-subj', `/CN=${name}`, '-days', '2', '-out', this.certificate]);
  }

  /** A certificate for a common name; `days` below 0 has expired already. */
  issue(commonName: string, { names = '', days = 2 }: { names?: string; days?: number } = {}): Issued {
    this.#issued += 1;
    const path = (suffix: string) => join(this.folder, `${this.#issued}.${suffix}`);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', path('key')];
    this.#openssl(['req', ...key, '-subj', `/CN=${commonName}`, '-out', path('csr')]);
    writeFileSync(path('ext'), names === '' ? '' : `subjectAltName=${names}\n`);
    const signer = ['-CA', this.certificate, '-CAkey', this.#key, '-CAcreateserial', '-extfile', path('ext')];
    this.#openssl(['x509', '-req', '-in', path('csr'), ...signer, '-days', String(days), '-out', path('pem')]);
    return { certificate: path('pem'), privateKey: path('key') };
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #openssl(words: readonly string[]): void {
    execFileSync('openssl', words, { stdio: 'pipe' });
  }
}
