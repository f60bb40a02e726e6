import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../common/index.ts';
import { makeKey } from '../../ipe/credentials/credential.ts';
import { openCredentials } from '../../ipe/credentials/open-credentials.ts';
import { type CseUnderTest, startEmbedded } from '../support/cse-under-test.ts';
import { Device } from '../support/device.ts';
import { type RunningIpe, startIpe } from '../support/ipe.ts';
import { SecureDevice } from '../support/secure-device.ts';

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of clean.splice(0).reverse()) await close();
});

describe('a device with a pre-shared key and a bridge that restarts', () => {
  async function begin() {
    const folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-restart-'));
    clean.push(() => rmSync(folder, { recursive: true, force: true }));
    const proof = { identity: 'lamp-identity', key: makeKey() };
    const store = join(folder, 'devices');
    const credentials = openCredentials(store, systemClock, silentLogger);
    await credentials.put({ endpoint: 'lamp', ...proof, use: 'server', fresh: false });
    credentials.close();
    const cse = await startEmbedded('standard');
    clean.push(() => cse.stop());
    return { proof, start: () => start(cse, folder, store) };
  }

  async function start(cse: CseUnderTest, folder: string, credentials: string): Promise<RunningIpe> {
    const host = '127.0.0.1';
    const ipe = await startIpe(cse, {
      lwm2m: { coap: { host, port: 0 }, coaps: { host, port: 0, credentials } },
      store: { kind: 'lmdb', path: join(folder, 'state') },
    });
    clean.push(() => ipe.stop());
    return ipe;
  }

  it('goes on with its registration after a handshake, and nobody else does', async () => {
    const { proof, start } = await begin();
    const first = await start();
    const before = await SecureDevice.open(first.ready.coaps?.port ?? 0, proof);
    expect((await before.device.register({ endpoint: 'lamp' })).code).toBe('2.01');
    await first.stop();
    await before.ended;
    before.vanish();

    const second = await start();
    expect(second.ready.store.restored).toBe(1);
    const stranger = await Device.open(second.port);
    clean.push(() => stranger.close());
    stranger.location = before.device.location;
    expect((await stranger.update()).code).toBe('4.04');
    const after = await SecureDevice.open(second.ready.coaps?.port ?? 0, proof);
    clean.push(() => after.close());
    after.device.location = before.device.location;
    expect((await after.device.update()).code).toBe('2.04');
    expect((await after.device.deregister()).code).toBe('2.02');
  });
});
