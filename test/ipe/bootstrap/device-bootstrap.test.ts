import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../../common/index.ts';
import { DeviceBootstrap } from '../../../ipe/bootstrap/device-bootstrap.ts';
import { keyIssuer } from '../../../ipe/bootstrap/key-issuer.ts';
import { parseConfiguration } from '../../../ipe/configuration/index.ts';
import { knownPublicKey, makeKey } from '../../../ipe/credentials/credential.ts';
import { Credentials } from '../../../ipe/credentials/credentials.ts';
import { IdentityRules } from '../../../ipe/credentials/identity-rules.ts';
import { type Peer, type PeerIdentity, Refusals } from '../../../lwm2m/index.ts';
import { withoutOpenssl } from '../../lwm2m/dtls/openssl-command.ts';
import { CertificateAuthority } from '../../support/certificates.ts';
import { MemoryStorage } from '../../support/memory-storage.ts';

const SECURE = { endpoint: 'lamp-*', servers: [{ uri: 'coaps://192.0.2.1' }] };
const PLAIN = { endpoint: 'plain-*', servers: [{ uri: 'coap://192.0.2.1' }] };

function world({ keysOverCoap = false, templates = [SECURE, PLAIN] as object[] } = {}) {
  const credentials = new Credentials({ storage: new MemoryStorage(), clock: systemClock, logger: silentLogger });
  const rules = [{ certificate: '*', endpoint: '{name}' }];
  const identities = new IdentityRules({ credentials, rules, unsecured: ['*'] });
  const configuration = parseConfiguration({ bootstrap: { templates } } as Parameters<typeof parseConfiguration>[0]);
  const handler = new DeviceBootstrap({
    templates: configuration.bootstrap.templates,
    access: { credentials, identities, keysOverCoap },
    issuer: keyIssuer(credentials),
    bootstrapped: () => {},
    refusals: new Refusals(systemClock, silentLogger),
    logger: silentLogger,
  });
  const ask = (endpoint: string, identity?: PeerIdentity) =>
    handler.provide({ endpoint, peer: peer(identity), preferredFormat: 112, by: 'request' });
  const know = (endpoint: string, use: 'server' | 'bootstrap', fresh = false) =>
    credentials.put({ endpoint, identity: `${use}-${endpoint}`, key: makeKey(), use, fresh });
  return { handler, credentials, ask, know };
}

function peer(identity: PeerIdentity | undefined): Peer {
  return { address: '127.0.0.1', port: 1, key: 'peer', ...(identity && { identity }) };
}

const psk = (identity: string): PeerIdentity => ({ kind: 'psk', identity });
const x509 = (commonName: string): PeerIdentity => ({
  kind: 'x509',
  fingerprint: '00',
  commonName,
  alternativeNames: [],
});
const REFUSED = { code: '4.00', diagnostic: 'no bootstrap for this endpoint here' };

describe('who is bootstrapped as which endpoint', () => {
  it('nobody whom no template fits', async () => {
    expect(await world().ask('stranger')).toEqual(REFUSED);
  });

  it('by CoAP whoever gets no secret, unless the endpoint has a bootstrap key', async () => {
    const { ask, know } = world();
    expect(await ask('plain-1')).toHaveProperty('instances');
    await know('plain-1', 'bootstrap');
    expect(await ask('plain-1')).toEqual(REFUSED);
  });

  it('by CoAPS the endpoint of the key, if it is one for bootstrap', async () => {
    const { ask, know } = world();
    await know('lamp-1', 'bootstrap');
    await know('lamp-2', 'server');
    expect(await ask('lamp-1', psk('bootstrap-lamp-1'))).toHaveProperty('instances');
    expect(await ask('lamp-2', psk('bootstrap-lamp-1'))).toEqual(REFUSED);
    expect(await ask('lamp-2', psk('server-lamp-2'))).toEqual(REFUSED);
    expect(await ask('lamp-3', psk('unknown'))).toEqual(REFUSED);
  });

  it('by CoAPS the endpoint that its certificate names', async () => {
    const { ask } = world();
    expect(await ask('lamp-1', x509('lamp-1'))).toHaveProperty('instances');
    expect(await ask('lamp-2', x509('lamp-1'))).toEqual(REFUSED);
  });

  it('a name that was not sent is that of the credentials (LwM2M 1.1 6.1.7.1)', async () => {
    const { handler, know } = world();
    await know('lamp-1', 'bootstrap');
    await know('lamp-2', 'server');
    expect(handler.nameOf(peer(psk('bootstrap-lamp-1')))).toBe('lamp-1');
    expect(handler.nameOf(peer(psk('server-lamp-2')))).toBeUndefined();
    expect(handler.nameOf(peer(x509('lamp-3')))).toBe('lamp-3');
    expect(handler.nameOf(peer(undefined))).toBeUndefined();
  });

  it('keys go over CoAP only where that is allowed, and to nobody whose endpoint uses one already', async () => {
    expect(await world().ask('lamp-1')).toEqual(REFUSED);
    const { ask, know, credentials } = world({ keysOverCoap: true });
    expect(await ask('lamp-1')).toHaveProperty('instances');
    expect(await ask('lamp-1')).toHaveProperty('instances');
    await credentials.used(credentials.of('lamp-1')[0]!.identity);
    expect(await ask('lamp-1')).toEqual(REFUSED);
    await know('lamp-2', 'bootstrap');
    expect(await ask('lamp-2')).toEqual(REFUSED);
  });
});

