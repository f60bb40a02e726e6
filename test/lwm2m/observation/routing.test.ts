import { describe, expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../../common/index.ts';
import { ObjectModels, type Peer, parsePath, type Registration, type Report } from '../../../lwm2m/index.ts';
import { newReportCounters } from '../../../lwm2m/observation/counters.ts';
import { Notifications } from '../../../lwm2m/observation/notifications.ts';
import { Observations } from '../../../lwm2m/observation/observations.ts';
import { aRegistration } from '../../support/registration.ts';

const plain = (port: number): Peer => ({ address: '192.0.2.1', port, key: `192.0.2.1#${port}` });
const proved = (name: string, port: number): Peer => {
  return { address: '192.0.2.1', port, key: `psk#${name}`, identity: { kind: 'psk', identity: name } };
};

const registration = (endpoint: string, peer: Peer): Registration =>
  aRegistration({ id: `id of ${endpoint}`, endpoint, peer });

/** Devices that are observed for `/3303/0/5700`, and whoever takes their notifications. */
function observed(devices: readonly Registration[]) {
  let last = 0;
  const observations = new Observations(10, () => {
    last += 1;
    const token = Buffer.alloc(8);
    token.writeUInt32BE(last, 4);
    return token;
  });
  const byEndpoint = new Map(devices.map((one) => [one.endpoint, one]));
  const reports: Report[] = [];
  const asked = { registrations: 0 };
  const taker = new Notifications({
    observations,
    registrations: {
      byEndpoint: (endpoint) => {
        asked.registrations += 1;
        return byEndpoint.get(endpoint);
      },
    },
    models: () => ObjectModels.official(),
    listener: { report: (report) => void reports.push(report), observationChanged: () => undefined },
    counters: newReportCounters(),
    clock: systemClock,
    logger: silentLogger,
  });
  const target = { paths: [parsePath('/3303/0/5700')], composite: false };
  const tokens = devices.map((one) => observations.obtain(one, target).observation!.token);
  const notify = (token: Buffer, peer: Peer, observe = 2) =>
    taker.take({
      peer,
      token,
      observe,
      code: '2.05',
      contentFormat: 0,
      payload: Buffer.from('21.5'),
      confirmable: true,
      receivedAt: 0,
    });
  return { notify, tokens, reports, asked };
}

describe('a notification from a new address', () => {
  test('is taken when the device has proved to be the same', () => {
    const { notify, tokens, reports } = observed([registration('a', proved('a', 1))]);
    expect(notify(tokens[0]!, proved('a', 2))).toBe(true);
    expect(reports).toMatchObject([{ registration: { endpoint: 'a' }, nodes: [{ value: 21.5 }] }]);
  });

  test('is reset when nothing proves who sent it', () => {
    const { notify, tokens, reports } = observed([registration('a', plain(1))]);
    expect(notify(tokens[0]!, plain(2))).toBe(false);
    expect(reports).toEqual([]);
  });

  test('is reset when it is another that has proved its identity, even at the old address', () => {
    const { notify, tokens, reports } = observed([registration('a', proved('a', 1))]);
    for (const peer of [proved('b', 1), proved('b', 2), plain(1)]) expect(notify(tokens[0]!, peer)).toBe(false);
    expect(reports).toEqual([]);
  });
});

test('the device of a notification is found by its token, however many are observed: one look among 10,000', () => {
  const devices = Array.from({ length: 10_000 }, (_, index) => registration(`device ${index}`, plain(index + 1)));
  const { notify, tokens, reports, asked } = observed(devices);
  for (const index of [0, 5_000, 9_999]) {
    asked.registrations = 0;
    expect(notify(tokens[index]!, plain(index + 1))).toBe(true);
    expect(asked.registrations).toBe(1);
    expect(reports.at(-1)?.registration).toBe(devices[index]);
  }
});
