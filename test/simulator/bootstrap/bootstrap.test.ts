import { afterEach, describe, expect, it } from 'vitest';
import {
  type BootstrapPlan,
  type BootstrapResult,
  BootstrapServer,
  Lwm2mServer,
  type PlannedInstance,
} from '../../../lwm2m/index.ts';
import { type DeviceEvent, type DeviceSettings, SimulatedDevice } from '../../../simulator/index.ts';
import { ACCEPT } from '../../support/registration.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const LIFETIME = { min: 1, max: 86_400, default: 86_400 };

/** An account with a LwM2M server on this machine. */
function account(port: number, lifetime: number): PlannedInstance[] {
  return [
    {
      objectId: 0,
      shortServerId: 7,
      resources: [
        { resourceId: 0, value: `coap://127.0.0.1:${port}` },
        { resourceId: 1, value: false },
        { resourceId: 2, value: 3 },
        { resourceId: 3, value: Buffer.alloc(0) },
        { resourceId: 5, value: Buffer.alloc(0) },
        { resourceId: 10, value: 7 },
      ],
    },
    {
      objectId: 1,
      shortServerId: 7,
      resources: [
        { resourceId: 0, value: 7 },
        { resourceId: 1, value: lifetime },
        { resourceId: 7, value: 'U' },
      ],
    },
  ];
}

/** A LwM2M server, and a Bootstrap-Server that sends devices to it. */
async function servers(planned = account, deletes: BootstrapPlan['deletes'] = ['/']) {
  const server = new Lwm2mServer({ coap: { host: '127.0.0.1', port: 0 }, lifetime: LIFETIME }, ACCEPT);
  const { port } = await server.start();
  const results: BootstrapResult[] = [];
  const asked: string[] = [];
  const bootstrap = new BootstrapServer(
    { coap: { host: '127.0.0.1', port: 0 } },
    {
      provide: async ({ by }) => {
        asked.push(by);
        return { deletes, reads: [{ objectId: 1 }], instances: planned(port, 77) };
      },
      concluded: (_client, result) => results.push(result),
    },
  );
  const listening = await bootstrap.start();
  open.push(
    () => server.stop(0),
    () => bootstrap.stop(0),
  );
  return { server, results, asked, bootstrapPort: listening.coap?.port ?? 0 };
}

async function device(bootstrapPort: number, settings: Partial<DeviceSettings> = {}) {
  const events: DeviceEvent[] = [];
  const made = new SimulatedDevice({
    endpoint: 'dev',
    server: { host: '127.0.0.1', port: 1 },
    bootstrap: { server: { host: '127.0.0.1', port: bootstrapPort } },
    retry: { initial: 10, max: 10 },
    onEvent: (event) => events.push(event),
    ...settings,
  });
  open.push(() => made.stop());
  return { made, events };
}

describe('a simulated device with a bootstrap server', () => {
  it.each([
    ['1.0', 'request'],
    ['1.1', 'request'],
    ['1.2', 'pack'],
  ] as const)(
    'of LwM2M %s is bootstrapped by %s, then registers where it was told to (LwM2M 1.1 6.1.4)',
    async (version, by) => {
      const { server, results, asked, bootstrapPort } = await servers();
      const { made, events } = await device(bootstrapPort, { version });
      await made.start();
      expect(asked).toEqual([by]);
      expect(results).toMatchObject([{ kind: 'finished', version, tolerated: [] }]);
      expect(server.registrations.byEndpoint('dev')).toMatchObject({ lifetime: 77, version });
      expect(events.slice(0, 2).map(({ type }) => type)).toEqual(['bootstrapped', 'registered']);
    },
  );

  it('does not finish without an account that is whole, and tries again', async () => {
    const { results, bootstrapPort } = await servers((port, lifetime) => account(port, lifetime).slice(0, 1));
    const { made, events } = await device(bootstrapPort);
    const started = made.start();
    while (results.length < 2) await new Promise((resolve) => setImmediate(resolve));
    const refused = { kind: 'refused', operation: 'finish', code: '4.06' };
    expect(results.slice(0, 2)).toEqual([refused, refused]);
    expect(events[0]).toMatchObject({ type: 'failed', operation: 'bootstrap', code: 'simulator/bootstrap-refused' });
    await made.stop();
    await started;
  });

  it('is bootstrapped again when the server executes /1/0/9 (LwM2M 1.1 E.2)', async () => {
    const { server, results, bootstrapPort } = await servers();
    const { made } = await device(bootstrapPort);
    await made.start();
    const before = server.registrations.byEndpoint('dev')?.id;
    const outcome = await server.perform('dev', {
      type: 'execute',
      path: { objectId: 1, instanceId: 0, resourceId: 9 },
    });
    expect(outcome).toMatchObject({ kind: 'success', code: '2.04' });
    while (server.registrations.byEndpoint('dev')?.id === before) await new Promise((resolve) => setImmediate(resolve));
    expect(results).toMatchObject([{ kind: 'finished' }, { kind: 'finished' }]);
  });
});
