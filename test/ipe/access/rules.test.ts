import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CseClient, type CseError, ResourceType } from '../../../cse-client/index.ts';
import type { ConfigurationInput } from '../../../ipe/configuration/index.ts';
import { SimulatedDevice } from '../../../simulator/index.ts';
import { startEmbedded } from '../../support/cse-under-test.ts';
import { eventually, type RunningIpe, startIpe } from '../../support/ipe.ts';

const { ae, acp, container, contentInstance, subscription } = ResourceType;
const OWN = { originator: 'Clwm2m-ipe' };
const rules = [
  { endpoint: 'meter-*', read: ['Cbilling'], subscribe: ['Cbilling'], command: [] },
  { endpoint: 'valve-*', command: ['Cplant'] },
];
const access = { read: ['all'], discover: [], rules };

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

type Cse = Awaited<ReturnType<typeof startEmbedded>>;

async function start(dialect: Parameters<typeof startEmbedded>[0] = 'acme'): Promise<Cse> {
  const cse = await startEmbedded(dialect);
  stops.push(() => cse.stop());
  return cse;
}

async function run(cse: Cse, settings: NonNullable<ConfigurationInput['access']>): Promise<RunningIpe> {
  const ipe = await startIpe(cse, { access: settings, shutdownTimeout: '100ms' });
  stops.push(() => ipe.stop());
  return ipe;
}

async function device(ipe: RunningIpe, endpoint: string): Promise<SimulatedDevice> {
  const one = new SimulatedDevice({
    server: { host: '127.0.0.1', port: ipe.port },
    endpoint,
    objects: { 1: [0], 3: [0], 3311: [0] },
  });
  stops.push(() => one.stop({ deregister: false }));
  await one.start();
  return one;
}

async function application(cse: Cse, name: string): Promise<CseClient> {
  const client = new CseClient({
    url: cse.url,
    originator: `C${name}`,
    releaseVersion: '3',
    timeout: 5000,
    maxInFlight: 2,
  });
  stops.push(() => client.close());
  await client.create(ae, cse.base, { rn: name, api: 'Napp', rr: false, srv: ['3'] });
  return client;
}

const code = (work: Promise<unknown>): Promise<number | undefined> =>
  work.then(
    () => undefined,
    (error: CseError) => error.rsc,
  );

const policies = async (client: CseClient, cse: Cse): Promise<string[]> =>
  (await client.discover(cse.base, { ty: [acp] }, OWN)).map((address) => address.split('/').at(-1) as string).sort();

