import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { IpeError } from '../../common/index.ts';

/** A SubjectPublicKeyInfo of P-256 (RFC 5480 2.1.1.1, secp256r1) up to the two halves of its point, in DER. */
const P256_HEAD = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const P256_LENGTH = P256_HEAD.length + 64;
const PEM = /-----BEGIN ([^-]+)-----/;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/**
 * The fingerprint of a public key: SHA-256 of its SubjectPublicKeyInfo in DER, hexadecimal in lower case. Absent unless that
 * is a key of P-256 in the one form that devices send (RFC 7925 4.3, RFC 8422 5.4.1).
 */
export function publicKeyFingerprint(spki: Buffer): string | undefined {
  const known = spki.length === P256_LENGTH && spki.subarray(0, P256_HEAD.length).equals(P256_HEAD);
  return known ? hash('sha256', spki) : undefined;
}

/**
 * Reads a public key, PEM, DER or base64 of DER, and gives its SubjectPublicKeyInfo in DER, always in the same form. Throws
 * `IpeError` `dtls/public-key` that says what it is instead; never takes a private key or a certificate.
 */
export function readPublicKey(given: Buffer): Buffer {
  return spkiOf(parsed(given));
}

/** The public part of a private key in PEM, as {@link readPublicKey} gives it; throws the same. */
export function publicKeyOf(privateKey: string): Buffer {
  let key: KeyObject;
  try {
    key = createPublicKey(privateKey);
  } catch (error) {
    throw new IpeError('dtls/public-key', 'no unencrypted private key in PEM', { cause: error });
  }
  return spkiOf(key);
}

function parsed(given: Buffer): KeyObject {
  const text = given.toString('latin1').trim();
  const [, label] = PEM.exec(text) ?? [];
  if (label !== undefined && label !== 'PUBLIC KEY') {
    throw new IpeError('dtls/public-key', `it holds a ${label}; only a PUBLIC KEY (SubjectPublicKeyInfo) is taken`);
  }
  try {
    if (label !== undefined) return createPublicKey(text);
    const compact = text.replace(/\s+/g, '');
    const der = BASE64.test(compact) ? Buffer.from(compact, 'base64') : given;
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch (error) {
    throw new IpeError(
      'dtls/public-key',
      'it is no public key: PEM (PUBLIC KEY), or SubjectPublicKeyInfo in DER or base64, is taken',
      { cause: error },
    );
  }
}

/** Written anew, since a point may come compressed and a curve by its parameters. */
function spkiOf(key: KeyObject): Buffer {
  const { namedCurve } = key.asymmetricKeyDetails ?? {};
  const { x, y } = key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1' ? key.export({ format: 'jwk' }) : {};
  if (x !== undefined && y !== undefined) {
    return Buffer.concat([P256_HEAD, Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  }
  const kind = [key.asymmetricKeyType, namedCurve].filter(Boolean).join(' ');
  throw new IpeError('dtls/public-key', `it is a key of ${kind}; raw public keys are of EC P-256 (prime256v1)`);
}
