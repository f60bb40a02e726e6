import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../common/index.ts';
import { type ConfigurationInput, parseConfiguration } from '../../ipe/configuration/index.ts';
import { knownPublicKey } from '../../ipe/credentials/credential.ts';
import { openCredentials } from '../../ipe/credentials/open-credentials.ts';
import { DeviceSecurity } from '../../ipe/device-security.ts';
import { collectingLogger } from '../support/collecting-logger.ts';
import { writeKeyPair } from '../support/key-pair.ts';

const OLD = { version: 'OpenSSL 3.0.19 27 Jan 2026', rawPublicKeys: false };
const NEW = { version: 'OpenSSL 3.5.8 9 Jun 2026', rawPublicKeys: true };

let folder: string;
let store: string;
let privateKey: string;
const opened: DeviceSecurity[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-security-'));
  store = join(folder, 'devices.json');
  privateKey = writeKeyPair(folder, 'server').privateKey;
  const credentials = openCredentials(store, systemClock, silentLogger);
  await credentials.put(knownPublicKey('valve', writeKeyPair(folder, 'valve').der, 'server'));
  credentials.close();
});
afterEach(() => {
  for (const security of opened.splice(0)) security.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(coaps: object, logger = silentLogger): DeviceSecurity {
  const security = new DeviceSecurity(
    parseConfiguration({ lwm2m: { coaps } } as ConfigurationInput),
    systemClock,
    logger,
  );
  opened.push(security);
  return security;
}

describe('a configuration with public keys of devices', () => {
  it('is told at start that an OpenSSL before 3.2 has no raw public keys, and what to do', () => {
    const { logger, lines } = collectingLogger();
    const facts = open({ credentials: store, privateKey }, logger).facts(OLD);
    expect(facts).toMatchObject({ securityModes: ['psk'], identities: 1 });
    expect(facts.rpk).toBe(`not with ${OLD.version}`);
    expect(lines).toEqual([
      [
        'raw public keys are not to be had: devices that have one are refused',
        { publicKeys: 1, dtls: OLD.version, needs: expect.stringMatching(/OpenSSL 3\.2 .* by Node\.js 24/) },
      ],
    ]);
  });

  it('serves them with a newer one', () => {
    const { logger, lines } = collectingLogger();
    const facts = open({ credentials: store, privateKey }, logger).facts(NEW);
    expect(facts).toMatchObject({ securityModes: ['psk', 'rpk'], rpk: 'served' });
    expect(lines).toEqual([]);
  });

  it('is told that the server needs a private key', () => {
    const { logger, lines } = collectingLogger();
    expect(open({ credentials: store }, logger).facts(NEW).rpk).toMatch(/not without lwm2m\.coaps\.privateKey/);
    expect(lines).toHaveLength(1);
  });

  it.each([
    ['of another curve', () => pem('P-384'), /lwm2m\.coaps\.privateKey: it is a key of ec secp384r1; raw public keys/],
    ['that is none', () => 'hello', /holds no unencrypted PEM private key/],
  ])('is refused with a private key %s', (_what, text, why) => {
    writeFileSync(privateKey, text());
    expect(() => open({ credentials: store, privateKey })).toThrow(why);
  });

  it('is refused where there is nowhere to put them, and with half a certificate', () => {
    expect(() => open({ privateKey })).toThrow(/is for raw public keys; those of devices lie in lwm2m\.coaps\.cred/);
    expect(() => open({ credentials: store, privateKey, ca: privateKey })).toThrow(/go together; not all are set/);
  });
});

function pem(namedCurve: string): string {
  return generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
