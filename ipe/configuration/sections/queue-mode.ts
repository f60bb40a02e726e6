import * as z from 'zod';
import { key } from '../notes.ts';
import { DAY, DURATION_FORMS, duration } from '../values.ts';
import { wholeNumber } from '../whole-number.ts';

const rule = z.strictObject({
  endpoint: z.string().min(1).max(255),
  awake: duration(0, DAY),
});

/** Devices that listen only for a while after each message of theirs. */
export const queueModeSection = z.strictObject({
  awake: key(duration(0, DAY).prefault('93s'), {
    kind: 'duration',
    description:
      'How long a device in queue mode is taken to listen after its last message. 93s is what LwM2M recommends (MAX_TRANSMIT_WAIT of RFC 7252); devices that sleep sooner need less.',
    allowed: `${DURATION_FORMS}; from 0 to 1d`,
  }),
  operations: wholeNumber(
    { min: 1, max: 100_000, usual: 100 },
    'Most operations that wait for one device to wake; one more fails at once.',
  ),
  bytes: wholeNumber(
    { min: 1_024, max: 1_073_741_824, usual: 1_048_576 },
    'Most bytes of values in the operations that wait for one device; beyond them as operations.',
  ),
  totalOperations: wholeNumber(
    { min: 1, max: 10_000_000, usual: 200_000 },
    'Most operations that wait for all devices in queue mode together.',
  ),
  totalBytes: wholeNumber(
    { min: 1_024, max: 17_179_869_184, usual: 67_108_864 },
    'Most bytes of values in the operations that wait for all devices together.',
  ),
  attempts: wholeNumber(
    { min: 1, max: 1_000, usual: 5 },
    'How often an operation is sent to a device in queue mode, once each time it wakes, before no answer is taken for the end of it.',
  ),
  rules: key(z.array(rule).max(1_000).prefault([]), {
    kind: 'list',
    description: 'Another awake for some endpoints; the first rule that matches counts. In the file only.',
    allowed: 'in the file a list of at most 1000 rules such as {endpoint: "urn:imei:*", awake: 10s}, * for any text',
  }),
});
