import { IpeError } from '../../common/index.ts';
import type { Openssl } from './openssl.ts';
import { held, type Pointer, type RawPublicKeyFunctions } from './openssl-functions.ts';
import { publicKeyFingerprint } from './public-key.ts';
import { usePrivateKey, VERIFY } from './server-certificate.ts';

/** What a server shows to devices with raw public keys, and whom it believes (LwM2M security mode 1, RFC 7250). */
export interface RawPublicKeys {
  /** PEM, EC P-256; that of the server's certificate, where it has one. */
  readonly privateKey: string;
  /** Whether the owner of the key with this fingerprint may come; asked in every handshake, must be quick and must not change sessions. */
  readonly trusts: (fingerprint: string) => boolean;
}

/** Certificate types (RFC 7250 5, registry of RFC 6091). */
const X509 = 0;
const RAW_PUBLIC_KEY = 2;
/** X509_V_OK, and X509_V_ERR_RPK_UNTRUSTED: nothing speaks against the key, nothing for it. */
const FINE = 0;
const NOT_TRUSTED_YET = 95;
/** More than a public key of P-256 has. */
const ROOM = 128;

/**
 * Has an SSL_CTX accept raw public keys, and show one to whoever prefers it. `alone`: certificates are not to be had. Where
 * both sides can do both, they go on with certificates. Throws `IpeError` `dtls/certificate`.
 */
export function useRawPublicKeys(
  openssl: Openssl,
  raw: RawPublicKeyFunctions,
  context: Pointer,
  { privateKey, verify, alone }: { privateKey: string; verify: Pointer; alone: boolean },
): void {
  usePrivateKey(openssl, context, privateKey);
  const types = Buffer.from(alone ? [RAW_PUBLIC_KEY] : [X509, RAW_PUBLIC_KEY]);
  const done =
    raw.SSL_CTX_set1_server_cert_type(context, types, types.length) === 1 &&
    raw.SSL_CTX_set1_client_cert_type(context, types, types.length) === 1;
  if (!done) throw new IpeError('dtls/certificate', `raw public keys cannot be used: ${openssl.takeReason()}`);
  openssl.call.SSL_CTX_set_verify(context, VERIFY, verify);
}

/**
 * What a verification comes to: a certificate is judged by OpenSSL alone; `judge` is asked about a raw public key, by its
 * fingerprint, which is absent for a key that no device may have.
 */
export function verification(
  openssl: Openssl,
  raw: RawPublicKeyFunctions,
  judge: (fingerprint: string | undefined) => boolean,
): (preverified: number, store: Pointer) => number {
  return (preverified, store) => {
    try {
      const key = raw.X509_STORE_CTX_get0_rpk(store);
      if (key === null) return preverified;
      if (raw.X509_STORE_CTX_get_error(store) !== NOT_TRUSTED_YET) return 0;
      if (!judge(fingerprintOf(openssl, raw, key))) return 0;
      raw.X509_STORE_CTX_set_error(store, FINE);
      return 1;
    } catch {
      return 0;
    }
  };
}

/** The fingerprint of an EVP_PKEY; absent for a key that no device may have. */
export function fingerprintOf(openssl: Openssl, raw: RawPublicKeyFunctions, key: Pointer): string | undefined {
  const { call } = openssl;
  const bio = held(call.BIO_new(call.BIO_s_mem()));
  const spki = Buffer.alloc(ROOM);
  const length = raw.i2d_PUBKEY_bio(bio, key) === 1 ? call.BIO_read(bio, spki, ROOM) : 0;
  call.BIO_free(bio);
  return length > 0 ? publicKeyFingerprint(spki.subarray(0, length)) : undefined;
}
