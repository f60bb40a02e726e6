import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../common/index.ts';
import { ResourceType } from '../../cse-client/index.ts';
import { makeKey } from '../../ipe/credentials/credential.ts';
import type { Credentials } from '../../ipe/credentials/credentials.ts';
import { openCredentials } from '../../ipe/credentials/open-credentials.ts';
import type { ServerCertificate } from '../../lwm2m/index.ts';
import { SimulatedDevice } from '../../simulator/index.ts';
import { CertificateAuthority } from '../support/certificates.ts';
import type { CseUnderTest } from '../support/cse-under-test.ts';
import { Device } from '../support/device.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../support/ipe.ts';
import { type Proof, SecureDevice } from '../support/secure-device.ts';
import { stopAll } from '../support/stand.ts';

interface DeviceKey {
  readonly identity: string;
  readonly key: Buffer;
}

/** Shorter than any handshake here, which is over in some 20 ms. */
const NO_HANDSHAKE = 500;
/** More than there are tests. */
const LAMPS = 12;

/** Devices that come by CoAPS, through to the CSE: what they may, and what nobody may in their place. */
export function securedSuite(title: string, start: () => Promise<CseUnderTest>): void {
  describe(`devices with credentials on ${title}`, () => {
    let folder: string;
    let store: string;
    let authority: CertificateAuthority;
    let cse: CseUnderTest;
    let ipe: RunningIpe;
    let app: Application;
    /** As another process would open it. */
    let credentials: Credentials;
    let serial = 0;
    let endpoint: string;
    let proof: DeviceKey;
    const keys: DeviceKey[] = [];
    const open: (() => unknown)[] = [];

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-secured-'));
      store = join(folder, 'devices.json');
      authority = new CertificateAuthority();
      const own = authority.issue('localhost', { names: 'IP:127.0.0.1' });
      for (let number = 1; number <= LAMPS; number += 1) keys.push(keyOf(number));
      const known = openCredentials(store, systemClock, silentLogger);
      await known.put(...keys.map((key, index) => ({ endpoint: `lamp-${index + 1}`, ...key, use, fresh: false })));
      known.close();
      cse = await start();
      const host = '127.0.0.1';
      const coaps = { host, port: 0, credentials: store, ...own, ca: authority.certificate };
      ipe = await startIpe(cse, {
        lwm2m: { coap: { host, port: 0, endpoints: ['plain-*', 'lamp-*'] }, coaps, identities: RULES },
        values: { observe: 'always' },
      });
      app = await Application.start(cse);
    });
    afterAll(async () => {
      await stopAll(app, ipe, cse);
      authority?.dispose();
      rmSync(folder, { recursive: true, force: true });
    });
    beforeEach(async () => {
      serial += 1;
      endpoint = `lamp-${serial}`;
      proof = keys[serial - 1] as DeviceKey;
      credentials = openCredentials(store, systemClock, silentLogger);
    });
    afterEach(async () => {
      for (const close of open.splice(0).reverse()) await close();
      credentials.close();
    });

    const port = () => ipe.ready.coaps?.port ?? 0;
    const tree = (name: string) => app.see(ResourceType.ae, name);

    /** Asked again until the daemon has seen what another process put. */
    async function shakeHands(how: Proof): Promise<SecureDevice> {
      for (;;) {
        const device = await SecureDevice.open(port(), how, NO_HANDSHAKE).catch(() => undefined);
        if (device === undefined) continue;
        open.push(() => device.close());
        return device;
      }
    }

    function certified(
      commonName: string,
      options?: { names?: string; days?: number },
    ): { certificate: ServerCertificate } {
      const issued = authority.issue(commonName, options);
      const [chain, privateKey, authorities] = [issued.certificate, issued.privateKey, authority.certificate].map(
        (file) => readFileSync(file, 'utf8'),
      ) as [string, string, string];
      return { certificate: { chain, privateKey, authorities } };
    }

    it('a simulated device comes, shows its values on the CSE, and goes', async () => {
      const server = { host: '127.0.0.1', port: port(), secure: true };
      const simulated = new SimulatedDevice({ server, endpoint, key: proof });
      open.push(() => simulated.stop());
      await simulated.start();
      const latest = () => app.latest(`${endpoint}/3303_0/5700`);
      // Read or observed through the session.
      await eventually(latest, (found) => found !== undefined);
      await simulated.stop();
      expect(await tree(endpoint)).toBeUndefined();
    });

    it('a credential that is added while the bridge runs lets its device in', async () => {
      const added = { identity: 'added', key: makeKey() };
      await credentials.put({ endpoint: 'pump', ...added, use, fresh: false });
      const { device } = await shakeHands(added);
      expect((await device.register({ endpoint: 'pump' })).code).toBe('2.01');
      expect((await device.deregister()).code).toBe('2.02');
    });

    it('a wrong key and an unknown identity look alike: no handshake', async () => {
      await shakeHands(proof);
      const wrong = [
        { ...proof, key: makeKey() },
        { ...proof, identity: 'nobody' },
      ];
      for (const how of wrong) await expect(SecureDevice.open(port(), how, NO_HANDSHAKE)).rejects.toThrow();
    });

    it('Register with the name of another is answered 4.00 and leaves nothing on the CSE', async () => {
      const { device } = await shakeHands(proof);
      expect(await device.register({ endpoint: 'somebody' })).toMatchObject({ code: '4.00' });
      expect(await tree('somebody')).toBeUndefined();
    });

    it('an endpoint that has a credential, or is not listed, is refused without security', async () => {
      const plain = await Device.open(ipe.port);
      open.push(() => plain.close());
      for (const name of [endpoint, 'other']) {
        expect(await plain.register({ endpoint: name }), name).toMatchObject({ code: '4.00' });
      }
      expect((await plain.register({ endpoint: 'plain-1' })).code).toBe('2.01');
      expect((await plain.deregister()).code).toBe('2.02');
    });

    it('a new handshake from another address goes on with the registration', async () => {
      const before = await shakeHands(proof);
      expect((await before.device.register({ endpoint })).code).toBe('2.01');
      const after = await shakeHands(proof);
      after.device.location = before.device.location;
      expect((await after.device.update()).code).toBe('2.04');
      expect((await after.device.deregister()).code).toBe('2.02');
    });

    it('a removed credential ends its session, and lets nobody in again', async () => {
      const { device, ended } = await shakeHands(proof);
      expect((await device.register({ endpoint })).code).toBe('2.01');
      await credentials.remove(proof.identity);
      await ended;
      await expect(SecureDevice.open(port(), proof, NO_HANDSHAKE)).rejects.toThrow();
    });

    it('a fresh credential takes the place of the old one when it is used, and not before', async () => {
      const fresh = { identity: `fresh-${serial}`, key: makeKey() };
      const old = await shakeHands(proof);
      await credentials.put({ endpoint, ...fresh, use, fresh: true });
      expect((await old.device.register({ endpoint })).code).toBe('2.01');
      const next = await shakeHands(fresh);
      await old.ended;
      expect((await next.device.register({ endpoint })).code).toBe('2.01');
      credentials.look();
      expect(credentials.of(endpoint).map(({ identity }) => identity)).toEqual([fresh.identity]);
      expect((await next.device.deregister()).code).toBe('2.02');
    });

    it('a credential for bootstrap opens no registration', async () => {
      const bootstrap = { identity: `bootstrap-${serial}`, key: makeKey() };
      await credentials.put({ endpoint, ...bootstrap, use: 'bootstrap', fresh: false });
      const { device } = await shakeHands(bootstrap);
      expect((await device.register({ endpoint })).code).toBe('4.00');
    });

    it('a certificate is good for the endpoint that the rules give it, and for no other', async () => {
      const { device } = await shakeHands(certified(`meter-${serial}.example.org`));
      expect((await device.register({ endpoint: 'urn:meter:other' })).code).toBe('4.00');
      expect((await device.register({ endpoint: `urn:meter:meter-${serial}` })).code).toBe('2.01');
      expect((await app.find(`LWM2MEP:urn:meter:meter-${serial}`)).length).toBeGreaterThan(0);
      expect((await device.deregister()).code).toBe('2.02');
    });

    it('a name among the alternative names of a certificate counts as well', async () => {
      const { device } = await shakeHands(certified('anything', { names: `URI:urn:dev:${serial}` }));
      expect((await device.register({ endpoint: `urn:dev:${serial}` })).code).toBe('2.01');
      expect((await device.deregister()).code).toBe('2.02');
    });

    it('a certificate that has expired, or that another authority issued, is refused', async () => {
      const stranger = new CertificateAuthority();
      open.push(() => stranger.dispose());
      const own = certified('a.example.org');
      const issued = stranger.issue('a.example.org');
      const [chain, privateKey] = [issued.certificate, issued.privateKey].map((file) => readFileSync(file, 'utf8'));
      const wrong = [
        certified('a.example.org', { days: -1 }),
        { certificate: { ...own.certificate, chain, privateKey } as ServerCertificate },
      ];
      for (const how of wrong) await expect(SecureDevice.open(port(), how, NO_HANDSHAKE)).rejects.toThrow();
    });
  });
}

const use = 'server' as const;

function keyOf(number: number): DeviceKey {
  return { identity: `identity-${number}`, key: makeKey() };
}

/** What the certificates of the suite are good for. */
const RULES = [
  { certificate: '*.example.org', endpoint: 'urn:meter:{*}' },
  { certificate: 'urn:dev:*', endpoint: '{name}' },
];
