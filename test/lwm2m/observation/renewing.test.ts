import { expect, test } from 'vitest';
import { pair } from '../operation/bench-of-devices.ts';
import { observe, observed, senml, tokenOf, values } from './observed-device.ts';

test('an Observe of what is observed has its token, and tells whether the device says what it said last', async () => {
  let value = 1;
  const { device, perform } = await pair(
    () => ({ code: '2.05', ...senml(value), observe: 1 }),
    {},
    { report: () => {} },
  );
  const unchanged = async () => {
    const outcome = await perform(observe('/3303/0'));
    return outcome.kind === 'success' && outcome.unchanged === true;
  };
  expect(await unchanged()).toBe(false);
  expect(await unchanged()).toBe(true);
  value = 2;
  expect(await unchanged()).toBe(false);
  expect(await unchanged()).toBe(true);
  await device.notify(tokenOf(device.requests[0]), { ...senml(3), observe: 2 });
  expect(await unchanged()).toBe(false);
  await device.notify(tokenOf(device.requests[0]), { ...senml(2), observe: 3 });
  expect(await unchanged()).toBe(true);
  expect(new Set(device.requests.map(({ token }) => token.toString('hex'))).size).toBe(1);
});

test('RFC 7641 3.4: a device that has forgotten an observation begins its numbers anew when it is asked again', async () => {
  let number = 7;
  const { device, perform, reports } = await observed(() => ({ code: '2.05', ...senml(0), observe: number }));
  await perform(observe('/3303/0'));
  const token = tokenOf(device.requests[0]);
  await device.notify(token, { ...senml(1), observe: 8 });
  number = 1;
  await perform(observe('/3303/0'));
  await device.notify(token, { ...senml(2), observe: 2 });
  await device.notify(token, { ...senml(1), observe: 2 });
  expect(values(reports)).toEqual([1, 2]);
});

/** A device whose second answer to an Observe comes behind a notification with the number `overtaking`. */
async function overtaken(overtaking: number, numbers: readonly [number, number]) {
  const notified: Promise<unknown>[] = [];
  let asked = 0;
  const bench = await observed((request) => {
    asked += 1;
    if (asked > 1) notified.push(bench.device.notify(request.token, { ...senml(3), observe: overtaking }));
    return { code: '2.05', ...senml(0), observe: numbers[asked === 1 ? 0 : 1] };
  });
  await bench.perform(observe('/3303/0'));
  expect(await bench.perform(observe('/3303/0'))).toMatchObject({ kind: 'success', nodes: [{ value: 0 }] });
  await Promise.all(notified);
  return { ...bench, token: tokenOf(bench.device.requests[0]) };
}

test('RFC 7641 3.4: a notification that overtakes the answer to a repeated Observe is taken after it', async () => {
  const { device, token, reports } = await overtaken(9, [7, 8]);
  await device.notify(token, { ...senml(2), observe: 8 });
  await device.notify(token, { ...senml(4), observe: 10 });
  expect(values(reports)).toEqual([3, 4]);
});

test('RFC 7641 3.4: a late notification of a row of numbers that has ended is no answer, and ends no other row', async () => {
  const { device, token, reports } = await overtaken(8, [7, 1]);
  await device.notify(token, { ...senml(4), observe: 2 });
  await device.notify(token, { ...senml(5), observe: 3 });
  expect(values(reports)).toEqual([3, 4, 5]);
});

test('when an observation was heard of last is known, but for one of an earlier run', async () => {
  const { server, device, perform } = await pair(
    () => ({ code: '2.05', ...senml(1), observe: 1 }),
    {},
    {
      report: () => {},
    },
  );
  await perform(observe('/3303/0'));
  const heardAt = () => server.observations('device').map((one) => one.heardAt);
  const [first] = heardAt();
  await device.notify(tokenOf(device.requests[0]), { ...senml(3), observe: 2 });
  const [later] = heardAt();
  expect(later).toBeGreaterThan(first as number);
  const registration = server.registrations.byEndpoint('device');
  const path = { objectId: 3, instanceId: 0 };
  server.restoreObservation({
    endpoint: 'device',
    registrationId: registration?.id as string,
    token: Buffer.from('01020304', 'hex'),
    paths: [path],
    composite: false,
    format: undefined,
  });
  expect(heardAt()).toEqual([later, undefined]);
});
