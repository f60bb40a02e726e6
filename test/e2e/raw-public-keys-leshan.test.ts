import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../common/index.ts';
import { ResourceType } from '../../cse-client/index.ts';
import { knownPublicKey } from '../../ipe/credentials/credential.ts';
import { openCredentials } from '../../ipe/credentials/open-credentials.ts';
import { acmeAvailable } from '../support/acme.ts';
import { type CseUnderTest, startAcme, startEmbedded } from '../support/cse-under-test.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../support/ipe.ts';
import { type KeyPair, writeKeyPair } from '../support/key-pair.ts';
import { describeWithLeshan, LeshanClient } from '../support/leshan.ts';
import { describeWithRawPublicKeys, HAS_RAW_PUBLIC_KEYS } from '../support/raw-public-keys.ts';
import { stopAll } from '../support/stand.ts';

const NAME = 'a Leshan client with a raw public key, the IPE, and an application that knows only the CSE';
/** The one that every such device has. */
const CCM_8 = 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8';

if (HAS_RAW_PUBLIC_KEYS) {
  const acme = await acmeAvailable();
  await describeWithLeshan(NAME, () => {
    describe('the embedded CSE', () => suite(() => startEmbedded('standard')));
    describe.skipIf(!acme.ok)('ACME', () => suite(startAcme));
  });
} else await describeWithRawPublicKeys(NAME, import.meta.filename, () => it('is not run here', () => {}));

function suite(startCse: () => Promise<CseUnderTest>): void {
  let folder: string;
  let server: KeyPair;
  let valve: KeyPair;
  let cse: CseUnderTest;
  let ipe: RunningIpe;
  let app: Application;
  const clients: LeshanClient[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-leshan-'));
    const store = join(folder, 'devices.json');
    [server, valve] = [writeKeyPair(folder, 'server'), writeKeyPair(folder, 'valve')];
    const credentials = openCredentials(store, systemClock, silentLogger);
    await credentials.put(knownPublicKey('valve', valve.der, 'server'));
    credentials.close();
    cse = await startCse();
    const host = '127.0.0.1';
    ipe = await startIpe(cse, {
      lwm2m: {
        coap: { host, port: 0, enabled: false },
        coaps: { host, port: 0, credentials: store, privateKey: server.privateKey, ciphers: [CCM_8] },
      },
      values: { observe: 'always' },
    });
    app = await Application.start(cse);
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.kill()));
    await stopAll(app, ipe, cse);
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(endpoint: string, { publicKey, privateKey }: KeyPair): Promise<LeshanClient> {
    const rpk = { publicKey, privateKey, serverPublicKey: server.publicKey };
    const uri = `coaps://127.0.0.1:${ipe.ready.coaps?.port}`;
    const client = await LeshanClient.start({ server: uri, endpoint, lifetime: 60, rpk });
    clients.push(client);
    return client;
  }

  it('registers with TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, is observed, and goes (RFC 7925 4.3)', async () => {
    const client = await start('valve', valve);
    await client.event(/^registered /);
    const latest = () => app.see(ResourceType.contentInstance, 'valve/3303_0/5700/la');
    await eventually(latest, (found) => found !== undefined);
    client.send('update');
    await client.event(/^updated/);
    client.send('deregister');
    await client.event(/^deregistered/);
    expect(await app.see(ResourceType.ae, 'valve')).toBeUndefined();
  });

  it('with a key that nobody put gets no session', async () => {
    const client = await start('valve', writeKeyPair(folder, 'stranger'));
    expect(await client.event(/^register-(refused|timeout)|^error /)).not.toContain('400');
    expect(await app.see(ResourceType.ae, 'valve')).toBeUndefined();
  });

  it('under the name of another is refused', async () => {
    const client = await start('meter', valve);
    expect(await client.event(/^register-refused /)).toContain('400');
    expect(await app.see(ResourceType.ae, 'meter')).toBeUndefined();
  });
}
