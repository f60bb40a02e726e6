import { IpeError } from '../../common/index.ts';
import type { Openssl } from './openssl.ts';
import { held, type Pointer } from './openssl-functions.ts';

/** What a server shows to devices with certificates, and whom it believes, all PEM (LwM2M security mode 2). */
export interface ServerCertificate {
  /** The server's certificate, and those between it and its authority. */
  readonly chain: string;
  readonly privateKey: string;
  /** The authorities that may vouch for devices. */
  readonly authorities: string;
}

const CTRL = { chainCertificate: 89, signatureAlgorithms: 98 } as const;
/** How a peer is to prove itself: SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT | SSL_VERIFY_CLIENT_ONCE. */
export const VERIFY = 1 | 2 | 4;
/** The level that CCM_8 needs would let weak signatures in. */
const SIGNATURES = Buffer.from('ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:RSA+SHA256\0');
const NO_PASSWORD = Buffer.from('\0');
const NOT_ITS_KEY = 'the private key of the server does not belong to its certificate';
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Has an SSL_CTX show the certificate and demand one of devices. Throws `IpeError` `dtls/certificate`. */
export function useCertificate(openssl: Openssl, context: Pointer, settings: ServerCertificate): void {
  const { call } = openssl;
  const check = (done: boolean, what: string): void => {
    if (!done) throw new IpeError('dtls/certificate', `${what}: ${openssl.takeReason()}`);
  };
  const [own, ...between] = pemBlocks(settings.chain, 'the certificate of the server');
  withCertificate(openssl, own as string, (it) =>
    check(call.SSL_CTX_use_certificate(context, it) === 1, 'the certificate of the server cannot be used'),
  );
  for (const block of between) {
    withCertificate(openssl, block, (it) =>
      // 1: OpenSSL counts a reference of its own.
      check(call.SSL_CTX_ctrl(context, CTRL.chainCertificate, 1, it) === 1, 'the chain of the server cannot be used'),
    );
  }
  usePrivateKey(openssl, context, settings.privateKey);
  check(call.SSL_CTX_check_private_key(context) === 1, NOT_ITS_KEY);
  const store = call.SSL_CTX_get_cert_store(context);
  for (const block of pemBlocks(settings.authorities, 'the authorities')) {
    withCertificate(openssl, block, (it) =>
      check(call.X509_STORE_add_cert(store, it) === 1, 'an authority cannot be used'),
    );
  }
  call.SSL_CTX_set_verify(context, VERIFY, null);
}

/**
 * Gives an SSL_CTX its private key, in PEM, and the signatures that are to be believed. Throws `IpeError` `dtls/certificate`
 * where it cannot be read, or is not that of the certificate.
 */
export function usePrivateKey(openssl: Openssl, context: Pointer, pem: string): void {
  const { call } = openssl;
  const key = inBio(openssl, pem, (bio) => call.PEM_read_bio_PrivateKey(bio, null, null, NO_PASSWORD));
  const used = key !== null && call.SSL_CTX_use_PrivateKey(context, key) === 1;
  call.EVP_PKEY_free(key);
  if (!used) {
    const what = key === null ? 'the private key of the server cannot be read' : NOT_ITS_KEY;
    throw new IpeError('dtls/certificate', `${what}: ${openssl.takeReason()}`);
  }
  call.SSL_CTX_ctrl(context, CTRL.signatureAlgorithms, 0, SIGNATURES);
}

function pemBlocks(pem: string, what: string): string[] {
  const blocks = pem.match(BLOCK) ?? [];
  if (blocks.length === 0) throw new IpeError('dtls/certificate', `${what}: no certificate in PEM`);
  return blocks;
}

function withCertificate(openssl: Openssl, pem: string, use: (certificate: Pointer) => void): void {
  const { call } = openssl;
  const certificate = inBio(openssl, pem, (bio) => call.PEM_read_bio_X509(bio, null, null, NO_PASSWORD));
  if (certificate === null)
    throw new IpeError('dtls/certificate', `a certificate cannot be read: ${openssl.takeReason()}`);
  try {
    use(certificate);
  } finally {
    call.X509_free(certificate);
  }
}

function inBio<T>(openssl: Openssl, text: string, read: (bio: Pointer) => T): T {
  const bytes = Buffer.from(text);
  const bio = held(openssl.call.BIO_new_mem_buf(bytes, bytes.length));
  try {
    return read(bio);
  } finally {
    openssl.call.BIO_free(bio);
  }
}
