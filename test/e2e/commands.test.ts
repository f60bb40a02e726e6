import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ResourceType } from '../../cse-client/index.ts';
import { acmeAvailable } from '../support/acme.ts';
import { type CseUnderTest, startAcme, startEmbedded } from '../support/cse-under-test.ts';
import { type Application, eventually, type RunningIpe } from '../support/ipe.ts';
import { describeWithLeshan, LeshanClient } from '../support/leshan.ts';
import { startStand, stopAll } from '../support/stand.ts';
import { Commander, commandsSuite } from './commands-suite.ts';

for (const dialect of ['standard', 'acme', 'mobius4', 'tinyiot'] as const) {
  commandsSuite(`the embedded CSE as ${dialect}`, () => startEmbedded(dialect));
}

const acme = await acmeAvailable();

if (acme.ok) commandsSuite('ACME', startAcme);
else describe.skip(`commands on ACME (${acme.reason})`, () => it('needs ACME', () => {}));

await describeWithLeshan('commands to a Leshan client', () => {
  describe.skipIf(!acme.ok)('through ACME, told by its notifications alone', () => {
    let cse: CseUnderTest;
    let ipe: RunningIpe;
    let app: Application;
    let client: LeshanClient;
    let commander: Commander;
    let serial = 0;
    const run = (operation: string, path: string, value?: unknown) => {
      serial += 1;
      return commander.run({
        id: `${operation} ${serial}`,
        operation,
        path,
        ...(value === undefined ? {} : { value }),
      });
    };

    beforeAll(async () => {
      ({ cse, ipe, app } = await startStand(
        startAcme(),
        { access: { command: ['Ccommander'] }, commands: { pollInterval: '1d' } },
        'commander',
      ));
      client = await LeshanClient.start({ server: `coap://127.0.0.1:${ipe.port}`, endpoint: 'leshan', lifetime: 60 });
      await client.event(/^registered /);
      commander = new Commander(app, cse, 'leshan');
      await commander.ready();
    });
    afterAll(async () => {
      await client?.kill();
      await stopAll(app, ipe, cse);
    });

    it('writes and sees it confirmed by a Read', async () => {
      expect(await run('write', '/3311/0/5851', 33)).toMatchObject({ state: 'done', code: '2.04', rsc: 2004 });
      expect(await run('read', '/3311/0/5851')).toMatchObject({ state: 'done', code: '2.05', value: 33 });
      expect(await run('write-partial', '/3311/0', { 5850: true })).toMatchObject({ state: 'done', rsc: 2004 });
      expect(await run('read', '/3311/0')).toMatchObject({ value: { 5850: true, 5851: 33 } });
    });

    it('executes, discovers and sets attributes', async () => {
      // Registration Update Trigger: the one thing that this client knows to execute.
      expect(await run('execute', '/1/0/8')).toMatchObject({ state: 'done', code: '2.04' });
      await client.event(/^updated/);
      expect(await run('write-attributes', '/3303/0/5700', { pmin: 2 })).toMatchObject({ state: 'done', rsc: 2004 });
      const { value } = await run('discover', '/3303/0');
      expect(value).toContainEqual({ path: '/3303/0/5700', attributes: { pmin: 2 } });
    });

    it('creates an instance and deletes it; its container comes and goes', async () => {
      const created = await run('create', '/3311/5', { 5850: true, 5851: 1 });
      expect(created).toMatchObject({ state: 'done', code: '2.01', rsc: 2001 });
      expect(await run('read', '/3311/5/5851')).toMatchObject({ value: 1 });
      const contained = () => app.see(ResourceType.container, 'leshan/3311_5');
      await eventually(contained, (found) => found !== undefined);
      expect(await run('delete', '/3311/5')).toMatchObject({ state: 'done', code: '2.02', rsc: 2002 });
      await eventually(contained, (found) => found === undefined);
      expect(await run('read', '/3311/5/5851')).toMatchObject({ state: 'failed', code: '4.04', rsc: 4004 });
    });

    it('hears the refusal of the device, and of the bridge where a request makes no sense', async () => {
      expect(await run('write', '/3303/0/5700', 1)).toMatchObject({ state: 'failed', code: '4.05', rsc: 4005 });
      expect(await run('write', '/3311/0/5851', 'bright')).toMatchObject({ state: 'failed', rsc: 4000 });
      expect(await run('execute', '/3/0')).toMatchObject({ state: 'failed', rsc: 4000 });
    });

    it('reads and writes several at once', async () => {
      serial += 1;
      const id = `composite ${serial}`;
      const read = await commander.run({ id, operation: 'read-composite', path: ['/3303/0/5701', '/3311/0/5851'] });
      expect(read).toMatchObject({ state: 'done', value: { '/3303/0/5701': 'Cel', '/3311/0/5851': 33 } });
      const write = {
        id: `${id}w`,
        operation: 'write-composite',
        value: { '/3311/0/5851': 34, '/3311/0/5850': false },
      };
      expect(await commander.run(write)).toMatchObject({ state: 'done', rsc: 2004 });
      expect(await run('read', '/3311/0')).toMatchObject({ value: { 5850: false, 5851: 34 } });
    });
  });
});
