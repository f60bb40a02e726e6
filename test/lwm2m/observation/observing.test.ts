import { describe, expect, test } from 'vitest';
import { parsePath } from '../../../lwm2m/index.ts';
import { connect, pair } from '../operation/bench-of-devices.ts';
import { content, type Script } from '../operation/scripted-device.ts';
import { cancel, observable, observe, observed, senml, tokenOf, values } from './observed-device.ts';

describe('an observation (LwM2M 1.1 6.4.1)', () => {
  test('begins with the value, and reports each notification with path, values and raw content', async () => {
    const { server, device, perform, reports } = await observed();
    const outcome = await perform(observe('/3303/0'));
    expect(outcome).toMatchObject({ kind: 'success', code: '2.05', observing: true, nodes: [{ value: 0 }] });
    expect(device.requests[0]).toMatchObject({ method: 'GET', path: '/3303/0', observe: 0 });
    expect(await device.notify(tokenOf(device.requests[0]), { ...senml(21), observe: 2 })).toBe(true);
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({
      source: 'notify',
      path: { objectId: 3303, instanceId: 0 },
      nodes: [{ path: { objectId: 3303, instanceId: 0, resourceId: 5700 }, value: 21 }],
      content: { format: 110, payload: Buffer.from(senml(21).payload) },
      registration: { endpoint: 'device' },
    });
    expect(Math.abs(reports[0]!.receivedAt - Date.now())).toBeLessThan(5_000);
    expect(server.observations('device')).toMatchObject([
      { paths: [{ objectId: 3303, instanceId: 0 }], composite: false },
    ]);
  });

  test.each([1, 2, 0, 0xffffff])('may have numbers that start at %i', async (first) => {
    const { device, perform, reports } = await observed(observable(first));
    await perform(observe('/3303/0'));
    await device.notify(tokenOf(device.requests[0]), { ...senml(1), observe: (first + 1) & 0xffffff });
    expect(values(reports)).toEqual([1]);
  });

  test('may be notified by NON or CON', async () => {
    const { device, perform, reports, until } = await observed();
    await perform(observe('/3303/0'));
    const token = tokenOf(device.requests[0]);
    await device.notify(token, { ...senml(1), observe: 2, confirmable: false });
    await device.notify(token, { ...senml(2), observe: 3, confirmable: true });
    await until(() => reports.length === 2);
    expect(values(reports)).toEqual([1, 2]);
  });

  test('of an instance may report only the resource that changed', async () => {
    const { device, perform, reports } = await observed(({ observe: wish }) => ({
      code: '2.05',
      format: 110,
      payload: '[{"bn":"/3303/0/","n":"5700","v":20},{"n":"5701","vs":"Cel"}]',
      ...(wish === 0 ? { observe: 1 } : undefined),
    }));
    expect(await perform(observe('/3303/0'))).toMatchObject({ nodes: [{}, {}] });
    await device.notify(tokenOf(device.requests[0]), { ...senml(21), observe: 2 });
    expect(reports[0]!.nodes).toHaveLength(1);
  });

  test('drops notifications that were overtaken, and acknowledges them (RFC 7641 3.4)', async () => {
    const { server, device, perform, reports } = await observed();
    await perform(observe('/3303/0'));
    const token = tokenOf(device.requests[0]);
    for (const [value, number] of [
      [5, 5],
      [3, 3],
      [5, 5],
      [6, 6],
    ] as const) {
      expect(await device.notify(token, { ...senml(value), observe: number })).toBe(true);
    }
    expect(values(reports)).toEqual([5, 6]);
    expect(server.counters.reports).toMatchObject({ notifications: 2, stale: 2 });
  });

  test('that the device does not take up is a Read: its value, and no observation', async () => {
    const { server, perform } = await observed(() => ({ code: '2.05', ...senml(7) }));
    expect(await perform(observe('/3303/0'))).toMatchObject({
      kind: 'success',
      observing: false,
      nodes: [{ value: 7 }],
    });
    expect(server.observations('device')).toEqual([]);
  });

  test('that the device refuses is none', async () => {
    const { server, perform } = await observed(() => ({ code: '4.05' }));
    expect(await perform(observe('/3303/0'))).toEqual({ kind: 'refused', code: '4.05' });
    expect(server.observations('device')).toEqual([]);
  });

  test('asked for twice is one, under the same token (RFC 7641 3.1)', async () => {
    const { server, device, perform } = await observed();
    await perform(observe('/3303/0'));
    await perform(observe('/3303/0'));
    expect(tokenOf(device.requests[1])).toEqual(tokenOf(device.requests[0]));
    expect(server.observations('device')).toHaveLength(1);
  });

  test('are bounded for each device', async () => {
    const { perform } = await pair(observable(), {}, { limits: { operation: { observationsPerDevice: 2 } } });
    for (const path of ['/3303/0', '/3303/1']) expect((await perform(observe(path))).kind).toBe('success');
    expect(await perform(observe('/3303/2'))).toMatchObject({ kind: 'invalid' });
    expect((await perform(observe('/3303/0'))).kind).toBe('success');
  });

  test('ends with an error notification, which the owner is told', async () => {
    const { server, device, perform, changes } = await observed();
    await perform(observe('/3303/0'));
    const token = tokenOf(device.requests[0]);
    expect(await device.notify(token, { code: '4.04' })).toBe(true);
    expect(changes).toMatchObject([{ kind: 'ended', code: '4.04', paths: [{ objectId: 3303, instanceId: 0 }] }]);
    expect(server.observations('device')).toEqual([]);
    expect(await device.notify(token, { ...senml(1), observe: 9 })).toBe(false);
  });

  test('whose notification cannot be read goes on', async () => {
    const { server, device, perform, reports } = await observed();
    await perform(observe('/3303/0'));
    const token = tokenOf(device.requests[0]);
    expect(await device.notify(token, { format: 110, payload: '{', observe: 2 })).toBe(true);
    expect(await device.notify(token, { ...senml(2), observe: 3 })).toBe(true);
    expect(values(reports)).toEqual([2]);
    expect(server.counters.reports).toMatchObject({ unreadable: 1, notifications: 1 });
  });

  test('may be notified in blocks: the rest is fetched as it was observed, and the report is whole (RFC 7959 2.6)', async () => {
    const whole = Buffer.from(`[{"n":"/3303/0/5700","v":1},{"n":"/3303/0/5701","vs":"${'x'.repeat(1_000)}"}]`);
    const { device, perform, reports, until } = await observed(observable(), { links: '</>;ct=110,</3303/0>' });
    await perform(observe('/3303/0'));
    device.script = () => ({ code: '2.05', format: 110, payload: whole.subarray(1_024), block2: 0x16 });
    const token = tokenOf(device.requests[0]);
    const first = { format: 110, payload: whole.subarray(0, 1_024), observe: 2, block2: 0x0e };
    expect(await device.notify(token, first)).toBe(true);
    await until(() => reports.length === 1);
    expect(device.requests[1]).toMatchObject({ method: 'GET', path: '/3303/0', accept: 110, observe: undefined });
    expect(reports[0]!.content.payload).toEqual(whole);
    expect(reports[0]!.nodes).toHaveLength(2);
  });

  test('goes on when the listener fails', async () => {
    let calls = 0;
    const { server, device, perform } = await pair(
      observable(),
      {},
      {
        report: () => {
          calls += 1;
          if (calls === 1) throw new Error('no');
          return Promise.reject(new Error('no'));
        },
      },
    );
    await perform(observe('/3303/0'));
    for (const number of [2, 3]) {
      expect(await device.notify(tokenOf(device.requests[0]), { ...senml(number), observe: number })).toBe(true);
    }
    expect(server.counters.reports.listenerFailures).toBe(2);
  });
});

