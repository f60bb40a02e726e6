import { afterEach, expect, test } from 'vitest';
import { type ObservationChange, type Operation, type Outcome, parsePath, type Report } from '../../../lwm2m/index.ts';
import { describeWithLeshan, LeshanClient } from '../../support/leshan.ts';
import { serve } from './bench-of-devices.ts';

const TEMPERATURE = '/3303/0/5700';
const clients: LeshanClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client.stop();
});

const at = (path: string) => ({ path: parsePath(path) });

async function start() {
  const reports: Report[] = [];
  let reported: () => void = () => undefined;
  let told: (change: ObservationChange) => void = () => undefined;
  const renewed = new Promise<ObservationChange>((resolve) => {
    told = resolve;
  });
  const { server, port } = await serve({
    observationChanged: (change) => told(change),
    report: (report) => {
      reports.push(report);
      reported();
    },
    limits: { operation: { trialTimeout: 10_000 } },
  });
  const client = await LeshanClient.start({ server: `coap://127.0.0.1:${port}`, endpoint: 'leshan' });
  clients.push(client);
  await client.event(/^registered /);
  const perform = (operation: Operation): Promise<Outcome> => server.perform('leshan', operation, { deadline: 15_000 });
  const nextReport = () =>
    new Promise<void>((resolve) => {
      reported = resolve;
    });
  return { server, client, reports, nextReport, renewed, perform };
}

await describeWithLeshan('a Leshan client', () => {
  test('is read, discovered, written, executed and composed', async () => {
    const { perform, server } = await start();
    const device = await perform({ type: 'read', ...at('/3/0') });
    expect(device).toMatchObject({ kind: 'success', code: '2.05' });
    expect(await perform({ type: 'read', ...at(TEMPERATURE) })).toMatchObject({
      kind: 'success',
      nodes: [{ path: parsePath(TEMPERATURE), value: expect.any(Number) }],
    });
    const discovered = await perform({ type: 'discover', ...at('/3303') });
    expect(discovered.kind === 'success' && discovered.links?.map(({ path }) => path)).toContainEqual(
      parsePath(TEMPERATURE),
    );
    const lifetime = { ...at('/1/0/1'), value: 120 };
    expect(await perform({ type: 'write', ...at('/1/0/1'), mode: 'replace', nodes: [lifetime] })).toMatchObject({
      kind: 'success',
    });
    expect(
      await perform({ type: 'write-attributes', ...at(TEMPERATURE), attributes: { pmin: 1, pmax: 60 } }),
    ).toMatchObject({
      kind: 'success',
      code: '2.04',
    });
    expect(await perform({ type: 'execute', ...at('/1/0/8') })).toMatchObject({ kind: 'success', code: '2.04' });
    const paths = [parsePath('/1/0/1'), parsePath(TEMPERATURE)];
    const composite = await perform({ type: 'read-composite', paths });
    expect(composite.kind === 'success' && composite.nodes?.map(({ path }) => path)).toEqual(
      expect.arrayContaining(paths),
    );
    expect(await perform({ type: 'write-composite', nodes: [lifetime] })).toMatchObject({ kind: 'success' });
    expect(await perform({ type: 'read', ...at('/3303/7') })).toMatchObject({ kind: 'refused', code: '4.04' });
    expect(server.counters.operations).toMatchObject({ timeout: 0, invalid: 0, reset: 0 });
  });

  test('is observed until the observation is cancelled, and again after it registers again', async () => {
    const { server, client, perform, reports, nextReport, renewed } = await start();
    expect(await perform({ type: 'observe', ...at(TEMPERATURE) })).toMatchObject({ kind: 'success', observing: true });
    const first = nextReport();
    client.send('temperature 33.5');
    await first;
    expect(reports.at(-1)).toMatchObject({ source: 'notify', path: parsePath(TEMPERATURE), nodes: [{ value: 33.5 }] });
    client.send('forget');
    client.send('register');
    expect(await renewed).toMatchObject({ kind: 'renewed', outcome: { kind: 'success', observing: true } });
    expect(server.observations('leshan')).toHaveLength(1);
    const second = nextReport();
    client.send('temperature 44.5');
    await second;
    expect(reports.at(-1)).toMatchObject({ nodes: [{ value: 44.5 }] });
    expect(await perform({ type: 'cancel-observe', ...at(TEMPERATURE) })).toMatchObject({ kind: 'success' });
  });
});