describe('access.rules', () => {
  it('TS-0001 9.6.2: the first rule that matches an endpoint says who reads, subscribes and commands; the rest is as for all', async () => {
    const cse = await start();
    const ipe = await run(cse, access);
    for (const endpoint of ['meter-1', 'valve-1', 'other']) await device(ipe, endpoint);
    const [billing, plant] = [await application(cse, 'billing'), await application(cse, 'plant')];
    const value = (name: string) => `${cse.base}/${name}/3_0/0`;
    for (const name of ['meter-1', 'valve-1', 'other'])
      await eventually(
        () => code(billing.retrieve(container, value(name), OWN)),
        (rsc) => rsc === undefined,
      );

    expect(await code(billing.retrieve(container, value('meter-1')))).toBeUndefined();
    expect(await code(plant.retrieve(container, value('meter-1')))).toBe(4103);
    expect(await code(plant.retrieve(ae, `${cse.base}/meter-1`))).toBe(4103);
    expect(await code(plant.retrieve(container, value('valve-1')))).toBeUndefined();
    expect(await code(plant.retrieve(container, value('other')))).toBeUndefined();
    const nu = ['Cbilling'];
    expect(await code(billing.create(subscription, value('meter-1'), { rn: 's', nu }))).toBeUndefined();
    expect(await code(plant.create(subscription, value('meter-1'), { rn: 'p', nu: ['Cplant'] }))).toBe(4103);

    await eventually(
      () => code(plant.retrieve(container, `${cse.base}/valve-1/requests`)),
      (rsc) => rsc === undefined,
    );
    const command = { con: { op: 'read', path: '/3/0/0' } };
    expect(await code(plant.create(contentInstance, `${cse.base}/valve-1/requests`, command))).toBeUndefined();
    expect(await code(billing.create(contentInstance, `${cse.base}/valve-1/requests`, command))).toBe(4103);
    expect(await code(plant.retrieve(container, `${cse.base}/meter-1/requests`, OWN))).toBe(4004);
    expect(await code(plant.retrieve(container, `${cse.base}/other/requests`, OWN))).toBe(4004);
  });

  it('there is one policy a rule and kind, however many devices, made when first needed', async () => {
    const cse = await start();
    const ipe = await run(cse, access);
    const client = await application(cse, 'billing');
    expect(await policies(client, cse)).toEqual(['acp-lwm2m-ipe']);
    for (let number = 0; number < 5; number += 1) await device(ipe, `meter-${number}`);
    await device(ipe, 'other');
    const found = await policies(client, cse);
    expect(found).toHaveLength(2);
    expect(found[1]).toMatch(/^acp-lwm2m-ipe-r[0-9a-f]{10}$/);
  });

  it('who discovers finds without reading, who administers may delete', async () => {
    const cse = await start();
    const ipe = await run(cse, { read: [], discover: ['Cbilling'], administer: ['Cplant'] });
    await device(ipe, 'dev');
    const [billing, plant] = [await application(cse, 'billing'), await application(cse, 'plant')];
    const found = await billing.discover(cse.base, { ty: [ae] });
    expect(found.some((address) => address.endsWith('/dev'))).toBe(true);
    expect(await code(billing.retrieve(ae, `${cse.base}/dev`))).toBe(4103);
    expect(await code(billing.delete(`${cse.base}/dev/3311_0`))).toBe(4103);
    expect(await code(plant.delete(`${cse.base}/dev/3311_0`))).toBeUndefined();
  });

  it('who is no longer named has lost its rights once the IPE runs again, whether or not a device needs the policy', async () => {
    const cse = await start();
    const first = await startIpe(cse, {
      shutdownTimeout: '100ms',
      access: { rules: [{ endpoint: 'meter-*', read: ['Cbilling', 'Cplant'], command: ['Cplant'] }] },
    });
    await device(first, 'meter-1');
    const plant = await application(cse, 'plant');
    await eventually(
      () => code(plant.retrieve(container, `${cse.base}/meter-1/requests`)),
      (rsc) => rsc === undefined,
    );
    await first.stop();
    expect(await code(plant.retrieve(ae, `${cse.base}/meter-1`))).toBeUndefined();
    const second = await startIpe(cse, {
      shutdownTimeout: '100ms',
      access: { rules: [{ endpoint: 'meter-*', read: ['Cbilling'], command: ['Cbilling'] }] },
    });
    expect(await code(plant.retrieve(ae, `${cse.base}/meter-1`))).toBe(4103);
    expect(await code(plant.retrieve(container, `${cse.base}/meter-1/requests`))).toBe(4103);
    await second.stop();
    await run(cse, {});
    expect(await code(plant.retrieve(ae, `${cse.base}/meter-1`))).toBe(4103);
    const names = await policies(plant, cse);
    for (const name of names.filter((name) => name.includes('-r'))) {
      const { pv } = await plant.retrieve(acp, `${cse.base}/${name}`, OWN);
      expect(pv?.acr?.map(({ acor }) => acor)).toEqual([['Clwm2m-ipe']]);
    }
  });

  it.each(['mobius4', 'tinyiot'] as const)(
    'rules hold on a CSE that takes policies only at creation (%s)',
    async (dialect) => {
      const cse = await start(dialect);
      const ipe = await run(cse, access);
      const said = ipe.ready.cse.degraded.filter((line) => line.startsWith('policies are given at creation alone'));
      expect(said).toHaveLength(1);
      await device(ipe, 'meter-1');
      const [billing, plant] = [await application(cse, 'billing'), await application(cse, 'plant')];
      expect(await code(billing.retrieve(container, `${cse.base}/meter-1/3_0`))).toBeUndefined();
      expect(await code(plant.retrieve(container, `${cse.base}/meter-1/3_0`))).toBe(4103);
    },
  );

  /** The application that an earlier run of the IPE lets command `meter-1`, and that sees it. */
  async function seenInAnEarlierRun(
    cse: Awaited<ReturnType<typeof startEmbedded>>,
    more: Parameters<typeof startIpe>[1] = {},
  ) {
    const first = await startIpe(cse, { access: { command: ['Cplant'] }, shutdownTimeout: '100ms', ...more });
    await device(first, 'meter-1');
    const plant = await application(cse, 'plant');
    await eventually(
      () => code(plant.retrieve(container, `${cse.base}/meter-1/3311_0/5850`)),
      (rsc) => rsc === undefined,
    );
    await first.stop();
    return plant;
  }

  it('a device that another rule holds for now carries the policies of that, when it registers again', async () => {
    const cse = await start();
    const plant = await seenInAnEarlierRun(cse);
    const second = await run(cse, {
      command: ['Cplant'],
      rules: [{ endpoint: 'meter-*', read: ['Cbilling'], command: [] }],
    });
    await device(second, 'meter-1');
    for (const resource of ['3_0', '3311_0', '3311_0/5850'])
      await eventually(
        () => code(plant.retrieve(container, `${cse.base}/meter-1/${resource}`)),
        (rsc) => rsc === 4103,
      );
    expect(await code(plant.retrieve(ae, `${cse.base}/meter-1`))).toBe(4103);
  });

  it('a device of the last run that another rule holds for now carries the policies of that, without a word of its own', async () => {
    const cse = await start();
    const folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-access-'));
    stops.push(async () => rmSync(folder, { recursive: true, force: true }));
    const store = { kind: 'lmdb' as const, path: join(folder, 'store') };
    const plant = await seenInAnEarlierRun(cse, { store });
    const rules = [{ endpoint: 'meter-*', read: ['Cbilling'], command: [] }];
    const second = await startIpe(cse, { store, shutdownTimeout: '100ms', access: { command: ['Cplant'], rules } });
    stops.push(() => second.stop());
    for (const resource of ['3_0', '3311_0', '3311_0/5850'])
      await eventually(
        () => code(plant.retrieve(container, `${cse.base}/meter-1/${resource}`)),
        (rsc) => rsc === 4103,
      );
    expect(await code(plant.retrieve(ae, `${cse.base}/meter-1`))).toBe(4103);
  });
});
