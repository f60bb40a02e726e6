import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acme, acmeAvailable } from '../support/acme.ts';
import { type CseUnderTest, startAcme } from '../support/cse-under-test.ts';
import { Device } from '../support/device.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../support/ipe.ts';

const available = await acmeAvailable();

describe.skipIf(!available.ok)('ACME that is killed and comes back empty', { timeout: 60_000 }, () => {
  let cse: CseUnderTest & { acme: Acme };
  let ipe: RunningIpe;
  let device: Device;

  beforeAll(async () => {
    cse = await startAcme();
    ipe = await startIpe(cse);
    device = await Device.open(ipe.port);
  });
  afterAll(async () => {
    device?.close();
    await ipe?.stop();
    await cse?.stop();
  });

  it('while it is away devices are accepted; afterwards they are found, and those that said nothing, too', async () => {
    expect(await device.register({ endpoint: 'before' })).toMatchObject({ code: '2.01' });
    await cse.acme.kill();
    expect(await device.register({ endpoint: 'while-away' })).toMatchObject({ code: '2.01' });
    await cse.acme.restartEmpty();
    const app = await Application.start(cse);
    for (const endpoint of ['before', 'while-away']) {
      await eventually(
        () => app.find(`LWM2MEP:${endpoint}`),
        (found) => found.join() === [`1_0`, '3_0', endpoint, `node-${endpoint}`].sort().join(),
        20_000,
      );
    }
    await app.stop();
  });

  it('killed in the middle of a Register: the device is registered, and the CSE comes to agree', async () => {
    const links = Array.from({ length: 60 }, (_, index) => `</${3300 + index}/0>`).join(',');
    const registering = device.register({ endpoint: 'in-the-middle', links });
    await cse.acme.kill();
    expect(await registering).toMatchObject({ code: '2.01' });
    await cse.acme.restartEmpty();
    const app = await Application.start(cse, 'app2');
    await eventually(
      () => app.find('LWM2MEP:in-the-middle'),
      (found) => found.length === 62,
      20_000,
    );
    await app.stop();
  });

  it('gone while the bridge starts: its devices are served, and found when it is there', async () => {
    const path = mkdtempSync(join(tmpdir(), 'gone-'));
    const store = { kind: 'lmdb', path } as const;
    await ipe.stop();
    ipe = await startIpe(cse, { store });
    const known = await Device.open(ipe.port);
    await known.register({ endpoint: 'known' });
    await cse.acme.kill();
    await ipe.stop();
    ipe = await startIpe(cse, { store, lwm2m: { coap: { host: '127.0.0.1', port: ipe.port } } });
    expect(ipe.ready.cse).toMatchObject({ title: 'ACME /id-in', away: expect.stringContaining('refused') });
    expect(await known.update()).toMatchObject({ code: '2.04' });
    await cse.acme.restartEmpty();
    const app = await Application.start(cse, 'app3');
    await eventually(
      () => app.find('LWM2MEP:known'),
      (found) => found.join() === '1_0,3_0,known,node-known',
      20_000,
    );
    await app.stop();
    known.close();
    rmSync(path, { recursive: true, force: true });
  });
});
