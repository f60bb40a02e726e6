import * as z from 'zod';
import { key } from '../notes.ts';
import { DURATION_FORMS, duration, whole } from '../values.ts';

const DAY = 86_400_000;

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
  operations: key(whole(1, 100_000).prefault(100), {
    kind: 'integer',
    description: 'Most operations that wait for one device to wake; one more fails at once.',
    allowed: 'a whole number from 1 to 100000',
  }),
  bytes: key(whole(1_024, 1_073_741_824).prefault(1_048_576), {
    kind: 'integer',
    description: 'Most bytes of values in the operations that wait for one device; beyond them as operations.',
    allowed: 'a whole number from 1024 to 1073741824',
  }),
  totalOperations: key(whole(1, 10_000_000).prefault(200_000), {
    kind: 'integer',
    description: 'Most operations that wait for all devices in queue mode together.',
    allowed: 'a whole number from 1 to 10000000',
  }),
  totalBytes: key(whole(1_024, 17_179_869_184).prefault(67_108_864), {
    kind: 'integer',
    description: 'Most bytes of values in the operations that wait for all devices together.',
    allowed: 'a whole number from 1024 to 17179869184',
  }),
  attempts: key(whole(1, 1_000).prefault(5), {
    kind: 'integer',
    description:
      'How often an operation is sent to a device in queue mode, once each time it wakes, before no answer is taken for the end of it.',
    allowed: 'a whole number from 1 to 1000',
  }),
  rules: key(z.array(rule).max(1_000).prefault([]), {
    kind: 'list',
    description: 'Another awake for some endpoints; the first rule that matches counts. In the file only.',
    allowed: 'in the file a list of at most 1000 rules such as {endpoint: "urn:imei:*", awake: 10s}, * for any text',
  }),
});
