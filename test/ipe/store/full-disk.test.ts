import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CseClient, Operation, ResourceType } from '../../../cse-client/index.ts';
import { observable, senml, tokenOf } from '../../lwm2m/observation/observed-device.ts';
import { ScriptedDevice } from '../../lwm2m/operation/scripted-device.ts';
import { startEmbedded } from '../../support/cse-under-test.ts';
import { eventually } from '../../support/ipe.ts';
import { buildCommandLine, type CommandLine, type Running } from '../cli/command-line.ts';
import { temporaryDirectory } from './temporary-store.ts';

const { contentInstance } = ResourceType;
const VALUES = { op: Operation.create, ty: contentInstance } as const;
/** Loaded before the daemon: the file named by TEST_FREE says how many bytes its disk has left. */
const DISK = `
import { existsSync, promises, readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const { statfs } = promises;
promises.statfs = async (...words) => {
  const found = await statfs(...words);
  const { TEST_FREE } = process.env;
  if (existsSync(TEST_FREE)) found.bavail = Math.floor(Number(readFileSync(TEST_FREE)) / found.bsize);
  return found;
};
syncBuiltinESMExports();`;
const MEBIBYTE = 1 << 20;

let command: CommandLine;
let cse: Awaited<ReturnType<typeof startEmbedded>>;
let client: CseClient;
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  command = await buildCommandLine();
});
afterAll(() => command.dispose());
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Daemon {
  readonly running: Running;
  readonly coapPort: number;
  readonly httpPort: number;
}

