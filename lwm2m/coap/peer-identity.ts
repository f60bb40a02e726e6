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

/** Who a peer has proved to be in its handshake. */
export type PeerIdentity = PskIdentity | CertificateIdentity;

/** Equal for equal identities, and for no address. */
export function identityKey(identity: PeerIdentity): string {
  return identity.kind === 'psk' ? `psk#${identity.identity}` : `x509#${identity.fingerprint}`;
}

/** A name for logs: the PSK identity, or the common name of a certificate, or its fingerprint. */
export function nameOf(identity: PeerIdentity): string {
  return identity.kind === 'psk' ? identity.identity : (identity.commonName ?? identity.fingerprint);
}
