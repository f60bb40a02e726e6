import { X509Certificate } from 'node:crypto';
import type { CertificateIdentity, PeerIdentity } from '../coap/peer-identity.ts';
import { CIPHER_SUITES } from './cipher-suites.ts';
import type { Connection } from './connection.ts';
import type { SecurityContext } from './security-context.ts';

/** Bits below which a key of a device's certificate is not believed (RFC 7925 19, security level 1 of OpenSSL). */
const LEAST_BITS = { ec: 224, rsa: 2_048 } as const;
const CURVE_BITS: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384, secp521r1: 521 };
const NAME_KINDS = /^(DNS|URI):(.*)$/s;
const NAMES = /(?:[^",]|"(?:[^"\\]|\\.)*")+/g;

/**
 * Who the peer of an established connection is; absent where that does not hold any more: its credential was removed or
 * changed since the session that it resumed, its certificate is over, or its key is weak. A peer has a certificate only where
 * authorities are configured that vouched for it.
 */
export function identityOf(connection: Connection, context: SecurityContext, wall: number): PeerIdentity | undefined {
  const suite = connection.cipherSuite;
  if (suite === undefined) return undefined;
  if (CIPHER_SUITES[suite].keys === 'psk') return pskIdentity(connection, context);
  const fingerprint = connection.peerPublicKey;
  if (fingerprint !== undefined) return context.trusts(fingerprint) ? { kind: 'rpk', fingerprint } : undefined;
  const certificate = connection.peerCertificate;
  return certificate && certificateIdentity(certificate, wall);
}

function pskIdentity(connection: Connection, context: SecurityContext): PeerIdentity | undefined {
  const identity = connection.pskIdentity;
  if (identity === undefined) return undefined;
  const { offered } = connection;
  if (offered !== undefined) connection.mark(offered.fingerprint);
  const founded = offered?.fingerprint ?? connection.fingerprint;
  const holds = founded !== 0 && founded === (offered?.fingerprint ?? context.fingerprint(identity));
  return holds ? { kind: 'psk', identity } : undefined;
}

/** What a certificate that an authority vouched for says of its owner; absent when it is over or its key is weak. */
function certificateIdentity(der: Buffer, wall: number): CertificateIdentity | undefined {
  const certificate = new X509Certificate(der);
  const over = wall > Date.parse(certificate.validTo) || wall < Date.parse(certificate.validFrom);
  if (over || isWeak(certificate)) return undefined;
  const commonName: unknown = certificate.toLegacyObject().subject?.CN;
  return {
    kind: 'x509',
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    alternativeNames: alternativeNames(certificate.subjectAltName ?? ''),
    ...(typeof commonName === 'string' && { commonName }),
  };
}

/** The DNS names and URIs in Node's text of subject alternative names, which quotes what could be misread. */
function alternativeNames(text: string): string[] {
  return (text.match(NAMES) ?? []).flatMap((entry) => {
    const [, , value] = NAME_KINDS.exec(entry.trim()) ?? [];
    if (value === undefined) return [];
    return value.startsWith('"') ? [String(JSON.parse(value))] : [value];
  });
}

function isWeak({ publicKey }: X509Certificate): boolean {
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  switch (publicKey.asymmetricKeyType) {
    case 'ec':
      return (CURVE_BITS[namedCurve ?? ''] ?? 0) < LEAST_BITS.ec;
    case 'rsa':
      return (modulusLength ?? 0) < LEAST_BITS.rsa;
    default:
      return publicKey.asymmetricKeyType !== 'ed25519';
  }
}
