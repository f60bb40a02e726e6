import { describe, expect, test } from 'vitest';
import { parsePath, type Report } from '../../../lwm2m/index.ts';
import { connect, serve } from '../operation/bench-of-devices.ts';
import { content, type Script, type ScriptedDevice } from '../operation/scripted-device.ts';
import { observable, observe, observed, senml, tokenOf, values } from './observed-device.ts';

describe('after a Register over a registration', () => {
  test('what was observed is asked for anew by the server, under new tokens, and the owner told', async () => {
    const { server, device, perform, changes, until } = await observed();
    await perform(observe('/3303/0'));
    await perform(observe('/3/0'));
    const before = device.requests.map(tokenOf);
    await device.register();
    await until(() => changes.length === 2);
    expect(changes).toMatchObject([
      { kind: 'renewed', paths: [{ objectId: 3303, instanceId: 0 }], outcome: { kind: 'success', observing: true } },
      { kind: 'renewed', paths: [{ objectId: 3, instanceId: 0 }], outcome: { kind: 'success' } },
    ]);
    const after = device.requests.slice(2);
    expect(after.map(({ path, observe: wish }) => [path, wish])).toEqual([
      ['/3303/0', 0],
      ['/3/0', 0],
    ]);
    for (const request of after) expect(before.some((token) => token.equals(request.token))).toBe(false);
    expect(await device.notify(before[0]!, { ...senml(1), observe: 5 })).toBe(false);
    expect(await device.notify(tokenOf(after[0]), { ...senml(1), observe: 5 })).toBe(true);
    expect(server.observations('device')).toHaveLength(2);
  });

  test('what the device lists no more is not asked for, and the owner told', async () => {
    const { device, perform, changes, until } = await observed();
    await perform(observe('/3303/0'));
    await device.register({ links: '</3/0>' });
    await until(() => changes.length === 1);
    expect(changes).toMatchObject([{ kind: 'ended', paths: [{ objectId: 3303, instanceId: 0 }] }]);
    expect(device.requests).toHaveLength(1);
  });

  test('what somebody asked for meanwhile is asked for once', async () => {
    const { server, device, perform, changes, until } = await observed();
    await perform(observe('/3303/0'));
    await perform(observe('/3/0'));
    await device.register();
    await perform(observe('/3303/0'));
    await until(() => changes.length === 1);
    expect(changes).toMatchObject([{ kind: 'renewed', paths: [{ objectId: 3 }] }]);
    expect(device.requests).toHaveLength(4);
    expect(server.observations('device')).toHaveLength(2);
  });

  test('no observation is lost when the device registers again and again', async () => {
    const { server, device, perform, changes, until } = await observed();
    await perform(observe('/3303/0'));
    for (let i = 0; i < 3; i += 1) await device.register();
    await until(() => changes.length > 0 && server.observations('device').length > 0);
    for (const change of changes) expect(change).toMatchObject({ kind: 'renewed', outcome: { kind: 'success' } });
    expect(server.observations('device')).toHaveLength(1);
  });

  test('that comes while they are asked for anew, they are asked for once more', async () => {
    let silent = false;
    const answer = observable();
    const { server, device, perform, changes, until } = await observed((request, self) =>
      silent ? undefined : answer(request, self),
    );
    await perform(observe('/3303/0'));
    silent = true;
    await device.register();
    await device.asked(2);
    silent = false;
    await device.register();
    await until(() => changes.length > 0);
    expect(changes).toMatchObject([{ kind: 'renewed', outcome: { kind: 'success' } }]);
    expect(device.requests).toHaveLength(3);
    expect(server.observations('device')).toHaveLength(1);
  });

  test('a refused Register changes nothing', async () => {
    let refuse = false;
    const reports: Report[] = [];
    const { server, port } = await serve(
      { report: (report) => void reports.push(report) },
      { register: () => (refuse ? { code: '4.03' } : undefined) },
    );
    const device = await connect(port, observable());
    await device.register();
    await server.perform('device', observe('/3303/0'));
    refuse = true;
    await expect(device.register()).rejects.toThrow('4.03');
    expect(await device.notify(tokenOf(device.requests[0]), { ...senml(1), observe: 2 })).toBe(true);
    expect(values(reports)).toEqual([1]);
  });
});

describe('after an Update with another list', () => {
  const relist = (device: ScriptedDevice, links: string) =>
    device.ask('POST', device.location, { format: 40, payload: links });

  test('observations of instances that are listed no more end: nothing is asked, the owner is told, notifications are reset', async () => {
    const { server, device, perform, changes, until } = await observed();
    await perform(observe('/3303/0'));
    await perform(observe('/3/0'));
    expect((await relist(device, '</3/0>,</3303/1>')).code).toBe('2.04');
    await until(() => changes.length === 1);
    expect(changes).toMatchObject([{ kind: 'ended', composite: false, paths: [{ objectId: 3303, instanceId: 0 }] }]);
    expect(changes[0]).not.toHaveProperty('code');
    expect(server.observations('device')).toMatchObject([{ paths: [parsePath('/3/0')], composite: false }]);
    expect(await device.notify(tokenOf(device.requests[0]), { ...senml(1), observe: 5 })).toBe(false);
    expect(await device.notify(tokenOf(device.requests[1]), { ...senml(1, '/3/0'), observe: 5 })).toBe(true);
    expect(device.requests).toHaveLength(2);
  });

  test('those of what is still listed go on, also where an object is listed without its instances', async () => {
    const { server, device, perform, changes } = await observed();
    await perform(observe('/3303/0'));
    for (const links of ['</3303/0>,</3/0>,</5>', '</3303>']) {
      expect((await relist(device, links)).code).toBe('2.04');
      expect(await device.notify(tokenOf(device.requests[0]), { ...senml(1), observe: links.length })).toBe(true);
    }
    expect(server.observations('device')).toHaveLength(1);
    expect(changes).toEqual([]);
  });

  test('one of several instances goes on while one of them is there', async () => {
    const script: Script = ({ observe: wish }) => content('[{"n":"/3/0/9","v":1}]', 110, wish === 0 ? 1 : undefined);
    const { server, device, perform, changes, until } = await observed(script);
    await perform({ type: 'observe-composite', paths: [parsePath('/3303/0/5700'), parsePath('/3/0/9')] });
    await relist(device, '</3/0>');
    expect((await relist(device, '</1/0>')).code).toBe('2.04');
    await until(() => changes.length === 1);
    expect(changes).toMatchObject([{ kind: 'ended', composite: true }]);
    expect(server.observations('device')).toEqual([]);
  });

  test('those of an earlier run end, too', async () => {
    const { server, device, changes, until } = await observed();
    const { id } = server.registrations.byEndpoint('device')!;
    const target = { paths: [parsePath('/3303/0')], composite: false };
    const token = Buffer.from('restored');
    expect(
      server.restoreObservation({ endpoint: 'device', registrationId: id, token, ...target, format: undefined }),
    ).toBe(true);
    await relist(device, '</3/0>');
    await until(() => changes.length === 1);
    expect(server.observations('device')).toEqual([]);
    expect(await device.notify(token, { ...senml(1), observe: 6 })).toBe(false);
  });

  test('that is refused they go on', async () => {
    const { server, port } = await serve({ report: () => undefined }, { update: () => ({ code: '4.00' }) });
    const device = await connect(port, observable());
    await device.register();
    await server.perform('device', observe('/3303/0'));
    expect((await relist(device, '</3/0>')).code).toBe('4.00');
    expect(await device.notify(tokenOf(device.requests[0]), { ...senml(1), observe: 5 })).toBe(true);
  });
});
