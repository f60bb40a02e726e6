import { afterEach, beforeEach, expect, it } from 'vitest';
import { ResourceType } from '../../cse-client/index.ts';
import { type CseUnderTest, startEmbedded } from '../support/cse-under-test.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../support/ipe.ts';
import { AnsweringDevice } from './answering-device.ts';

let cse: CseUnderTest;
let ipe: RunningIpe;
let app: Application;
let device: AnsweringDevice;

beforeEach(async () => {
  cse = await startEmbedded('standard');
  ipe = await startIpe(cse, { values: { observeCheck: '1s' } });
  app = await Application.start(cse);
  device = await AnsweringDevice.open(ipe.port);
});
afterEach(async () => {
  device.close();
  await app.stop();
  await ipe.stop();
  await cse.stop();
});

const holds = (value: number) =>
  eventually(
    () => app.see(ResourceType.contentInstance, 'device/3303_0/5700/la').catch(() => undefined),
    (found) => found?.con === value,
  );

it('an observation that a device lost in silence is found, renewed under its token, and goes on (RFC 7641 3.3.1)', async () => {
  device.holds('/3303/0', [{ n: '5700', v: 1 }]);
  expect(await device.register('device')).toBe('2.01');
  await holds(1);
  // It rebooted: it has another value, has told nobody, and observes nothing for anyone.
  device.holds('/3303/0', [{ n: '5700', v: 2 }]);
  await holds(2);
  expect(await device.notify('/3303/0', [{ n: '5700', v: 3 }])).toBe('ack');
  await holds(3);
  expect(new Set(device.tokens).size).toBe(1);
  expect(device.tokens.length).toBeGreaterThan(1);
});

it('a device that has told everything costs the CSE nothing, however often it is asked', async () => {
  device.holds('/3303/0', [{ n: '5700', v: 1 }]);
  expect(await device.register('device')).toBe('2.01');
  await holds(1);
  await eventually(
    async () => device.tokens.length,
    (count) => count >= 3,
  );
  const children = await app.client.children(`${cse.base}/device/3303_0/5700`, {
    ty: [ResourceType.contentInstance],
  });
  expect(children).toHaveLength(1);
});
