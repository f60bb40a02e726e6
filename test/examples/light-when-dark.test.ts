import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ResourceType } from '../../cse-client/index.ts';
import { AnsweringDevice } from '../e2e/answering-device.ts';
import { buildCommandLine, type CommandLine } from '../ipe/cli/command-line.ts';
import { acmeAvailable } from '../support/acme.ts';
import { type CseUnderTest, startAcme, startEmbedded } from '../support/cse-under-test.ts';
import { type Application, eventually, type RunningIpe } from '../support/ipe.ts';
import { startStand, stopAll } from '../support/stand.ts';

const program = 'examples/light-when-dark/main.js';
const SWITCH = '/3311/0/5850';

let built: CommandLine;
beforeAll(async () => {
  built = await buildCommandLine();
}, 60_000);
afterAll(() => built?.dispose());

function suite(title: string, start: () => Promise<CseUnderTest>): void {
  describe(`the example light-when-dark on ${title}`, () => {
    let cse: CseUnderTest;
    let ipe: RunningIpe;
    let app: Application;
    let device: AnsweringDevice;

    beforeAll(async () => {
      ({ cse, ipe, app } = await startStand(start(), { access: { command: ['Clight-when-dark'] } }));
      device = await AnsweringDevice.open(ipe.port);
      device.holds('/3301/0', [{ n: '5700', v: 300 }]);
      device.holds('/3311/0', [{ n: '5850', vb: false }]);
      device.objects.set(SWITCH, { code: '2.04' });
      await device.register('lamp', { links: '</3301/0>,</3311/0>' });
      const seen = () => app.see(ResourceType.contentInstance, 'lamp/3301_0/5700/la');
      await eventually(seen, (value) => value !== undefined);
      await eventually(async () => device.isObserved('/3301/0'), Boolean);
    });
    afterAll(async () => {
      device?.close();
      await stopAll(app, ipe, cse);
    });

    const switched = () => device.requests.filter((request) => request.endsWith(SWITCH)).length;

    it('switches the light when it gets dark and when it gets bright, and once each', { timeout: 30_000 }, async () => {
      const running = built.start(['--cse', cse.url, '--base', cse.base], { program });
      try {
        await running.line((line) => line.startsWith('follows '));
        await running.line((line) => line.endsWith('lx: lights off'));
        await running.line((line) => line === `${cse.base}/lamp${SWITCH}: done 2.04`);
        await device.notify('/3301/0', [{ n: '5700', v: 12 }]);
        await running.line((line) => line === '12 lx: lights on');
        await eventually(
          async () => switched(),
          (count) => count === 2,
        );
        await device.notify('/3301/0', [{ n: '5700', v: 60 }]);
        await device.notify('/3301/0', [{ n: '5700', v: 81 }]);
        await running.line((line) => line === '81 lx: lights off');
        await eventually(
          async () => switched(),
          (count) => count === 3,
        );
        running.child.kill('SIGINT');
        expect(await running.finished).toMatchObject({ code: 0, stderr: '' });
        expect(await app.see(ResourceType.ae, 'light-when-dark')).toBeUndefined();
      } finally {
        running.child.kill('SIGKILL');
      }
    });
  });
}

suite('the embedded CSE', () => startEmbedded('acme'));
const acme = await acmeAvailable();
if (acme.ok) suite('ACME', startAcme);
else describe.skip(`the example light-when-dark on ACME (${acme.reason})`, () => it('needs ACME', () => {}));
