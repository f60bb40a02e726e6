import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../common/index.ts';
import { ResourceType } from '../../cse-client/index.ts';
import { makeKey } from '../../ipe/credentials/credential.ts';
import { openCredentials } from '../../ipe/credentials/open-credentials.ts';
import { acmeAvailable } from '../support/acme.ts';
import { CertificateAuthority, type Issued } from '../support/certificates.ts';
import { type CseUnderTest, startAcme, startEmbedded } from '../support/cse-under-test.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../support/ipe.ts';
import { describeWithLeshan, LeshanClient, type LeshanOptions } from '../support/leshan.ts';
import { stopAll } from '../support/stand.ts';

const IDENTITY = 'lamp-identity';
const KEY = makeKey();

const acme = await acmeAvailable();

await describeWithLeshan('a Leshan client by CoAPS, the IPE, and an application that knows only the CSE', () => {
  describe('the embedded CSE', () => suite(() => startEmbedded('standard')));
  describe.skipIf(!acme.ok)('ACME', () => suite(startAcme));
});

function suite(startCse: () => Promise<CseUnderTest>): void {
  let folder: string;
  let authority: CertificateAuthority;
  let own: Issued;
  let cse: CseUnderTest;
  let ipe: RunningIpe;
  let app: Application;
  const clients: LeshanClient[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-leshan-'));
    const store = join(folder, 'devices');
    const credentials = openCredentials(store, systemClock, silentLogger);
    await credentials.put({ endpoint: 'lamp', identity: IDENTITY, key: KEY, use: 'server', fresh: false });
    credentials.close();
    authority = new CertificateAuthority();
    own = authority.issue('localhost', { names: 'IP:127.0.0.1' });
    cse = await startCse();
    const host = '127.0.0.1';
    ipe = await startIpe(cse, {
      lwm2m: {
        coap: { host, port: 0, enabled: false },
        coaps: { host, port: 0, credentials: store, ...own, ca: authority.certificate },
      },
      values: { observe: 'always' },
    });
    app = await Application.start(cse);
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.kill()));
    await stopAll(app, ipe, cse);
    authority?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(endpoint: string, security: Pick<LeshanOptions, 'psk' | 'x509'>): Promise<LeshanClient> {
    const server = `coaps://127.0.0.1:${ipe.ready.coaps?.port}`;
    const client = await LeshanClient.start({ server, endpoint, lifetime: 60, ...security });
    clients.push(client);
    return client;
  }

  async function showsValuesAndGoes(client: LeshanClient, endpoint: string): Promise<void> {
    await client.event(/^registered /);
    const latest = () => app.latest(`${endpoint}/3303_0/5700`);
    await eventually(latest, (found) => found !== undefined);
    client.send('update');
    await client.event(/^updated/);
    client.send('deregister');
    await client.event(/^deregistered/);
    expect(await app.see(ResourceType.ae, endpoint)).toBeUndefined();
  }

  it('with its pre-shared key registers, is observed, and goes', async () => {
    expect(ipe.ready.coap).toBeUndefined();
    await showsValuesAndGoes(await start('lamp', { psk: { identity: IDENTITY, key: KEY } }), 'lamp');
  });

  it('with its certificate does so, too', async () => {
    const issued = authority.issue('meter');
    const x509 = { ...issued, serverCertificate: own.certificate };
    await showsValuesAndGoes(await start('meter', { x509 }), 'meter');
  });

  it('under the name of another is refused', async () => {
    const client = await start('meter', { psk: { identity: IDENTITY, key: KEY } });
    expect(await client.event(/^register-refused /)).toContain('400');
  });
}