describe('the end of an observation', () => {
  test('is asked for with Observe 1 under its token; notifications after it are reset (RFC 7641 3.6)', async () => {
    const { server, device, perform, reports } = await observed();
    await perform(observe('/3303/0'));
    expect(await perform(cancel('/3303/0'))).toMatchObject({ kind: 'success', code: '2.05' });
    expect(device.requests[1]).toMatchObject({ method: 'GET', path: '/3303/0', observe: 1 });
    expect(tokenOf(device.requests[1])).toEqual(tokenOf(device.requests[0]));
    expect(await device.notify(tokenOf(device.requests[0]), { ...senml(1), observe: 2 })).toBe(false);
    expect(reports).toEqual([]);
    expect(server.observations('device')).toEqual([]);
  });

  test('has the options of its beginning (RFC 7641 3.6)', async () => {
    const { device, perform } = await observed(observable(), { links: '</>;ct=110,</3303/0>' });
    await perform(observe('/3303/0'));
    await perform(cancel('/3303/0'));
    expect(device.requests.map(({ accept }) => accept)).toEqual([110, 110]);
  });

  test('of what is not observed is refused without asking', async () => {
    const { device, perform } = await observed();
    expect(await perform(cancel('/3303/0'))).toMatchObject({ kind: 'invalid' });
    expect(device.requests).toEqual([]);
  });

  test('comes with the De-register: notifications are reset', async () => {
    const { device, perform, reports } = await observed();
    await perform(observe('/3303/0'));
    await device.deregister();
    expect(await device.notify(tokenOf(device.requests[0]), { ...senml(1), observe: 2 })).toBe(false);
    expect(reports).toEqual([]);
  });

  test('is not brought about by silence to a second Observe', async () => {
    const { server, device, perform } = await observed();
    await perform(observe('/3303/0'));
    device.script = () => undefined;
    expect(await perform(observe('/3303/0'), { deadline: 30 })).toEqual({ kind: 'timeout' });
    expect(server.observations('device')).toHaveLength(1);
    expect(await device.notify(tokenOf(device.requests[0]), { ...senml(1), observe: 2 })).toBe(true);
  });
});