async function run(folder: string, coapPort = 0, timeout = '1s'): Promise<Daemon> {
  const running = command.start(['run'], {
    env: {
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(DISK)}`,
      TEST_FREE: join(folder, 'free'),
      IPE_CSE_URL: cse.url,
      IPE_CSE_BASE: cse.base,
      IPE_CSE_TIMEOUT: timeout,
      IPE_SHUTDOWN_TIMEOUT: '2s',
      IPE_STORE_KIND: 'lmdb',
      IPE_STORE_PATH: join(folder, 'store'),
      IPE_LWM2M_COAP_HOST: '127.0.0.1',
      IPE_LWM2M_COAP_PORT: `${coapPort}`,
      IPE_HTTP_PORT: '0',
      IPE_LOG_FORMAT: 'json',
      IPE_VALUES_MAX_INSTANCES: '50',
    },
  });
  ends.push(async () => {
    running.child.kill('SIGKILL');
    await running.finished;
  });
  const ready = JSON.parse(await running.line((line) => line.includes('"ready"'))) as Omit<Daemon, 'running'>;
  return { running, coapPort: ready.coapPort, httpPort: ready.httpPort };
}

describe('a disk that is full', { timeout: 60_000 }, () => {
  let folder: string;
  let daemon: Daemon;
  let device: ScriptedDevice;

  const metric = async (name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${daemon.httpPort}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`lwm2m_ipe_${name} `));
    return Number(line?.split(' ')[1]);
  };
  const metricIs = (name: string, wanted: number) =>
    eventually(
      () => metric(name),
      (found) => found === wanted,
    );
  const contents = async () => {
    const container = `${cse.base}/sensor/3303_0/5700`;
    const children = await client.children(container, { ty: [contentInstance] });
    const found = await Promise.all(
      children.map(({ name }) => client.retrieve(contentInstance, `${container}/${name}`)),
    );
    return found.map(({ con }) => con);
  };
  const token = () => tokenOf(device.requests.find(({ observe }) => observe === 0));
  /** Values that nobody acknowledges yet. */
  const notify = (...values: number[]) => {
    for (const value of values) void device.notify(token(), { ...senml(value), observe: value + 1 });
  };
  const leave = (bytes: number) => writeFileSync(join(folder, 'free'), String(bytes));
  /** Only so much is left, and the daemon has noticed. */
  const fill = async (bytes: number) => {
    leave(bytes);
    await eventually(
      () => device.update(),
      (code) => code === '5.03',
    );
  };
  const stop = async () => {
    const began = performance.now();
    daemon.running.child.kill('SIGTERM');
    return { ...(await daemon.running.finished), seconds: (performance.now() - began) / 1000 };
  };

  const begin = async (timeout?: string) => {
    cse = await startEmbedded('standard');
    client = new CseClient({ url: cse.url, originator: 'CAdmin', releaseVersion: '3', timeout: 5_000, maxInFlight: 4 });
    folder = temporaryDirectory();
    ends.push(
      () => cse.stop(),
      () => client.close(),
    );
    daemon = await run(folder, 0, timeout);
    device = await ScriptedDevice.open(daemon.coapPort, observable());
    ends.push(() => device.close());
    await device.register({ endpoint: 'sensor', links: '</3303/0>' });
    await eventually(
      () => contents().catch(() => []),
      (found) => found.length === 1,
    );
  };

  it('keeps nothing from the CSE: a stop brings it what waits, within its time', async () => {
    await begin();
    await fill(0);
    cse.cse.faults.delay(120, VALUES);
    notify(1, 2, 3, 4, 5);
    await eventually(
      () => metric('values_waiting'),
      (found) => found >= 3,
    );
    const { code, stdout, seconds } = await stop();
    expect(await contents()).toEqual([0, 1, 2, 3, 4, 5]);
    expect([code, seconds < 4.5, stdout.includes('"stopped"')]).toEqual([0, true, true]);
  });

  it('and a CSE that is away: the end says what was lost, with an exit code', async () => {
    await begin();
    await fill(0);
    cse.cse.faults.drop({});
    notify(1, 2, 3);
    await metricIs('values_waiting', 3);
    const { code, stderr, seconds } = await stop();
    expect(stderr).toMatch(
      /^lwm2m-ipe: lost at the end: 3 values, which neither the CSE nor the store took \(store\/full\)/,
    );
    expect([code, seconds < 4.5]).toEqual([1, true]);
  });

  it('and a CSE that hangs: the end comes in time all the same, and says so', async () => {
    await begin('9s');
    await fill(0);
    cse.cse.faults.hang({});
    notify(1, 2, 3);
    await metricIs('values_waiting', 3);
    const { code, stderr, seconds } = await stop();
    expect(stderr).toContain('lost at the end: 3 values');
    expect([code, seconds < 4.5]).toEqual([1, true]);
  });

  it('is not full yet for the last words of a stop: they go into what is left alone else', async () => {
    await begin();
    await fill(15 * MEBIBYTE);
    cse.cse.faults.drop({});
    notify(1, 2, 3);
    await metricIs('values_waiting', 3);
    expect((await stop()).code).toBe(0);
    cse.cse.faults.clear();
    leave(1024 * MEBIBYTE);
    daemon = await run(folder, daemon.coapPort);
    await eventually(contents, (found) => found.length === 4);
    expect(await contents()).toEqual([0, 1, 2, 3]);
  });

  it('that has room again while we stop is written', async () => {
    await begin();
    await fill(0);
    cse.cse.faults.drop({});
    notify(1, 2, 3);
    await metricIs('values_waiting', 3);
    const stopped = stop();
    await daemon.running.line((line) => line.includes('"stopping"'));
    leave(1024 * MEBIBYTE);
    expect((await stopped).code).toBe(0);
  });

  it('brings back no value that the CSE got meanwhile', async () => {
    await begin();
    const stuck = cse.cse.faults.hang(VALUES);
    await Promise.all([1, 2, 3].map((value) => device.notify(token(), { ...senml(value), observe: value + 1 })));
    await fill(0);
    notify(4);
    await metricIs('values_waiting', 4);
    const pending = await metric('store_pending');
    stuck.cancel();
    await eventually(contents, (found) => found.length === 5);
    await eventually(
      () => client.delete(`${cse.base}/sensor/3303_0/5700`).then(() => true),
      (gone) => gone,
    );
    await eventually(
      () => metric('store_pending'),
      (found) => found < pending,
    );
    daemon.running.child.kill('SIGKILL');
    await daemon.running.finished;
    leave(1024 * MEBIBYTE);
    daemon = await run(folder, daemon.coapPort);
    await device.notify(token(), { ...senml(9), observe: 10 });
    await eventually(
      () => contents().catch(() => [] as unknown[]),
      (found) => found.includes(9),
    );
    expect(await contents()).toEqual([9]);
  });
});
