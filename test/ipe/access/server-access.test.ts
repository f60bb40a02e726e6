import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CseClient, type CseError, ResourceType } from '../../../cse-client/index.ts';
import type { ConfigurationInput } from '../../../ipe/configuration/index.ts';
import { AnsweringDevice } from '../../e2e/answering-device.ts';
import { Commander } from '../../e2e/commands-suite.ts';
import { startEmbedded } from '../../support/cse-under-test.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../../support/ipe.ts';
import { stopAll } from '../../support/stand.ts';

const { container } = ResourceType;
const LINKS = '</1/0>,</1/1>,</2/0>,</2/1>,</2/2>,</3/0>,</3311/0>,</3303/0>';

let cse: Awaited<ReturnType<typeof startEmbedded>>;
let ipe: RunningIpe;
let app: Application;
let reader: CseClient;
let device: AnsweringDevice;
let commander: Commander;

beforeEach(async () => {
  cse = await startEmbedded('acme');
});
afterEach(async () => {
  device?.close();
  await reader?.close();
  await stopAll(app, ipe, cse);
});

/** An Access Control object instance (2) as SenML records: whose rights on which instance. */
function control(number: number, of: string, owner: number, list: Readonly<Record<number, number>>) {
  const [objectId, instanceId] = of.split('/').map(Number);
  return [
    { n: `${number}/0`, v: objectId },
    { n: `${number}/1`, v: instanceId },
    ...Object.entries(list).map(([server, rights]) => ({ n: `${number}/2/${server}`, v: rights })),
    { n: `${number}/3`, v: owner },
  ];
}

/** A device of two servers, of which we are 123, that registers with these instances of object 2. */
async function start(controls: readonly object[], access: ConfigurationInput['access'] = {}): Promise<void> {
  ipe = await startIpe(cse, { access: { command: ['Cplant'], ...access } });
  app = await Application.start(cse, 'plant');
  reader = new CseClient({ url: cse.url, originator: 'Creader', releaseVersion: '3', timeout: 5000, maxInFlight: 2 });
  device = await AnsweringDevice.open(ipe.port);
  const [first = {}, ...rest] = controls;
  device.objects.set('/2', { payload: JSON.stringify([{ bn: '/2/', ...first }, ...rest]) });
  device.objects.set('/1', {
    payload: JSON.stringify([
      { bn: '/1/', n: '1/0', v: 123 },
      { n: '1/1', v: 60 },
    ]),
  });
  device.holds('/3/0', [{ n: '0', vs: 'Maker' }]);
  device.holds('/3311/0', [{ n: '5850', vb: true }]);
  device.holds('/3303/0', [{ n: '5700', v: 20.5 }]);
  expect(await device.register('dev', { links: LINKS })).toBe('2.01');
  commander = new Commander(app, cse, 'dev');
  await commander.ready();
}

const policiesOf = async (name: string): Promise<string[]> => {
  const { acpi = [] } = await app.client.retrieve(container, `${cse.base}/dev/${name}`, { originator: 'Clwm2m-ipe' });
  const names = await Promise.all(
    acpi.map((ri) => app.client.retrieve(ResourceType.acp, ri, { originator: 'Clwm2m-ipe' }).then(({ rn }) => rn)),
  );
  return names as string[];
};

const becomes = (name: string, policies: readonly string[]) =>
  eventually(
    () => policiesOf(name).catch((error: CseError) => [error.message]),
    (found) => found.join() === policies.join(),
  );

const writes = () => device.requests.filter((request) => request.startsWith('PUT') || request.startsWith('POST /3'));

