import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../common/index.ts';
import { ResourceType } from '../../cse-client/index.ts';
import { makeKey } from '../../ipe/credentials/credential.ts';
import type { Credentials } from '../../ipe/credentials/credentials.ts';
import { openCredentials } from '../../ipe/credentials/open-credentials.ts';
import { type DeviceSettings, SimulatedDevice } from '../../simulator/index.ts';
import type { CseUnderTest } from '../support/cse-under-test.ts';
import { freeUdpPorts } from '../support/free-ports.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../support/ipe.ts';

interface DeviceKey {
  readonly identity: string;
  readonly key: Buffer;
}

/** For templates with certificates: what the server shows, and what a device `meter-…` is given. */
export interface StandCertificates {
  readonly server: { readonly certificate: string; readonly privateKey: string; readonly ca: string };
  readonly device: { readonly certificate: string; readonly privateKey: string };
}

/** A started IPE with a bootstrap server, on a CSE. */
export interface BootstrapStand {
  readonly ipe: RunningIpe;
  readonly app: Application;
  /** As another process would open it. */
  readonly credentials: Credentials;
  /** Keys for bootstrap, by endpoint. */
  readonly keys: ReadonlyMap<string, DeviceKey>;
  /** Of the bootstrap server. */
  readonly coap: number;
  readonly coaps: number;
  stop(): Promise<void>;
}

const host = '127.0.0.1';
/** Endpoints with a key for bootstrap. */
const LAMPS = ['lamp-1', 'lamp-3', 'lamp-5', 'meter-1'];

function certified({ server, device }: StandCertificates, port: number, account: object) {
  const uri = `coaps://${host}:${port}`;
  return { uri, security: 'certificate', ...device, serverCertificate: server.certificate, ...account } as const;
}

/**
 * The templates tell devices where the LwM2M server is, so its ports are chosen before: devices `plain-…` get an account
 * without security, `lamp-…` one with a key of their own.
 */
