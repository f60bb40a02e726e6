import fc from 'fast-check';
import { expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../../common/index.ts';
import { type CoapCode, ObjectModels, parsePath } from '../../../lwm2m/index.ts';
import { newReportCounters } from '../../../lwm2m/observation/counters.ts';
import { Notifications } from '../../../lwm2m/observation/notifications.ts';
import { Observations } from '../../../lwm2m/observation/observations.ts';
import { aRegistration } from '../../support/registration.ts';

const PEER = { address: '127.0.0.1', port: 5683, key: '127.0.0.1#5683' };
const REGISTRATION = aRegistration({ peer: PEER, version: '1.2' });

function notifications() {
  const counters = newReportCounters();
  const observations = new Observations(10, () => Buffer.from('12345678'));
  const taker = new Notifications({
    observations,
    registrations: { byEndpoint: () => REGISTRATION },
    models: () => ObjectModels.official(),
    listener: { report: () => undefined, observationChanged: () => undefined },
    counters,
    clock: systemClock,
    logger: silentLogger,
  });
  return { taker, observations, counters };
}

test('a notification of any bytes is taken, and counted as one thing', () => {
  const code = fc.constantFrom<CoapCode>('2.05', '2.03', '2.04', '4.04', '5.00');
  const format = fc.option(fc.constantFrom(0, 40, 42, 60, 110, 112, 11542, 11543, 11544, 4711), { nil: undefined });
  fc.assert(
    fc.property(
      code,
      format,
      fc.uint8Array({ maxLength: 64 }),
      fc.boolean(),
      (kind, contentFormat, bytes, composite) => {
        const { taker, observations, counters } = notifications();
        const { observation } = observations.obtain(REGISTRATION, { paths: [parsePath('/3303/0')], composite });
        const taken = taker.take({
          peer: PEER,
          token: observation!.token,
          code: kind,
          observe: 2,
          payload: Buffer.from(bytes),
          confirmable: true,
          receivedAt: 0,
          ...(contentFormat === undefined ? undefined : { contentFormat }),
        });
        expect(taken).toBe(true);
        expect(counters.notifications + counters.unreadable + counters.endedByDevice).toBe(1);
      },
    ),
  );
});

test('a token of any bytes from anywhere is somebody else’s', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), fc.boolean(), (bytes, sameToken) => {
      const { taker, observations, counters } = notifications();
      const { observation } = observations.obtain(REGISTRATION, { paths: [parsePath('/3303/0')], composite: false });
      const token = sameToken ? observation!.token : Buffer.from(bytes);
      const peer = { ...PEER, port: 1, key: '127.0.0.1#1' };
      const payload = Buffer.alloc(0);
      const notification = {
        peer,
        token,
        code: '2.05',
        observe: 2,
        payload,
        confirmable: true,
        receivedAt: 0,
      } as const;
      expect(taker.take(notification)).toBe(false);
      expect(taker.requestOf(peer, token)).toBeUndefined();
      expect(counters).toMatchObject({ unknown: 1, notifications: 0 });
    }),
  );
});
