import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Operation, ResourceType } from '../../cse-client/index.ts';
import type { EmbeddedCse, Fault } from '../../embedded-cse/index.ts';
import { SimulatedDevice } from '../../simulator/index.ts';
import { type CseUnderTest, startEmbedded } from '../support/cse-under-test.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../support/ipe.ts';
import { stopAll } from '../support/stand.ts';
import { Commander } from './commands-suite.ts';

const COMMAND = { id: 'once', operation: 'write', path: '/3311/0/5851', value: 7 } as const;
const LAST_WORD = { op: Operation.create, ty: ResourceType.contentInstance, to: /\/responses$/ } as const;

describe('a command has one last word', () => {
  let cse: CseUnderTest & { cse: EmbeddedCse };
  let ipe: RunningIpe | undefined;
  let app: Application;
  let device: SimulatedDevice;
  let commander: Commander;
  let store: string;
  let carriedOut: number;
  /** Strikes once the device has answered the command, so that it meets the last word alone. */
  let trouble: () => Fault;
  let struck: Fault | undefined;

  const start = async (port = 0) => {
    ipe = await startIpe(cse, {
      access: { command: ['Ccommander'] },
      commands: { pollInterval: '300ms' },
      values: { mode: 'none' },
      cse: { timeout: '700ms' },
      store: { kind: 'lmdb', path: store },
      lwm2m: { coap: { host: '127.0.0.1', port } },
    });
    return ipe.port;
  };
  const restart = async (meanwhile: () => Promise<void>) => {
    const port = ipe?.port;
    await ipe?.stop();
    await meanwhile();
    await start(port);
  };
  const hits = (least: number) =>
    eventually(
      async () => struck?.hits ?? 0,
      (found) => found >= least,
    );
  const states = async () => (await commander.said(COMMAND.id)).map(({ state }) => state).sort();
  const ended = () =>
    eventually(
      () => states().catch((): string[] => []),
      (found) => found.includes('done'),
    );
  const conflicts = () => cse.cse.counters.answers.get(4105) ?? 0;
  const stop = async () => {
    await ipe?.stop();
    ipe = undefined;
  };

  beforeEach(async () => {
    store = mkdtempSync(join(tmpdir(), 'last-words-'));
    carriedOut = 0;
    struck = undefined;
    cse = await startEmbedded('acme');
    const port = await start();
    app = await Application.start(cse, 'commander');
    device = new SimulatedDevice({
      server: { host: '127.0.0.1', port },
      endpoint: 'commanded',
      onEvent: (event) => {
        if (event.type !== 'asked' || event.method !== 'PUT') return;
        carriedOut += 1;
        struck = trouble();
      },
    });
    await device.start();
    commander = new Commander(app, cse, 'commanded');
    await commander.ready();
  });
  afterEach(async () => {
    cse.cse.faults.clear();
    await device.stop({ deregister: false });
    await stopAll(ipe, app, cse);
    rmSync(store, { recursive: true, force: true });
  });

  it('though the answers to it are lost', async () => {
    trouble = () => cse.cse.faults.drop(LAST_WORD, { after: true, times: 2 });
    await commander.put(COMMAND);
    await hits(2);
    await ended();
    await stop();
    expect(await states()).toEqual(['done', 'sent']);
    expect(carriedOut).toBe(1);
  });

  it('though the CSE comes to the first attempt only after the second', async () => {
    trouble = () => cse.cse.faults.delay(2_500, LAST_WORD, { times: 1 });
    await commander.put(COMMAND);
    await hits(1);
    const before = conflicts();
    await ended();
    await eventually(
      async () => conflicts(),
      (found) => found > before,
    );
    expect(await states()).toEqual(['done', 'sent']);
  });

  it('though the IPE is started again before it has heard that the CSE has it', async () => {
    trouble = () => cse.cse.faults.drop(LAST_WORD, { after: true });
    await commander.put(COMMAND);
    await hits(1);
    await restart(async () => cse.cse.faults.clear());
    await ended();
    await stop();
    expect(await states()).toEqual(['done', 'sent']);
    expect(carriedOut).toBe(1);
  });

  it('and is told it once more where the CSE has lost it before the IPE heard that it has it', async () => {
    trouble = () => cse.cse.faults.drop(LAST_WORD, { after: true });
    await commander.put(COMMAND);
    await hits(1);
    const [before] = (await commander.said(COMMAND.id)).filter(({ state }) => state === 'done');
    await restart(async () => {
      cse.cse.faults.clear();
      cse.cse.faults.forget();
      await app.stop();
      app = await Application.start(cse, 'commander');
      commander = new Commander(app, cse, 'commanded');
    });
    await ended();
    await stop();
    expect(await commander.said(COMMAND.id)).toEqual([before]);
    expect(carriedOut).toBe(1);
  });
});
