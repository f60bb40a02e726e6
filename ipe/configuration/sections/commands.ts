import * as z from 'zod';
import { key } from '../notes.ts';
import { DURATION_FORMS, duration } from '../values.ts';
import { wholeNumber } from '../whole-number.ts';

/** Commands of applications to devices; of use only where `access.command` names somebody. */
export const commandsSection = z.strictObject({
  maxInstances: wholeNumber(
    { min: 1, max: 100_000, usual: 100 },
    'maxNrOfInstances of the container requests of each device; responses keeps three times as many. More requests at once than this may go unread.',
  ),
  pending: wholeNumber(
    { min: 1, max: 100_000, usual: 100 },
    'Most commands of one device that wait behind another; one more fails at once.',
  ),
  expiry: key(duration(100, 2_592_000_000).prefault('2m'), {
    kind: 'duration',
    description: 'How long a command may take that says nothing of its expiration, the wait behind others included.',
    allowed: `${DURATION_FORMS}; from 100ms to 30d`,
  }),
  queueExpiry: key(duration(100, 2_073_600_000).prefault('7d'), {
    kind: 'duration',
    description:
      'The same for a device in queue mode, which may sleep: it waits until the device wakes, and no longer than its registration in any case.',
    allowed: `${DURATION_FORMS}; from 100ms to 24d`,
  }),
  coalesce: key(z.boolean().prefault(false), {
    kind: 'boolean',
    description:
      'Whether a Write that waits is given up for a later one to the same path that leaves nothing of it; else each is carried out in order.',
    allowed: 'true or false',
  }),
  pollInterval: key(duration(100, 86_400_000).prefault('1m'), {
    kind: 'duration',
    description: 'How often requests are looked for that no notification told of: one request to the CSE a device.',
    allowed: `${DURATION_FORMS}; from 100ms to 1d`,
  }),
});
