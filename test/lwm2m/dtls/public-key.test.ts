import { generateKeyPairSync, hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { publicKeyFingerprint, publicKeyOf, readPublicKey } from '../../../lwm2m/dtls/public-key.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const DER = pair.publicKey.export({ type: 'spki', format: 'der' });
const PEM = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const SECRET = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const { x = '', y = '' } = pair.publicKey.export({ format: 'jwk' });

/** The same key with the shorter form of its point (SEC 1, 2.3.3), and the curve still by its name. */
const COMPRESSED = Buffer.concat([
  Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex'),
  Buffer.from([2 + ((Buffer.from(y, 'base64url').at(-1) ?? 0) & 1)]),
  Buffer.from(x, 'base64url'),
]);

describe('A public key', () => {
  it.each([
    ['PEM', Buffer.from(PEM)],
    ['DER', DER],
    ['base64', Buffer.from(DER.toString('base64'))],
    ['base64 in lines', Buffer.from(`${DER.toString('base64').replace(/.{64}/g, '$&\n')}\n`)],
    ['base64url', Buffer.from(DER.toString('base64url'))],
    ['DER with a compressed point', COMPRESSED],
  ])('is read as %s, and is always the same', (_form, given) => {
    expect(readPublicKey(given)).toEqual(DER);
  });

  it('is known by the SHA-256 of its SubjectPublicKeyInfo, and is that of its private key', () => {
    expect(publicKeyFingerprint(DER)).toBe(hash('sha256', DER));
    expect(publicKeyOf(SECRET)).toEqual(DER);
  });

  it.each([
    ['a private key', Buffer.from(SECRET), /^it holds a PRIVATE KEY; only a PUBLIC KEY .* is taken$/],
    ['a certificate', Buffer.from('-----BEGIN CERTIFICATE-----\n'), /^it holds a CERTIFICATE;/],
    ['a key of another curve', other('P-384'), /^it is a key of ec secp384r1; raw public keys are of EC P-256/],
    ['an RSA key', rsa(), /^it is a key of rsa; raw public keys are of EC P-256/],
    ['anything else', Buffer.from('hello'), /^it is no public key: PEM/],
    ['nothing', Buffer.alloc(0), /^it is no public key: PEM/],
    [
      'a point that is not on the curve',
      Buffer.concat([DER.subarray(0, 90), Buffer.from([~DER[90]! & 255])]),
      /^it is no/,
    ],
  ])('is not %s', (_what, given, why) => {
    expect(() => readPublicKey(given)).toThrow(expect.objectContaining({ code: 'dtls/public-key' }));
    expect(() => readPublicKey(given)).toThrow(why);
  });

  it('has no fingerprint in another form than that in which devices send it', () => {
    for (const spki of [COMPRESSED, other('P-384'), DER.subarray(0, 90), Buffer.alloc(91)]) {
      expect(publicKeyFingerprint(spki)).toBeUndefined();
    }
  });
});

function other(namedCurve: string): Buffer {
  return generateKeyPairSync('ec', { namedCurve }).publicKey.export({ type: 'spki', format: 'der' });
}

function rsa(): Buffer {
  return generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey.export({ type: 'spki', format: 'der' });
}
