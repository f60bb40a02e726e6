import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DtlsServerOptions } from '../../../lwm2m/dtls/options.ts';
import type { ServerCertificate } from '../../../lwm2m/dtls/server-certificate.ts';
import { CertificateAuthority, type Issued } from '../../support/certificates.ts';
import { DtlsNetwork } from './dtls-network.ts';
import { withoutOpenssl } from './openssl-command.ts';

const CCM_8 = 'ECDHE-ECDSA-AES128-CCM8';

describe.skipIf(withoutOpenssl())('A device with a certificate', () => {
  let authority: CertificateAuthority;
  let server: ServerCertificate;
  let network: DtlsNetwork;

  const party = ({ certificate, privateKey }: Issued, { certificate: believes } = authority): ServerCertificate => ({
    chain: readFileSync(certificate, 'utf8'),
    privateKey: readFileSync(privateKey, 'utf8'),
    authorities: readFileSync(believes, 'utf8'),
  });
  const open = async (options: Partial<DtlsServerOptions> = {}) => {
    network = await DtlsNetwork.open({ certificate: server, ...options });
  };

  beforeAll(() => {
    authority = new CertificateAuthority('Operator');
    server = party(authority.issue('lwm2m.example.org', { names: 'DNS:lwm2m.example.org' }));
  });
  afterAll(() => authority.dispose());
  afterEach(() => network.close());

  it.each([
    [CCM_8, 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'],
    ['ECDHE-ECDSA-AES128-GCM-SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
  ])('shakes hands with %s and is known by its names (RFC 7925 4.4)', async (ciphers, suite) => {
    await open();
    const names = 'URI:urn:imei:42,DNS:device-7.example.org';
    const certificate = party(authority.issue('device-7', { names }));
    const device = await network.connect({ certificate, ciphers });
    device.say('hello');
    expect(device.heard).toEqual(['HELLO']);
    expect(network.established[0]?.session).toMatchObject({
      cipherSuite: suite,
      peer: {
        identity: {
          kind: 'x509',
          commonName: 'device-7',
          alternativeNames: ['urn:imei:42', 'device-7.example.org'],
          fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      },
    });
  });

  it('may be served beside devices with pre-shared keys', async () => {
    await open();
    expect((await network.connect()).client.established).toBe(true);
    const certificate = party(authority.issue('device'));
    expect((await network.connect({ certificate, ciphers: CCM_8 })).client.established).toBe(true);
    expect(network.server.held.sessions).toBe(2);
  });

  it('is refused with an alert when its certificate has expired', async () => {
    await open();
    const certificate = party(authority.issue('device', { days: -1 }));
    const device = await network.connect({ certificate, ciphers: CCM_8 });
    expect([network.established.length, device.client.failed]).toEqual([0, true]);
    expect(network.server.counters.handshakesFailed).toBe(1);
    expect(network.server.held).toEqual({ handshakes: 0, sessions: 0, addresses: 0 });
  });

  it('is refused when an authority vouches for it that nobody configured', async () => {
    await open();
    const stranger = new CertificateAuthority('Stranger');
    const device = await network.connect({ certificate: party(stranger.issue('device')), ciphers: CCM_8 });
    expect([network.established.length, device.client.failed]).toEqual([0, true]);
    stranger.dispose();
  });

  it('is refused without one', async () => {
    await open();
    const device = await network.connect({ ciphers: CCM_8 });
    expect([network.established.length, device.client.failed]).toEqual([0, true]);
  });

  it('is refused by the clock of the server when its certificate ended before the session was resumed', async () => {
    let ahead = 0;
    await open({
      clock: {
        monotonic: () => performance.now(),
        wall: () => Date.now() + ahead,
        timer: () => ({ cancel: () => {} }),
      },
    });
    const certificate = party(authority.issue('device'));
    const device = await network.connect({ certificate, ciphers: CCM_8 });
    const session = device.client.session();
    device.client.close();
    network.run();
    ahead = 3 * 86_400_000;
    await network.connect({ certificate, ciphers: CCM_8, session });
    expect(network.server.counters).toMatchObject({ handshakesCompleted: 1, identitiesRefused: 1 });
    device.client.freeSession(session);
  });

  it('resumes its session with its certificate as identity', async () => {
    await open();
    const certificate = party(authority.issue('device'));
    const device = await network.connect({ certificate, ciphers: CCM_8 });
    const session = device.client.session();
    const again = await network.connect({ certificate, ciphers: CCM_8, session });
    expect(again.client.resumed).toBe(true);
    expect(network.established[1]?.session.peer.key).toBe(network.established[0]?.session.peer.key);
    device.client.freeSession(session);
  });

  it('comes through a path of 256 bytes, its certificate in fragments', async () => {
    await open({ limits: { mtu: 256 } });
    const certificate = party(authority.issue('device'));
    const device = await network.connect({ certificate, ciphers: CCM_8, mtu: 256 });
    device.say('hello');
    expect(device.heard).toEqual(['HELLO']);
    const sizes = [...device.received, ...device.sent].map(({ length }) => length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(256);
  });

  it('finds no server whose key belongs to another certificate, or whose certificate is none', async () => {
    await open();
    const { privateKey } = party(authority.issue('other'));
    for (const certificate of [
      { ...server, privateKey },
      { ...server, chain: 'no PEM' },
      { ...server, authorities: '' },
      { ...server, privateKey: server.chain },
    ]) {
      await expect(DtlsNetwork.open({ certificate })).rejects.toMatchObject({ code: 'dtls/certificate' });
    }
  });
});
