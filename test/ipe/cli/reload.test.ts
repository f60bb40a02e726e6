import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { objectXml } from '../../lwm2m/model/object-file.ts';
import { ScriptedDevice } from '../../lwm2m/operation/scripted-device.ts';
import { buildCommandLine, type CommandLine, type Running } from './command-line.ts';

let ipe: CommandLine;
let folder: string;
const ends: (() => unknown)[] = [];
beforeAll(async () => {
  ipe = await buildCommandLine();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-reload-'));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => ipe.dispose());

const ENV = {
  IPE_LWM2M_COAP_HOST: '127.0.0.1',
  IPE_LWM2M_COAP_PORT: '0',
  IPE_HTTP_PORT: '0',
  IPE_EMBEDDED_CSE_PORT: '0',
};

interface Line {
  readonly message: string;
  readonly level: string;
  readonly coapPort: number;
  readonly file?: string;
  readonly modelDefinitions?: number;
}

function start(env: Readonly<Record<string, string>>): Running {
  const running = ipe.start(['run'], { env: { ...ENV, ...env } });
  ends.push(() => running.child.kill('SIGKILL'));
  return running;
}

async function line(running: Running, message: string, text = ''): Promise<Line> {
  return JSON.parse(await running.line((one) => one.includes(`"${message}"`) && one.includes(text))) as Line;
}

const put = (name: string, text: string) => writeFileSync(join(folder, name), text);

describe('SIGHUP', () => {
  it('reads object definitions anew, names a file that is broken now, and loses no registration', async () => {
    put('33000.xml', objectXml({ id: 33_000 }));
    const running = start({ IPE_LWM2M_MODELS_FOLDER: folder });
    expect(await line(running, 'object definitions read')).toMatchObject({ modelDefinitions: 1 });
    const { coapPort } = await line(running, 'ready');
    const device = await ScriptedDevice.open(coapPort, () => ({ code: '4.04' }));
    ends.push(() => device.close());
    await device.register();

    put('33000.xml', objectXml({ id: 33_000 }).slice(0, 200));
    put('33001.xml', objectXml({ id: 33_001 }));
    put('broken.xml', '<LWM2M>');
    running.child.kill('SIGHUP');
    expect(await line(running, 'reloaded')).toMatchObject({ level: 'info', modelsFolder: folder, modelDefinitions: 2 });
    expect(await line(running, 'an object definition is kept as it was')).toMatchObject({ file: '33000.xml' });
    expect(await line(running, 'an object definition is skipped')).toMatchObject({ file: 'broken.xml' });
    expect(await device.update()).toBe('2.04');

    put('33002.xml', objectXml({ id: 33_002 }));
    running.child.kill('SIGHUP');
    await line(running, 'reloaded', '"modelDefinitions":3');
  });

  it('keeps what it has when the folder is gone', async () => {
    put('33000.xml', objectXml({ id: 33_000 }));
    const running = start({ IPE_LWM2M_MODELS_FOLDER: folder });
    await line(running, 'ready');
    rmSync(folder, { recursive: true });
    running.child.kill('SIGHUP');
    expect(await line(running, 'object definitions are kept as they were')).toMatchObject({ level: 'warn' });
    running.child.kill('SIGTERM');
    expect((await running.finished).code).toBe(0);
  });

  it('says so where there is nothing to reload, and the process goes on', async () => {
    const running = start({});
    await line(running, 'ready');
    running.child.kill('SIGHUP');
    await line(running, 'nothing was reloaded');
    running.child.kill('SIGTERM');
    expect((await running.finished).code).toBe(0);
  });
});

it('a start names the folder of object definitions that it cannot read, in one line', async () => {
  const missing = join(folder, 'missing');
  const { code, stderr } = await ipe.run(['run'], { env: { ...ENV, IPE_LWM2M_MODELS_FOLDER: missing } });
  expect(code).toBe(1);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toContain(missing);
});

it('check names the files of object definitions that do not count', async () => {
  put('33000.xml', objectXml({ id: 33_000 }));
  put('broken.xml', '<LWM2M>');
  put('twice.xml', objectXml({ id: 33_000 }));
  const { code, stdout } = await ipe.run(['check'], { env: { IPE_LWM2M_MODELS_FOLDER: folder } });
  expect(code).toBe(0);
  expect(stdout).toContain(`objects         1 of your own in ${folder}`);
  expect(stdout).toMatch(/^ {2}degraded {6}skipped: broken\.xml: .+$/m);
  expect(stdout).toMatch(/^ {2}degraded {6}skipped: twice\.xml: object 33000 version 1\.0 again$/m);
});
