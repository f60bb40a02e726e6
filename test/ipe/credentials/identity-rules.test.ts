import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../../common/index.ts';
import { type Credential, knownPublicKey, makeKey } from '../../../ipe/credentials/credential.ts';
import { Credentials } from '../../../ipe/credentials/credentials.ts';
import { type IdentityRule, IdentityRules } from '../../../ipe/credentials/identity-rules.ts';
import type { PeerIdentity } from '../../../lwm2m/index.ts';
import { MemoryStorage } from '../../support/memory-storage.ts';

const USUAL: readonly IdentityRule[] = [{ certificate: '*', endpoint: '{name}' }];
const peer = (identity?: PeerIdentity) => ({ address: '::1', port: 1, key: 'k', ...(identity && { identity }) });
const psk = (identity: string) => peer({ kind: 'psk', identity });
const rpk = (fingerprint: string) => peer({ kind: 'rpk', fingerprint });
const x509 = (commonName: string | undefined, ...alternativeNames: string[]) =>
  peer({ kind: 'x509', fingerprint: 'f', alternativeNames, ...(commonName !== undefined && { commonName }) });

const PUBLIC_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' });

async function rulesOf(
  rules: readonly IdentityRule[],
  unsecured: readonly string[] = ['*'],
  ...more: readonly Credential[]
): Promise<IdentityRules> {
  const credentials = new Credentials({ storage: new MemoryStorage(), clock: systemClock, logger: silentLogger });
  const key = makeKey();
  await credentials.put(
    { endpoint: 'lamp', identity: 'lamp-id', key, use: 'server', fresh: false },
    { endpoint: 'lamp', identity: 'boot-id', key: makeKey(), use: 'bootstrap', fresh: false },
    { endpoint: 'gateway', identity: 'gateway-7', key: makeKey(), use: 'server', fresh: false },
    { endpoint: 'new', identity: 'new-boot', key: makeKey(), use: 'bootstrap', fresh: false },
    ...more,
  );
  return new IdentityRules({ credentials, rules, unsecured });
}

describe('who may speak for an endpoint', () => {
  it('by a pre-shared key: the one endpoint of the credential, and what a rule adds', async () => {
    const rules = await rulesOf([{ psk: 'gateway-*', endpoint: 'room-{*}-*' }]);
    expect(rules.refusal(psk('lamp-id'), 'lamp')).toBeUndefined();
    expect(rules.refusal(psk('lamp-id'), 'lamp-id')).toMatch(/not that of the credentials/);
    expect(rules.refusal(psk('gateway-7'), 'gateway')).toBeUndefined();
    expect(rules.refusal(psk('gateway-7'), 'room-7-door')).toBeUndefined();
    expect(rules.refusal(psk('gateway-7'), 'room-8-door')).toBeDefined();
    expect(rules.refusal(psk('boot-id'), 'lamp')).toMatch(/bootstrap alone/);
    expect(rules.refusal(psk('gone'), 'lamp')).toMatch(/removed/);
  });

  it('by a raw public key: the one endpoint of the credential, and what a rule adds', async () => {
    const known = knownPublicKey('valve', PUBLIC_KEY, 'server');
    const rules = await rulesOf([{ publicKey: known.identity, endpoint: 'room-7-*' }], ['*'], known);
    const owner = rpk(known.identity);
    expect(rules.refusal(owner, 'valve')).toBeUndefined();
    expect(rules.refusal(owner, 'room-7-door')).toBeUndefined();
    expect(rules.refusal(owner, 'lamp')).toMatch(/not that of the credentials/);
    expect(rules.endpointOf(owner)).toBe('valve');
    expect(rules.refusal(rpk('0'.repeat(64)), 'valve')).toMatch(/removed/);
    expect(rules.refusal(peer(), 'valve')).toMatch(/known by its credentials/);
  });

  it('a name of one kind says nothing of the other: a PSK identity that looks like a fingerprint, and the reverse', async () => {
    const known = knownPublicKey('valve', PUBLIC_KEY, 'server');
    const rules = await rulesOf([], ['*'], known);
    expect(rules.refusal(psk(known.identity), 'valve')).toMatch(/removed/);
    expect(rules.refusal(rpk('lamp-id'), 'lamp')).toMatch(/removed/);
  });

  it('by a certificate: one of its names, by the usual rule', async () => {
    const rules = await rulesOf(USUAL);
    expect(rules.refusal(x509('meter'), 'meter')).toBeUndefined();
    expect(rules.refusal(x509('meter', 'urn:dev:1'), 'urn:dev:1')).toBeUndefined();
    expect(rules.refusal(x509('meter'), 'metre')).toBeDefined();
    expect(rules.refusal(x509(undefined), '')).toBeDefined();
    expect(rules.refusal(psk('lamp-id'), 'other')).toBeDefined();
  });

  it('a star in a name is no wildcard', async () => {
    const rules = await rulesOf(USUAL);
    expect(rules.refusal(x509('*'), 'anything')).toBeDefined();
    expect(rules.refusal(x509('*.example.org'), 'a.example.org')).toBeDefined();
  });

  it('a name is put in as it stands, whatever it holds', async () => {
    const rules = await rulesOf([{ certificate: '*', endpoint: 'urn:{name}' }]);
    expect(rules.refusal(x509("$&{*}$'"), "urn:$&{*}$'")).toBeDefined();
    expect(rules.refusal(x509('$&$1'), 'urn:$&$1')).toBeUndefined();
  });

  it('without security: whoever is listed and has no credential for the server', async () => {
    const rules = await rulesOf(USUAL, ['plain-*', 'lamp', 'new']);
    expect(rules.refusal(peer(), 'plain-1')).toBeUndefined();
    expect(rules.refusal(peer(), 'new')).toBeUndefined();
    expect(rules.refusal(peer(), 'lamp')).toMatch(/known by its credentials/);
    expect(rules.refusal(peer(), 'other')).toMatch(/by coaps/);
  });

  it('a Register without a name gets the endpoint that is meant, if it is one', async () => {
    const rules = await rulesOf([
      { certificate: 'open-*', endpoint: '*' },
      { certificate: '*', endpoint: '{name}' },
    ]);
    expect(rules.endpointOf(psk('lamp-id'))).toBe('lamp');
    expect(rules.endpointOf(x509('meter'))).toBe('meter');
    expect(rules.endpointOf(x509(undefined))).toBeUndefined();
    expect(rules.endpointOf(peer())).toBeUndefined();
  });
});
