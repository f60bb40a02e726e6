import { describe, expect, test } from 'vitest';
import { IpeError } from '../../../common/index.ts';
import { encodeContent, parsePath, type Report } from '../../../lwm2m/index.ts';
import { connect, serve } from '../operation/bench-of-devices.ts';

const NODES = [
  { path: parsePath('/3303/0/5700'), value: 21.5 },
  { path: parsePath('/3/0/9'), value: 95 },
];
const JSON_PAYLOAD = '[{"n":"/3303/0/5700","v":21.5}]';

async function sending(report?: (report: Report) => void | Promise<void>) {
  const reports: Report[] = [];
  const { server, port } = await serve({
    report: (one) => {
      reports.push(one);
      return report?.(one);
    },
  });
  const device = await connect(port);
  return { server, port, device, reports };
}

describe('Send (LwM2M 1.1 6.4.6)', () => {
  test.each([110, 112, 11544])('in content format %i is a report of all its values', async (format) => {
    const { server, device, reports } = await sending();
    await device.register({ version: '1.2' });
    const payload = encodeContent(format, NODES, { base: undefined });
    expect(await device.send(format, payload)).toMatchObject({ code: '2.04' });
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({
      source: 'send',
      registration: { endpoint: 'device' },
      content: { format, payload },
    });
    expect(reports[0]!.path).toBeUndefined();
    expect(new Set(reports[0]!.nodes.map(({ value }) => value))).toEqual(new Set([21.5, 95]));
    expect(server.counters.reports.sends).toBe(1);
  });

  test('keeps the times of a history, in order', async () => {
    const { device, reports } = await sending();
    await device.register();
    const payload = '[{"bn":"/3303/0/5700","bt":1700000000,"v":1},{"t":10,"v":2},{"t":20,"v":3}]';
    await device.send(110, payload);
    expect(reports[0]!.nodes.map(({ value, time }) => [value, time])).toEqual([
      [1, 1_700_000_000_000],
      [2, 1_700_000_010_000],
      [3, 1_700_000_020_000],
    ]);
  });

  test('needs no observation', async () => {
    const { device, reports } = await sending();
    await device.register();
    await device.send(110, '[{"n":"/42800/0/1","v":1}]');
    expect(reports[0]!.nodes).toMatchObject([{ path: { objectId: 42_800 }, value: 1 }]);
  });

  test('may hold an opaque value of 64 KiB, in blocks (RFC 7959 2.5)', async () => {
    const reports: Report[] = [];
    const { port } = await serve({ report: (report) => void reports.push(report) });
    const device = await connect(port);
    await device.register({ links: '</19/0>' });
    const value = Buffer.alloc(65_536, 'firmware');
    const path = parsePath('/19/0/0/0');
    const payload = encodeContent(112, [{ path, value }], { base: undefined });
    const last = Math.ceil(payload.length / 1_024) - 1;
    for (let number = 0; number <= last; number += 1) {
      const block1 = (number << 4) | (number < last ? 8 : 0) | 6;
      const token = Buffer.from('blocks');
      const answered = device.reply(token);
      device.raw({
        code: 'POST',
        confirmable: true,
        messageId: 0x6000 + number,
        token,
        options: [
          { name: 'Uri-Path', value: Buffer.from('dp') },
          { name: 'Content-Format', value: Buffer.from([112]) },
          { name: 'Block1', value: Buffer.from([block1 >> 8, block1 & 0xff]) },
        ],
        payload: payload.subarray(number * 1_024, (number + 1) * 1_024),
      });
      expect((await answered).code).toBe(number < last ? '2.31' : '2.04');
    }
    expect(reports.map(({ nodes }) => nodes)).toEqual([[{ path, value }]]);
  });

  test('is answered when the report has settled, not before', async () => {
    let settle: () => void = () => undefined;
    const { device } = await sending(
      () =>
        new Promise<void>((resolve) => {
          settle = resolve;
        }),
    );
    await device.register();
    let answered = false;
    const answer = device.send(110, JSON_PAYLOAD).then(({ code }) => {
      answered = true;
      return code;
    });
    expect(await device.update()).toBe('2.04');
    expect(answered).toBe(false);
    settle();
    expect(await answer).toBe('2.04');
  });

  test('is answered 5.03 when it may be sent again, 5.00 when it may not', async () => {
    let error: Error = new IpeError('cse/timeout', 'the CSE is away', { retryable: true });
    const { server, device } = await sending(() => Promise.reject(error));
    await device.register();
    expect((await device.send(110, JSON_PAYLOAD)).code).toBe('5.03');
    error = new TypeError('oops');
    expect((await device.send(110, JSON_PAYLOAD)).code).toBe('5.00');
    expect(server.counters.reports.listenerFailures).toBe(2);
  });

  test('of a peer that is not registered is answered 4.04 and reported to nobody', async () => {
    const { server, port, device, reports } = await sending();
    expect((await device.send(110, JSON_PAYLOAD)).code).toBe('4.04');
    await device.register();
    const stranger = await connect(port);
    expect((await stranger.send(110, JSON_PAYLOAD)).code).toBe('4.04');
    await device.deregister();
    expect((await device.send(110, JSON_PAYLOAD)).code).toBe('4.04');
    expect(reports).toEqual([]);
    expect(server.counters.reports.strangers).toBe(3);
  });

  test('is known by the address of the last Update', async () => {
    const { port, device, reports } = await sending();
    await device.register();
    const moved = await connect(port);
    moved.location = device.location;
    await moved.update();
    expect((await device.send(110, JSON_PAYLOAD)).code).toBe('4.04');
    expect((await moved.send(110, JSON_PAYLOAD)).code).toBe('2.04');
    expect(reports[0]!.registration.endpoint).toBe('device');
  });

  test('is that of the endpoint that registered last from the address', async () => {
    const { device, reports } = await sending();
    await device.register({ endpoint: 'old-name' });
    await device.register({ endpoint: 'new-name' });
    await device.send(110, JSON_PAYLOAD);
    expect(reports[0]!.registration.endpoint).toBe('new-name');
  });

  test.each([
    [11542, 'x', '4.15'],
    [0, '1', '4.15'],
    [110, '{', '4.00'],
    [110, '[]', '4.00'],
    [112, 'ff', '4.00'],
  ])('content format %i with %j is answered %3$s', async (format, payload, code) => {
    const { device, reports } = await sending();
    await device.register();
    expect((await device.send(format, payload)).code).toBe(code);
    expect(reports).toEqual([]);
  });

  test('has no resource where nobody takes reports', async () => {
    const { port } = await serve();
    const device = await connect(port);
    await device.register();
    expect((await device.send(110, JSON_PAYLOAD)).code).toBe('4.04');
  });
});