describe('a device with a raw public key', () => {
  it('is bootstrapped as the endpoint that its key was put for, if that is for bootstrap', async () => {
    const { ask, credentials } = world();
    const known = async (endpoint: string, use: 'server' | 'bootstrap'): Promise<PeerIdentity> => {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const credential = knownPublicKey(endpoint, publicKey.export({ type: 'spki', format: 'der' }), use);
      await credentials.put(credential);
      return { kind: 'rpk', fingerprint: credential.identity };
    };
    const [boots, serves] = [await known('lamp-1', 'bootstrap'), await known('lamp-2', 'server')];
    expect(await ask('lamp-1', boots)).toHaveProperty('instances');
    expect(await ask('lamp-2', boots)).toEqual(REFUSED);
    expect(await ask('lamp-2', serves)).toEqual(REFUSED);
  });
});

describe('keys', () => {
  it('are fresh, different for each device and each time, and in the store when the plan is there', async () => {
    const { ask, credentials } = world({ keysOverCoap: true });
    for (const endpoint of ['lamp-1', 'lamp-1', 'lamp-2']) await ask(endpoint);
    const issued = [...credentials.of('lamp-1'), ...credentials.of('lamp-2')];
    expect(issued).toHaveLength(3);
    expect(issued.every(({ fresh, use }) => fresh && use === 'server')).toBe(true);
    expect(new Set(issued.map(({ key }) => key?.toString('hex'))).size).toBe(3);
    expect(new Set(issued.map(({ identity }) => identity)).size).toBe(3);
  });

  it('what the device had stays until the new one was used', async () => {
    const { ask, know, credentials } = world();
    await know('lamp-1', 'bootstrap');
    await know('lamp-1', 'server');
    await ask('lamp-1', psk('bootstrap-lamp-1'));
    expect(credentials.of('lamp-1').map(({ fresh }) => fresh)).toEqual([false, true]);
    const fresh = credentials.of('lamp-1').find((credential) => credential.fresh)!;
    await credentials.used(fresh.identity);
    expect(credentials.of('lamp-1').map(({ identity }) => identity)).toEqual([fresh.identity]);
    expect(credentials.of('lamp-1', 'bootstrap')).toHaveLength(1);
  });

  it('the identity of a very long endpoint name still fits (RFC 4279 5.3)', async () => {
    const { credentials } = world();
    const { identity } = await keyIssuer(credentials).issue('x'.repeat(200));
    expect(identity).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe.skipIf(withoutOpenssl())('certificates', () => {
  it('are read when the device asks, and written as DER', async () => {
    const authority = new CertificateAuthority();
    const device = authority.issue('lamp-7');
    const own = authority.issue('server');
    const servers = [
      { uri: 'coaps://192.0.2.1', security: 'certificate', ...device, serverCertificate: own.certificate },
    ];
    const { ask } = world({ templates: [{ endpoint: 'lamp-*', servers }] });
    const plan = await ask('lamp-7', x509('lamp-7'));
    const resources = 'instances' in plan ? plan.instances[0]!.resources : [];
    const raw = new X509Certificate(readFileSync(device.certificate)).raw;
    expect(resources.find(({ resourceId }) => resourceId === 3)?.value).toEqual(raw);
    authority.dispose();
  });

  it('one that is missing ends the bootstrap with the name of the file, which no endpoint name leads out of its folder', async () => {
    const files = { certificate: '/nowhere/{name}.pem', privateKey: '/nowhere/k', serverCertificate: '/nowhere/s' };
    const servers = [{ uri: 'coaps://192.0.2.1', security: 'certificate', ...files }];
    const { ask } = world({ templates: [{ endpoint: '*', servers }] });
    await expect(ask('../a', x509('../a'))).rejects.toMatchObject({
      code: 'bootstrap/certificate',
      message: expect.stringContaining('/nowhere/0_-_2E_2E_2Fa.pem'),
    });
  });
});