describe('notifications are known by peer and token', () => {
  test('an unknown token is reset, CON or NON', async () => {
    const { device, perform, reports, server } = await observed();
    await perform(observe('/3303/0'));
    expect(await device.notify(Buffer.from('nonsense'), { ...senml(1), observe: 2 })).toBe(false);
    const reset = device.nextReset();
    await device.notify(Buffer.from('nonsense'), { ...senml(1), observe: 2, confirmable: false });
    await reset;
    expect(reports).toEqual([]);
    expect(server.counters.reports.unknown).toBe(2);
  });

  test('the token of one device is worth nothing from another address', async () => {
    const { port, device, perform, reports } = await observed();
    await perform(observe('/3303/0'));
    const stranger = await connect(port);
    expect(await stranger.notify(tokenOf(device.requests[0]), { ...senml(666), observe: 2 })).toBe(false);
    await stranger.register({ endpoint: 'stranger' });
    expect(await stranger.notify(tokenOf(device.requests[0]), { ...senml(666), observe: 3 })).toBe(false);
    expect(reports).toEqual([]);
  });

  test('after an Update from a new address they are taken from there, and no more from the old one', async () => {
    const { port, device, perform, reports } = await observed();
    await perform(observe('/3303/0'));
    const moved = await connect(port);
    moved.location = device.location;
    await moved.update();
    const token = tokenOf(device.requests[0]);
    expect(await moved.notify(token, { ...senml(1), observe: 2 })).toBe(true);
    expect(await device.notify(token, { ...senml(2), observe: 3 })).toBe(false);
    expect(values(reports)).toEqual([1]);
  });

  test('two devices may have the same numbers and message ids', async () => {
    const { server, port, device, perform, reports } = await observed();
    await perform(observe('/3303/0'));
    const other = await connect(port, observable());
    await other.register({ endpoint: 'other' });
    await server.perform('other', observe('/3303/0'));
    expect(tokenOf(other.requests[0])).not.toEqual(tokenOf(device.requests[0]));
    await device.notify(tokenOf(device.requests[0]), { ...senml(1), observe: 2 });
    await other.notify(tokenOf(other.requests[0]), { ...senml(2), observe: 2 });
    expect(reports.map(({ registration, nodes }) => [registration.endpoint, nodes[0]!.value])).toEqual([
      ['device', 1],
      ['other', 2],
    ]);
  });
});

describe('Observe-Composite (LwM2M 1.1 6.4.4)', () => {
  const paths = [parsePath('/3303/0/5700'), parsePath('/3/0/9')];
  const payload = (value: number) => `[{"n":"/3303/0/5700","v":${value}},{"n":"/3/0/9","v":${value}}]`;
  const script: Script = ({ observe: wish }) => content(payload(0), 110, wish === 0 ? 1 : undefined);

  test('reports all its paths in one, and ends by FETCH with Observe 1', async () => {
    const { server, device, perform, reports } = await observed(script);
    expect(await perform({ type: 'observe-composite', paths })).toMatchObject({ kind: 'success', observing: true });
    const [request] = device.requests;
    expect(request).toMatchObject({ method: 'FETCH', path: '/', observe: 0, contentFormat: 112, accept: 112 });
    await device.notify(tokenOf(request), { format: 110, payload: payload(4), observe: 2 });
    expect(values(reports)).toEqual([4, 4]);
    expect(reports[0]!.path).toBeUndefined();
    await perform({ type: 'cancel-observe-composite', paths });
    expect(device.requests[1]).toMatchObject({ method: 'FETCH', observe: 1, payload: request!.payload });
    expect(tokenOf(device.requests[1])).toEqual(tokenOf(request));
    expect(server.observations('device')).toEqual([]);
  });

  test('is asked for anew after a Register', async () => {
    const { device, perform, changes, until } = await observed(script);
    await perform({ type: 'observe-composite', paths });
    await device.register();
    await until(() => changes.length === 1);
    expect(changes).toMatchObject([{ kind: 'renewed', composite: true, paths, outcome: { kind: 'success' } }]);
  });
});
