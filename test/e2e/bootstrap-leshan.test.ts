import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ResourceType } from '../../cse-client/index.ts';
import { acmeAvailable } from '../support/acme.ts';
import { CertificateAuthority } from '../support/certificates.ts';
import { type CseUnderTest, startAcme } from '../support/cse-under-test.ts';
import { describeWithLeshan, LeshanClient, type LeshanOptions } from '../support/leshan.ts';
import { type BootstrapStand, bootstrapStand } from './bootstrap-suite.ts';

const acme = await acmeAvailable();

await describeWithLeshan('a Leshan client that is bootstrapped, then registers, through to ACME', () => {
  describe.skipIf(!acme.ok)('from Bootstrap-Request to the tree', () => {
    let cse: CseUnderTest;
    let stand: BootstrapStand;
    let authority: CertificateAuthority;
    const clients: LeshanClient[] = [];
    const start = async (options: LeshanOptions) => {
      const client = await LeshanClient.start({ bootstrap: true, ...options });
      clients.push(client);
      return client;
    };

    beforeAll(async () => {
      cse = await startAcme();
      authority = new CertificateAuthority();
      const server = { ...authority.issue('localhost', { names: 'IP:127.0.0.1' }), ca: authority.certificate };
      stand = await bootstrapStand(cse, { server, device: authority.issue('meter-1') });
    });
    afterAll(async () => {
      await Promise.all(clients.map((client) => client.kill()));
      await stand?.stop();
      await cse?.stop();
      authority?.dispose();
    });

    it('without security', async () => {
      const client = await start({ server: `coap://127.0.0.1:${stand.coap}`, endpoint: 'plain-leshan' });
      await client.event(/^bootstrapped/);
      await client.event(/^registered /);
      expect(await stand.app.see(ResourceType.ae, 'plain-leshan')).toMatchObject({ apn: 'plain-leshan' });
    });

    it('with a pre-shared key for bootstrap, and one that it is given', async () => {
      const psk = stand.keys.get('lamp-5')!;
      const client = await start({ server: `coaps://127.0.0.1:${stand.coaps}`, endpoint: 'lamp-5', psk });
      await client.event(/^bootstrapped/);
      await client.event(/^registered /);
      expect(await stand.app.see(ResourceType.ae, 'lamp-5')).toMatchObject({ apn: 'lamp-5' });
      stand.credentials.look();
      expect(stand.credentials.of('lamp-5')).toMatchObject([{ fresh: false }]);
    });

    it('with a certificate that it is given', async () => {
      const psk = stand.keys.get('meter-1')!;
      const client = await start({ server: `coaps://127.0.0.1:${stand.coaps}`, endpoint: 'meter-1', psk });
      await client.event(/^bootstrapped/);
      await client.event(/^registered /);
      expect(await stand.app.see(ResourceType.ae, 'meter-1')).toMatchObject({ apn: 'meter-1' });
    });

    it('an endpoint without a template is refused', async () => {
      const client = await start({ server: `coap://127.0.0.1:${stand.coap}`, endpoint: 'stranger' });
      expect(await client.event(/^bootstrap-refused/)).toMatch(/4\.00|BAD_REQUEST|400/);
    });
  });
});
