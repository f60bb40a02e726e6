import { Writable } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { createLogger } from '../../ipe/log.ts';
import { AnsweringDevice } from '../e2e/answering-device.ts';
import { startEmbedded } from '../support/cse-under-test.ts';
import { eventually, startIpe } from '../support/ipe.ts';
import { BridgeWitness } from './bridge-witness.ts';
import { DeviceWitness } from './device-witness.ts';
import { Moments } from './moments.ts';
import { UdpRelay } from './udp-relay.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

it('hears from a bridge which values it dropped, of the registration that its device was told of', async () => {
  const moments = new Moments();
  const heard = new BridgeWitness(moments);
  const stream = new Writable({
    write(line: Buffer, _, done) {
      heard.said(line.toString());
      done();
    },
  });
  const under = await startEmbedded('standard');
  ends.push(() => under.stop());
  const ipe = await startIpe(under, {}, createLogger({ level: 'warn', format: 'json', stream }));
  ends.push(() => ipe.stop());
  const witness = new DeviceWitness('leaver', [], moments, () => 1);
  const relay = await UdpRelay.open(1, () => ipe.port, witness);
  const device = await AnsweringDevice.open(relay.port);
  ends.push(
    () => relay.close(),
    () => device.close(),
  );
  device.holds('/3303/0', [{ n: '5700', v: 0 }]);
  under.cse.faults.drop({});
  expect(await device.register('leaver')).toBe('2.01');
  await eventually(
    async () => device.isObserved('/3303/0'),
    (observed) => observed,
  );
  expect(await device.notify('/3303/0', [{ n: '5700', v: 1 }])).toBe('ack');
  expect(await device.deregister()).toBe('2.02');
  await eventually(
    async () => heard.dropped.length,
    (count) => count > 0,
  );
  const [{ registration } = {}] = witness.begun;
  expect(heard.dropped).toMatchObject([{ endpoint: 'leaver', registration, values: 2 }]);
});

it('hears of what was left by an earlier run, for which no registration is named, and of nothing else', () => {
  const heard = new BridgeWitness(new Moments());
  const lines = [
    { message: 'endpoint de-registered', endpoint: 'chaos-02', registration: 'r2' },
    { message: 'values of a device that has left were dropped', endpoint: 'chaos-01', dropped: 3 },
    { message: 'values were dropped', endpoint: 'chaos-03', registration: 'r3', times: 3 },
  ];
  for (const line of [...lines.map((fields) => JSON.stringify(fields)), 'no JSON', '7', 'null']) heard.said(line);
  expect(heard.dropped).toEqual([{ endpoint: 'chaos-01', values: 3, at: 1 }]);
});