export async function bootstrapStand(cse: CseUnderTest, certificates?: StandCertificates): Promise<BootstrapStand> {
  const folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-bootstrap-'));
  const store = join(folder, 'devices.json');
  const [coap = 0, coaps = 0] = await freeUdpPorts(2);
  const keys = new Map(LAMPS.map((endpoint) => [endpoint, { identity: `bootstrap-${endpoint}`, key: makeKey() }]));
  const known = openCredentials(store, systemClock, silentLogger);
  await known.put(
    ...[...keys].map(([endpoint, key]) => ({ endpoint, ...key, use: 'bootstrap', fresh: false }) as const),
  );
  known.close();
  const account = { lifetime: 77, shortServerId: 101 };
  const application = `bootstrap${process.pid}`;
  const ipe = await startIpe(cse, {
    access: { command: [`C${application}`] },
    lwm2m: { coap: { host, port: coap }, coaps: { host, port: coaps, credentials: store, ...certificates?.server } },
    bootstrap: {
      coap: { host, port: 0 },
      coaps: { host, port: 0, enabled: true },
      node: true,
      templates: [
        { endpoint: 'plain-*', servers: [{ uri: `coap://${host}:${coap}`, ...account }] },
        { endpoint: 'lamp-*', servers: [{ uri: `coaps://${host}:${coaps}`, ...account }] },
        ...(certificates === undefined
          ? []
          : [{ endpoint: 'meter-*', servers: [certified(certificates, coaps, account)] }]),
        { endpoint: 'only-*', servers: [{ uri: 'coap://192.0.2.1' }] },
      ],
    },
  });
  const app = await Application.start(cse, application);
  const credentials = openCredentials(store, systemClock, silentLogger);
  return {
    ipe,
    app,
    credentials,
    keys,
    coap: ipe.ready.bootstrap?.coap?.port ?? 0,
    coaps: ipe.ready.bootstrap?.coaps?.port ?? 0,
    stop: async () => {
      await app.stop();
      await ipe.stop();
      credentials.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Devices that are bootstrapped, through to the CSE. */
export function bootstrapSuite(title: string, start: () => Promise<CseUnderTest>): void {
  describe(`bootstrapped devices on ${title}`, () => {
    let cse: CseUnderTest;
    let stand: BootstrapStand;
    const open: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      cse = await start();
      stand = await bootstrapStand(cse);
    });
    afterAll(async () => {
      for (const close of open.splice(0).reverse()) await close();
      await stand?.stop();
      await cse?.stop();
    });

    function device(endpoint: string, bootstrap: DeviceSettings['bootstrap'], more: Partial<DeviceSettings> = {}) {
      const simulated = new SimulatedDevice({
        endpoint,
        server: { host, port: 1 },
        bootstrap,
        retry: { initial: 50, max: 200 },
        ...more,
      });
      open.push(() => simulated.stop());
      return simulated;
    }
    const plain = () => ({ server: { host, port: stand.coap } });
    const tree = (name: string) => stand.app.see(ResourceType.ae, name);

    it.each(['1.0', '1.1', '1.2'] as const)(
      'one of LwM2M %s is bootstrapped, registers, and stands on the CSE',
      async (version) => {
        const endpoint = `plain-${version.replace('.', '-')}`;
        const simulated = device(endpoint, plain(), { version });
        await simulated.start();
        expect(simulated.lifetime).toBe(77);
        expect(await tree(endpoint)).toMatchObject({ apn: endpoint });
        await simulated.stop();
        expect(await tree(endpoint)).toBeUndefined();
      },
    );

    it('one that is only bootstrapped appears as <node>, which it takes over when it registers (TS-0014 6.2.1)', async () => {
      const simulated = device('only-1', plain());
      void simulated.start();
      const node = () => stand.app.see(ResourceType.node, 'node-only-1');
      const found = await eventually(node, (it) => it !== undefined);
      expect(found).toMatchObject({ ni: 'only-1', lbl: expect.arrayContaining(['LWM2MEP:only-1', 'LWM2MVER:1.1']) });
      expect(await tree('only-1')).toBeUndefined();
      await simulated.stop({ deregister: false });

      const direct = new SimulatedDevice({ endpoint: 'only-1', server: { host, port: stand.ipe.port } });
      open.push(() => direct.stop());
      await direct.start();
      expect((await node())?.ri).toBe(found?.ri);
      expect(await tree('only-1')).toBeDefined();
      await direct.stop();
      expect(await node()).toBeUndefined();
    });

    it('an application sends one back to the bootstrap server: Execute of /1/0/9 (LwM2M 1.1 E.2)', async () => {
      const events: string[] = [];
      const simulated = device('plain-again', plain(), { onEvent: ({ type }) => void events.push(type) });
      await simulated.start();
      const { client } = stand.app;
      const con = { id: 'again', operation: 'execute', path: '/1/0/9' };
      const requests = `${cse.base}/plain-again/requests`;
      await eventually(
        () =>
          client.create(ResourceType.contentInstance, requests, { con }).then(
            () => true,
            () => false,
          ),
        (made) => made,
      );
      const again = ['bootstrapped', 'registered', 'bootstrapped', 'registered'];
      await eventually(
        async () => events.filter((type) => again.includes(type)),
        (told) => told.join() === again.join(),
      );
      await simulated.stop();
    });

    it('one with a bootstrap key gets a key of its own, which stands once it was used; the old one holds until then', async () => {
      const key = stand.keys.get('lamp-1');
      const old = { identity: 'lamp-1-old', key: makeKey() };
      await stand.credentials.put({ endpoint: 'lamp-1', ...old, use: 'server', fresh: false });
      const bootstrap = { server: { host, port: stand.coaps, secure: true }, key };
      const simulated = device('lamp-1', bootstrap);
      await simulated.start();
      expect(await tree('lamp-1')).toBeDefined();
      stand.credentials.look();
      const [mine, ...others] = stand.credentials.of('lamp-1');
      expect(others).toEqual([]);
      expect(mine).toMatchObject({ fresh: false });
      expect(mine?.identity).toMatch(/^lamp-1-[0-9a-f]{16}$/);
      expect(mine?.key).toHaveLength(32);
      expect(stand.credentials.of('lamp-1', 'bootstrap')).toHaveLength(1);
      await simulated.stop();
    });

    it('one of a template with keys gets none without security, nor does one that has a bootstrap key', async () => {
      for (const endpoint of ['lamp-2', 'lamp-1']) {
        const refused: string[] = [];
        const simulated = device(endpoint, plain(), {
          onEvent: (event) => void (event.type === 'failed' && refused.push(event.message)),
        });
        void simulated.start();
        await eventually(
          async () => refused,
          (it) => it.length > 0,
        );
        expect(refused[0]).toBe('Bootstrap-Request: 4.00 no bootstrap for this endpoint here');
        await simulated.stop();
      }
      expect(stand.credentials.of('lamp-2')).toEqual([]);
    });

    it('one with the bootstrap key of another is refused', async () => {
      const key = stand.keys.get('lamp-3');
      const refused: string[] = [];
      const simulated = device(
        'lamp-4',
        { server: { host, port: stand.coaps, secure: true }, key },
        {
          onEvent: (event) => void (event.type === 'failed' && refused.push(event.code)),
        },
      );
      void simulated.start();
      await eventually(
        async () => refused,
        (it) => it.includes('simulator/bootstrap-refused'),
      );
      await simulated.stop();
      expect(stand.credentials.of('lamp-4')).toEqual([]);
    });
  });
}
