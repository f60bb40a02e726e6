import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { DtlsServerOptions } from '../../../lwm2m/dtls/options.ts';
import { publicKeyFingerprint, publicKeyOf } from '../../../lwm2m/dtls/public-key.ts';
import type { ServerCertificate } from '../../../lwm2m/dtls/server-certificate.ts';
import { CertificateAuthority, type Issued } from '../../support/certificates.ts';
import { describeWithRawPublicKeys } from '../../support/raw-public-keys.ts';
import { DtlsNetwork } from './dtls-network.ts';

const CCM_8 = 'ECDHE-ECDSA-AES128-CCM8';

function newKey(namedCurve = 'P-256'): string {
  return generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

const fingerprintOf = (privateKey: string) => publicKeyFingerprint(publicKeyOf(privateKey)) ?? '';

await describeWithRawPublicKeys('A device with a raw public key', import.meta.filename, () => {
  const own = newKey();
  const key = newKey();
  const rpk = { kind: 'rpk', fingerprint: fingerprintOf(key) } as const;
  const device = { rawPublicKey: key, ciphers: CCM_8 };
  let known: Set<string>;
  let network: DtlsNetwork;
  let authority: CertificateAuthority;

  const party = ({ certificate, privateKey }: Issued): ServerCertificate => ({
    chain: readFileSync(certificate, 'utf8'),
    privateKey: readFileSync(privateKey, 'utf8'),
    authorities: readFileSync(authority.certificate, 'utf8'),
  });
  const open = async (options: Partial<DtlsServerOptions> = {}, privateKey = own) => {
    known = new Set([rpk.fingerprint]);
    const rawPublicKeys = { privateKey, trusts: (fingerprint: string) => known.has(fingerprint) };
    network = await DtlsNetwork.open({ rawPublicKeys, ...options });
  };

  beforeAll(() => {
    authority = new CertificateAuthority('Operator');
  });
  afterAll(() => authority.dispose());
  afterEach(() => network.close());

  it('shakes hands with TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 and is known by its key (RFC 7925 4.3, RFC 7250)', async () => {
    await open();
    const { client, heard, ...rest } = await network.connect(device);
    expect([client.established, client.context.shown]).toEqual([true, [fingerprintOf(own)]]);
    client.write(Buffer.from('hello'));
    network.run();
    expect([heard, rest.received.length > 0]).toEqual([['HELLO'], true]);
    expect(network.established[0]?.session).toMatchObject({
      cipherSuite: 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8',
      peer: { key: `rpk#${rpk.fingerprint}`, identity: rpk },
    });
  });

  it('is refused with an alert when nobody knows its key', async () => {
    await open();
    const stranger = await network.connect({ rawPublicKey: newKey(), ciphers: CCM_8 });
    expect([network.established.length, stranger.client.failed]).toEqual([0, true]);
    expect(network.server.counters.handshakesFailed).toBe(1);
    expect(network.server.held).toEqual({ handshakes: 0, sessions: 0, addresses: 0 });
  });

  it.each(['P-384', 'secp224r1'])('is refused with a key of %s, whoever says that it is known', async (curve) => {
    await open({ rawPublicKeys: { privateKey: own, trusts: () => true } });
    const other = await network.connect({ rawPublicKey: newKey(curve), ciphers: CCM_8 });
    expect([network.established.length, other.client.failed]).toEqual([0, true]);
  });

  it('may be served beside devices with pre-shared keys and with certificates', async () => {
    const server = party(authority.issue('lwm2m.example.org'));
    await open({ certificate: server }, server.privateKey);
    expect((await network.connect()).client.established).toBe(true);
    const bearer = await network.connect({ certificate: party(authority.issue('device')), ciphers: CCM_8 });
    const owner = await network.connect(device);
    expect([bearer.client.established, owner.client.established]).toEqual([true, true]);
    expect(network.established.map(({ session }) => session.peer.identity.kind)).toEqual(['psk', 'x509', 'rpk']);
    expect(owner.client.context.shown).toEqual([fingerprintOf(server.privateKey)]);
  });

  it('that has a certificate, too, goes on with that where both sides can', async () => {
    const server = party(authority.issue('lwm2m.example.org'));
    await open({ certificate: server }, server.privateKey);
    const both = party(authority.issue('device'));
    await network.connect({ certificate: both, rawPublicKey: both.privateKey, ciphers: CCM_8 });
    expect(network.established.map(({ session }) => session.peer.identity.kind)).toEqual(['x509']);
  });

  it('is served alone where there is no certificate: one of a device counts for nothing', async () => {
    await open();
    const bearer = await network.connect({ certificate: party(authority.issue('device')), ciphers: CCM_8 });
    expect([network.established.length, bearer.client.failed]).toEqual([0, true]);
  });

  it('is refused when its own certificate has the known key, and nobody vouches for that', async () => {
    const server = party(authority.issue('lwm2m.example.org'));
    await open({ certificate: server }, server.privateKey);
    const stranger = new CertificateAuthority('Stranger');
    const certificate = party(stranger.issue('device'));
    known.add(fingerprintOf(certificate.privateKey));
    const bearer = await network.connect({ certificate, ciphers: CCM_8 });
    expect([network.established.length, bearer.client.failed]).toEqual([0, true]);
    stranger.dispose();
  });

  it('resumes its session with its key as identity, while that is known', async () => {
    await open();
    const first = await network.connect(device);
    const session = first.client.session();
    const again = await network.connect({ ...device, session });
    expect(again.client.resumed).toBe(true);
    expect(network.established[1]?.session.peer.identity).toEqual(rpk);
    known.clear();
    await network.connect({ ...device, session });
    expect(network.server.counters).toMatchObject({ handshakesCompleted: 2, identitiesRefused: 1 });
    first.client.freeSession(session);
  });

  it('loses its session when it is told to end, which cannot be resumed', async () => {
    await open();
    const first = await network.connect(device);
    const session = first.client.session();
    expect(network.server.closeSession(rpk)).toBe(true);
    network.run();
    expect([first.client.ended, network.closed[0]?.reason]).toEqual([true, 'revoked']);
    const again = await network.connect({ ...device, session });
    expect([again.client.established, again.client.resumed]).toEqual([true, false]);
    first.client.freeSession(session);
  });

  it('comes through a path of 256 bytes', async () => {
    await open({ limits: { mtu: 256 } });
    const small = await network.connect({ ...device, mtu: 256 });
    expect(small.client.established).toBe(true);
    expect(Math.max(...[...small.received, ...small.sent].map(({ length }) => length))).toBeLessThanOrEqual(256);
  });

  it('finds no server whose private key cannot be read, or is not that of its certificate', async () => {
    await open();
    const certificate = party(authority.issue('lwm2m.example.org'));
    const trusts = () => true;
    for (const options of [{ privateKey: 'no PEM' }, { privateKey: own, certificate }]) {
      const { privateKey, ...rest } = options;
      const starting = DtlsNetwork.open({ ...rest, rawPublicKeys: { privateKey, trusts } });
      await expect(starting).rejects.toMatchObject({ code: 'dtls/certificate' });
    }
  });

  it('200 handshakes with known and unknown keys hold nothing when they are over', async () => {
    await open();
    const unknown = newKey();
    for (let i = 0; i < 100; i += 1) {
      for (const rawPublicKey of [key, unknown]) {
        const one = await network.connect({ rawPublicKey, ciphers: CCM_8 });
        if (one.client.established) one.client.close();
        network.run();
        network.forget(one);
      }
    }
    expect(network.server.counters).toMatchObject({ handshakesCompleted: 100, handshakesFailed: 100 });
    expect(network.server.held).toEqual({ handshakes: 0, sessions: 0, addresses: 0 });
  });
});