describe('the Access Control object of a device with several servers', () => {
  const CONTROLS = [
    ...control(0, '3311/0', 60, { 123: 1 }),
    ...control(1, '3303/0', 60, { 0: 0 }),
    ...control(2, '3/0', 123, {}),
  ];

  it('LwM2M 1.1 8.2: what this server may not do on an instance is not offered by the policies of its containers', async () => {
    await start(CONTROLS);
    await becomes('3303_0', ['acp-lwm2m-ipe-unread']);
    await becomes('3311_0/5850', ['acp-lwm2m-ipe']);
    await becomes('3_0/0', ['acp-lwm2m-ipe']);
    const address = `${cse.base}/dev`;
    const refusal = await reader.retrieve(container, `${address}/3303_0`).catch(({ rsc }: CseError) => rsc);
    expect(refusal).toBe(4103);
    expect(await reader.retrieve(container, `${address}/3311_0`).catch(({ rsc }: CseError) => rsc)).not.toBe(4103);
  });

  it('a request for what it may not do fails with the reason, and nothing is sent', async () => {
    await start(CONTROLS);
    await becomes('3303_0', ['acp-lwm2m-ipe-unread']);
    const write = await commander.run({ id: '1', operation: 'write', path: '/3311/0/5850', value: false });
    expect(write).toMatchObject({ state: 'failed', reason: expect.stringContaining('does not let this server write') });
    expect(await commander.run({ id: '2', operation: 'read', path: '/3303/0/5700' })).toMatchObject({
      state: 'failed',
    });
    expect((await commander.said('1')).map(({ state }) => state)).toEqual(['failed']);
    expect(writes()).toEqual([]);
    expect(device.requests).not.toContain('GET /3303/0/5700');
    const execute = await commander.run({ id: '3', operation: 'execute', path: '/3/0/4' });
    expect(execute).toMatchObject({ code: '4.04' });
    expect(writes()).toHaveLength(1);
  });

  it('is read once after Register, and again when the device registers anew', async () => {
    await start(CONTROLS);
    await becomes('3303_0', ['acp-lwm2m-ipe-unread']);
    const reads = () => device.requests.filter((request) => request === 'GET /2').length;
    expect(await device.update()).toBe('2.04');
    expect(reads()).toBe(1);
    const all = [...control(0, '3303/0', 60, { 123: 31 })];
    device.objects.set('/2', { payload: JSON.stringify([{ bn: '/2/', ...all[0] }, ...all.slice(1)]) });
    expect(await device.register('dev', { links: LINKS })).toBe('2.01');
    await becomes('3303_0', ['acp-lwm2m-ipe']);
    expect(reads()).toBe(2);
  });

  it('a device that does not let it be read, or does not tell who we are, is gone on with as without', async () => {
    await start(CONTROLS);
    await becomes('3303_0', ['acp-lwm2m-ipe-unread']);
    device.objects.delete('/2');
    expect(await device.register('dev', { links: LINKS })).toBe('2.01');
    await eventually(
      async () => device.requests.filter((request) => request === 'GET /2').length,
      (count) => count === 2,
    );
    expect(await device.deregister()).toBe('2.02');
    device.objects.delete('/1');
    expect(await device.register('dev', { links: LINKS })).toBe('2.01');
    await commander.ready();
    expect(await commander.run({ id: '1', operation: 'read', path: '/3303/0' })).toMatchObject({ state: 'done' });
  });

  it('access.shortServerId says who we are where the device lets us read more than one Server', async () => {
    await start(CONTROLS, { shortServerId: 7 });
    await becomes('3_0', ['acp-lwm2m-ipe-unread']);
    expect(device.requests).not.toContain('GET /1');
  });

  it('a device that lists one Server alone is not asked: that has all rights', async () => {
    ipe = await startIpe(cse, {});
    app = await Application.start(cse, 'plant');
    device = await AnsweringDevice.open(ipe.port);
    device.holds('/3/0', [{ n: '0', vs: 'Maker' }]);
    expect(await device.register('dev', { links: '</1/0>,</2/0>,</3/0>' })).toBe('2.01');
    await eventually(
      () => policiesOf('3_0/0').catch(() => []),
      (found) => found.length === 1,
    );
    expect(device.requests).not.toContain('GET /2');
  });
});
