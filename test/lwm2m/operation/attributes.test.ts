import { describe, expect, test } from 'vitest';
import {
  type Lwm2mVersion,
  NOTIFICATION_ATTRIBUTES,
  type NotificationAttributes,
  type Operation,
  parsePath,
} from '../../../lwm2m/index.ts';
import type { AttributeRow } from '../../../lwm2m/operation/notification-attributes.ts';
import { pair } from './bench-of-devices.ts';

const PATHS = ['/3303', '/3303/0', '/3303/0/5700', '/3303/0/5700/1'];
const VALUES = { whole: 60, decimal: 1.5, bit: 1 } as const;
const EARLIER: Partial<Record<Lwm2mVersion, Lwm2mVersion>> = { '1.1': '1.0', '1.2': '1.1' };

const writeAttributes = (path: string, attributes: NotificationAttributes): Operation => {
  return { type: 'write-attributes', path: parsePath(path), attributes };
};
const rows = NOTIFICATION_ATTRIBUTES.map((row): [string, AttributeRow] => [row.name, row]);

describe('Write-Attributes of LwM2M 1.1 5.1.2 and 6.3.4, 1.2 7.3.2', () => {
  test.each(rows)('%s is set and taken back at each level that carries it, and at no other', async (name, row) => {
    const { device, perform } = await pair(() => ({ code: '2.04' }), { version: '1.2' });
    const sent: string[] = [];
    for (const [index, path] of PATHS.entries()) {
      const set = await perform(writeAttributes(path, { [name]: VALUES[row.value] }));
      const carried = row.levels.includes(index + 1);
      expect(set.kind).toBe(carried ? 'success' : 'invalid');
      if (!carried) continue;
      await perform(writeAttributes(path, { [name]: null }));
      sent.push(`PUT ${path}?${name}=${VALUES[row.value]}`, `PUT ${path}?${name}`);
    }
    expect(device.requests.map(({ method, path, query }) => `${method} ${path}?${query.join('&')}`)).toEqual(sent);
    expect(device.requests.every(({ payload }) => payload.length === 0)).toBe(true);
  });

  test.each(rows.filter(([, { since }]) => since !== '1.0'))(
    '%s is not asked of a device of an earlier version',
    async (name, { since, value }) => {
      const { device, perform } = await pair(() => ({ code: '2.04' }), { version: EARLIER[since]! });
      const outcome = await perform(writeAttributes('/3303/0/5700', { [name]: VALUES[value] }));
      expect(outcome).toMatchObject({ kind: 'invalid', reason: expect.stringContaining(`LwM2M ${since}`) });
      expect(device.requests).toEqual([]);
    },
  );

  test('several are set in one request', async () => {
    const { device, perform } = await pair(() => ({ code: '2.04' }));
    await perform(writeAttributes('/3303/0/5700', { pmin: 5, pmax: 60, gt: 30, lt: 10, st: 1 }));
    expect(device.requests[0]?.query).toEqual(['pmin=5', 'pmax=60', 'gt=30', 'lt=10', 'st=1']);
  });

  test('what contradicts itself is refused before anything is sent: pmin <= pmax, lt + 2 st < gt', async () => {
    const { device, perform } = await pair(() => ({ code: '2.04' }));
    for (const attributes of [
      { pmin: 61, pmax: 60 },
      { gt: 10, lt: 10 },
      { gt: 12, lt: 10, st: 1 },
    ]) {
      expect((await perform(writeAttributes('/3303/0/5700', attributes))).kind).toBe('invalid');
    }
    expect(device.requests).toEqual([]);
  });
});
