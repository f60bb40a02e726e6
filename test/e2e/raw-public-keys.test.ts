import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../common/index.ts';
import { ResourceType } from '../../cse-client/index.ts';
import { knownPublicKey, makeKey } from '../../ipe/credentials/credential.ts';
import type { Credentials } from '../../ipe/credentials/credentials.ts';
import { openCredentials } from '../../ipe/credentials/open-credentials.ts';
import { type CseUnderTest, startEmbedded } from '../support/cse-under-test.ts';
import { Device } from '../support/device.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../support/ipe.ts';
import { type KeyPair, writeKeyPair } from '../support/key-pair.ts';
import { describeWithRawPublicKeys } from '../support/raw-public-keys.ts';
import { type Proof, SecureDevice } from '../support/secure-device.ts';
import { stopAll } from '../support/stand.ts';

/** Shorter than any handshake here, which is over in some 20 ms. */
const NO_HANDSHAKE = 500;

await describeWithRawPublicKeys('devices with raw public keys, and the IPE', import.meta.filename, () => {
  let folder: string;
  let store: string;
  let cse: CseUnderTest;
  let ipe: RunningIpe;
  let app: Application;
  /** As another process would open it. */
  let credentials: Credentials;
  let endpoint: string;
  let own: KeyPair;
  let serial = 0;
  const open: (() => unknown)[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-rpk-'));
    store = join(folder, 'devices');
    const host = '127.0.0.1';
    const { privateKey } = writeKeyPair(folder, 'server');
    cse = await startEmbedded('standard');
    ipe = await startIpe(cse, {
      lwm2m: { coap: { host, port: 0 }, coaps: { host, port: 0, credentials: store, privateKey } },
      values: { observe: 'always' },
    });
    app = await Application.start(cse);
  });
  afterAll(async () => {
    await stopAll(app, ipe, cse);
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    serial += 1;
    endpoint = `valve-${serial}`;
    own = writeKeyPair(folder, endpoint);
    credentials = openCredentials(store, systemClock, silentLogger);
    await credentials.put(knownPublicKey(endpoint, own.der, 'server'));
  });
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
    credentials.close();
  });

  const port = () => ipe.ready.coaps?.port ?? 0;
  const tree = (name: string) => app.see(ResourceType.ae, name);

  /** Asked again until the daemon has seen what another process put. */
  async function shakeHands(how: Proof = { rawPublicKey: own.secret }): Promise<SecureDevice> {
    for (;;) {
      const device = await SecureDevice.open(port(), how, NO_HANDSHAKE).catch(() => undefined);
      if (device === undefined) continue;
      open.push(() => device.close());
      return device;
    }
  }

  it('what is served is said at start', () => {
    expect(ipe.ready.coaps).toMatchObject({ securityModes: ['psk', 'rpk'], rpk: 'served' });
  });

  it('one whose key was put registers, appears on the CSE, and goes (LwM2M 1.1 security mode 1)', async () => {
    const { device } = await shakeHands();
    expect((await device.register({ endpoint })).code).toBe('2.01');
    await eventually(
      () => tree(endpoint),
      (found) => found !== undefined,
    );
    expect((await device.update()).code).toBe('2.04');
    expect((await device.deregister()).code).toBe('2.02');
    expect(await tree(endpoint)).toBeUndefined();
  });

  it('one whose key nobody put gets no session', async () => {
    await shakeHands();
    const stranger = writeKeyPair(folder, 'stranger');
    await expect(SecureDevice.open(port(), { rawPublicKey: stranger.secret }, NO_HANDSHAKE)).rejects.toThrow();
  });

  it('Register with the name of another is answered 4.00, and leaves nothing on the CSE', async () => {
    const { device } = await shakeHands();
    expect((await device.register({ endpoint: 'somebody' })).code).toBe('4.00');
    expect(await tree('somebody')).toBeUndefined();
  });

  it('an endpoint that has a public key is refused without security', async () => {
    await shakeHands();
    const plain = await Device.open(ipe.port);
    open.push(() => plain.close());
    expect((await plain.register({ endpoint })).code).toBe('4.00');
  });

  it('a public key that is removed ends its session, and lets nobody in again', async () => {
    const { device, ended } = await shakeHands();
    expect((await device.register({ endpoint })).code).toBe('2.01');
    const [known] = credentials.of(endpoint);
    await credentials.remove(known?.identity ?? '');
    await ended;
    await expect(SecureDevice.open(port(), { rawPublicKey: own.secret }, NO_HANDSHAKE)).rejects.toThrow();
  });

  it('a public key for bootstrap opens no registration', async () => {
    const boots = writeKeyPair(folder, 'boots');
    await credentials.put(knownPublicKey(endpoint, boots.der, 'bootstrap'));
    const { device } = await shakeHands({ rawPublicKey: boots.secret });
    expect((await device.register({ endpoint })).code).toBe('4.00');
  });

  it('a new handshake from another address goes on with the registration', async () => {
    const before = await shakeHands();
    expect((await before.device.register({ endpoint })).code).toBe('2.01');
    const after = await shakeHands();
    after.device.location = before.device.location;
    expect((await after.device.update()).code).toBe('2.04');
    expect((await after.device.deregister()).code).toBe('2.02');
  });

  it('a fingerprint is no PSK identity: nobody comes by what is public', async () => {
    await shakeHands();
    const [known] = credentials.of(endpoint);
    const identity = known?.identity ?? '';
    for (const key of [own.der.subarray(0, 64), makeKey()]) {
      await expect(SecureDevice.open(port(), { identity, key }, NO_HANDSHAKE)).rejects.toThrow();
    }
  });
});
