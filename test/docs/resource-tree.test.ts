import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ResourceType } from '../../cse-client/index.ts';
import { AnsweringDevice } from '../e2e/answering-device.ts';
import { acmeAvailable } from '../support/acme.ts';
import { type CseUnderTest, startAcme, startEmbedded } from '../support/cse-under-test.ts';
import { type Application, eventually, type RunningIpe } from '../support/ipe.ts';
import { startStand, stopAll } from '../support/stand.ts';

const PAGE = readFileSync(new URL('../../docs/resource-tree.md', import.meta.url), 'utf8');

/** The `curl` lines of a page, whole, in their order. */
function curlLines(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block]) => block as string);
  const lines = blocks
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  return lines.filter((line) => line.startsWith('curl '));
}

/** Runs one as it stands, but that the CSE is elsewhere; gives what was answered. */
async function run(line: string, url: string): Promise<{ status: string; body: unknown }> {
  const words = `${line.replace(/^curl /, 'curl -s -w "\\n%{http_code}" ')}`;
  const { stdout } = await promisify(execFile)('sh', ['-c', `CSE=${url}; ${words}`], { timeout: 10_000 });
  const end = stdout.lastIndexOf('\n');
  const body = stdout.slice(0, end);
  return { status: stdout.slice(end + 1), body: body === '' ? undefined : JSON.parse(body) };
}

function suite(title: string, start: () => Promise<CseUnderTest>): void {
  describe(`what docs/resource-tree.md tells application developers, on ${title}`, () => {
    let cse: CseUnderTest;
    let ipe: RunningIpe;
    let app: Application;
    let device: AnsweringDevice;

    beforeAll(async () => {
      ({ cse, ipe, app } = await startStand(start(), { access: { command: ['Cmyapp'] } }, 'watcher'));
      device = await AnsweringDevice.open(ipe.port);
      device.holds('/3303/0', [{ n: '5700', v: 21.5 }]);
      device.holds('/3311/0', [{ n: '5850', vb: false }]);
      for (const path of ['/3311/0/5850', '/3303/0/5605']) device.objects.set(path, { code: '2.04' });
      await device.register('greenhouse-3', { links: '</3303/0>,</3311/0>' });
      for (const path of ['3303_0/5700/la', '3311_0/5850/la', 'requests/', 'responses/']) {
        const type = path.endsWith('/la') ? ResourceType.contentInstance : ResourceType.container;
        await eventually(
          () =>
            app.client
              .retrieve(type, `${cse.base}/greenhouse-3/${path.replace(/\/$/, '')}`, {
                originator: type === ResourceType.container ? cse.adminOriginator : 'Cwatcher',
              })
              .catch(() => undefined),
          (found) => found !== undefined,
        );
      }
    });
    afterAll(async () => {
      device?.close();
      await stopAll(app, ipe, cse);
    });

    it('every curl line is answered with what it promises', { timeout: 30_000 }, async () => {
      const lines = curlLines(PAGE);
      expect(lines.length).toBeGreaterThanOrEqual(7);
      for (const line of lines) {
        // What asks how a command ended may come before its end.
        const { status, body } = await eventually(
          () => run(line, cse.url),
          ({ status }) => !(line.includes('/responses/') && status === '404'),
        );
        expect([line, status, body]).toEqual([line, line.includes('-X POST') ? '201' : '200', expect.any(Object)]);
        const list = (body as Record<string, unknown>)['m2m:uril'];
        if (list !== undefined) expect([line, list]).not.toEqual([line, []]);
      }
    });
  });
}

suite('the embedded CSE', () => startEmbedded('acme'));
const acme = await acmeAvailable();
if (acme.ok) suite('ACME', startAcme);
else describe.skip(`docs/resource-tree.md on ACME (${acme.reason})`, () => it('needs ACME', () => {}));
