import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scrape } from '../ipe/metrics/exposition.ts';
import { acmeAvailable } from '../support/acme.ts';
import { type CseUnderTest, startAcme, startEmbedded } from '../support/cse-under-test.ts';
import { type Application, eventually, type RunningIpe } from '../support/ipe.ts';
import { describeWithLeshan, LeshanClient } from '../support/leshan.ts';
import { startStand, stopAll } from '../support/stand.ts';
import { DirectCommander, directCommandsSuite } from './direct-commands-suite.ts';

for (const dialect of ['standard', 'acme', 'mobius4', 'tinyiot'] as const) {
  directCommandsSuite(`the embedded CSE as ${dialect}`, () => startEmbedded(dialect));
}

const acme = await acmeAvailable();

if (acme.ok) directCommandsSuite('ACME', startAcme);
else describe.skip(`direct commands on ACME (${acme.reason})`, () => it('needs ACME', () => {}));

/** Milliseconds for which the server takes a client in queue mode to listen. */
const AWAKE = 400;

await describeWithLeshan('direct commands to a Leshan client', () => {
  describe.skipIf(!acme.ok)('through ACME, told by its notifications alone', () => {
    let cse: CseUnderTest;
    let ipe: RunningIpe;
    let app: Application;
    const clients: LeshanClient[] = [];
    const start = async (endpoint: string, queue: boolean) => {
      const client = await LeshanClient.start({
        server: `coap://127.0.0.1:${ipe.port}`,
        endpoint,
        lifetime: 60,
        ...(queue ? { queue: true, updatePeriod: 50 } : {}),
      });
      clients.push(client);
      await client.event(/^registered /);
      const commander = new DirectCommander(app, cse, endpoint);
      await commander.ready();
      return { client, commander };
    };

    beforeAll(async () => {
      ({ cse, ipe, app } = await startStand(
        startAcme(),
        {
          access: { command: ['Ccommander'] },
          commands: { pollInterval: '1d' },
          lwm2m: { queueMode: { awake: `${AWAKE}ms` } },
        },
        'commander',
      ));
    });
    afterAll(async () => {
      await Promise.all(clients.map((client) => client.kill()));
      await stopAll(app, ipe, cse);
    });

    it('writes and sees it confirmed, executes, and gets back what the client refuses', async () => {
      const { client, commander } = await start('leshan', false);
      await commander.listens('3311_0/5851');
      expect(await commander.direct('3311_0/5851', 33)).toMatchObject({ state: 'done', code: '2.04', rsc: 2004 });
      await commander.holds('3311_0/5851', 33);
      expect(await commander.direct('3311_0/5851', 'bright')).toMatchObject({ state: 'failed', rsc: 4000 });
      await commander.holds('3311_0/5851', 33);
      await commander.listens('1_0/8');
      expect(await commander.direct('1_0/8', '')).toMatchObject({ state: 'done', code: '2.04' });
      await client.event(/^updated/);
    });

    it('waits for a client in queue mode to wake, and then comes in order', async () => {
      const { client, commander } = await start('sleepy', true);
      await commander.listens('3311_0/5851');
      await commander.holds('3311_0/5851', 50);
      await eventually(
        async () => (await scrape(ipe.ready.http.port)).values.get('lwm2m_ipe_registrations{state="asleep"}'),
        (asleep) => asleep === 1,
      );
      const ids: string[] = [];
      for (const con of [1, 2, 3]) ids.push(await commander.create('3311_0/5851', { con }));
      await eventually(
        () => commander.states(ids.at(-1) as string),
        (states) => states.length > 0,
      );
      await client.send('update');
      for (const id of ids) {
        expect(await commander.end(id)).toMatchObject({ state: 'done', code: '2.04' });
        expect(await commander.states(id)).toEqual(['done', 'queued', 'sent']);
      }
      await commander.holds('3311_0/5851', 3);
    });
  });
});
