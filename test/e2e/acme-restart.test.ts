import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acme, acmeAvailable } from '../support/acme.ts';
import { type CseUnderTest, startAcme } from '../support/cse-under-test.ts';
import { Device } from '../support/device.ts';
import { Application, type RunningIpe, startIpe } from '../support/ipe.ts';

const available = await acmeAvailable();

describe.skipIf(!available.ok)('ACME that is killed and comes back empty', () => {
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

  it('while it is away devices are refused with 5.03 and Max-Age; afterwards they register and are found', async () => {
    expect(await device.register({ endpoint: 'before' })).toMatchObject({ code: '2.01' });
    await cse.acme.kill();
    const refused = await device.register({ endpoint: 'while-away' });
    expect(refused.code).toBe('5.03');
    expect(refused.maxAge).toBeGreaterThanOrEqual(5);
    await cse.acme.restartEmpty();
    const end = performance.now() + 15_000;
    let reply = refused;
    while (reply.code !== '2.01' && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      reply = await device.register({ endpoint: 'while-away' });
    }
    expect(reply.code).toBe('2.01');
    const app = await Application.start(cse);
    expect(await app.find('LWM2MEP:while-away')).toEqual(['1_0', '3_0', 'node-while-away', 'while-away']);
    await app.stop();
  });

  it('killed in the middle of a Register: the device is refused or registered, and the CSE agrees', async () => {
    const links = Array.from({ length: 60 }, (_, index) => `</${3300 + index}/0>`).join(',');
    const registering = device.register({ endpoint: 'in-the-middle', links });
    await cse.acme.kill();
    const { code } = await registering;
    expect(code).toBe('5.03');
    await cse.acme.restartEmpty();
    const app = await Application.start(cse, 'app2');
    expect(await app.find('LWM2MEP:in-the-middle')).toEqual([]);
    await app.stop();
  });
});
