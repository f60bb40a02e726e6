/** The owner of a pre-shared key (LwM2M security mode 0, RFC 4279). */
export interface PskIdentity {
  readonly kind: 'psk';
  /** The PSK identity, UTF-8. */
  readonly identity: string;
}

/** The owner of a certificate that a configured authority vouches for (LwM2M security mode 2). */
export interface CertificateIdentity {
  readonly kind: 'x509';
  /** SHA-256 of the certificate, hexadecimal in lower case. */
  readonly fingerprint: string;
  /** The common name of the subject, where it has exactly one. */
  readonly commonName?: string;
  /** DNS names and URIs of the subject's alternative names (RFC 5280 4.2.1.6), as they stand there. */
  readonly alternativeNames: readonly string[];
}

/** The owner of a public key that is known as it is, without a certificate (LwM2M security mode 1, RFC 7250). */
export interface PublicKeyIdentity {
  readonly kind: 'rpk';
  /** SHA-256 of its SubjectPublicKeyInfo, hexadecimal in lower case. */
  readonly fingerprint: string;
}

/** Who a peer has proved to be in its handshake. */
export type PeerIdentity = PskIdentity | PublicKeyIdentity | CertificateIdentity;

/** Equal for equal identities, and for no address. */
export function identityKey(identity: PeerIdentity): string {
  return `${identity.kind}#${identity.kind === 'psk' ? identity.identity : identity.fingerprint}`;
}

/** A name for logs: the PSK identity, or the common name of a certificate, or a fingerprint. */
export function nameOf(identity: PeerIdentity): string {
  switch (identity.kind) {
    case 'psk':
      return identity.identity;
    case 'rpk':
      return identity.fingerprint;
    case 'x509':
      return identity.commonName ?? identity.fingerprint;
  }
}
