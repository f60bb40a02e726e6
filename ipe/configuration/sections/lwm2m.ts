import * as z from 'zod';
import { key } from '../notes.ts';
import { seconds } from '../values.ts';
import { wholeNumber } from '../whole-number.ts';
import { coapSection, coapsSection, identities } from './device-security.ts';
import { queueModeSection } from './queue-mode.ts';
import { rateLimitsSection } from './rate-limits.ts';

const MAX_LIFETIME = 4_294_967_295;
const LIFETIME_ALLOWED = `a whole number of seconds from 1 to ${MAX_LIFETIME}`;

const lifetimes = z.strictObject({
  min: key(seconds(1, MAX_LIFETIME).prefault(1), {
    kind: 'integer',
    description: 'Shortest lifetime in seconds that a device may ask for; a shorter one is refused with 4.00.',
    allowed: LIFETIME_ALLOWED,
  }),
  max: key(seconds(1, MAX_LIFETIME).prefault(31_536_000), {
    kind: 'integer',
    description:
      'Longest lifetime in seconds that a device may ask for; a longer one is refused with 4.00, and 0 (without end) becomes this one. The default is a year: a device that dies without a word is shown no longer than that.',
    allowed: LIFETIME_ALLOWED,
  }),
  default: key(seconds(1, MAX_LIFETIME).prefault(86_400), {
    kind: 'integer',
    description: 'Lifetime in seconds of a device that names none; 86400 is the default of LwM2M 1.0.',
    allowed: LIFETIME_ALLOWED,
  }),
});

const lifetimeSection = lifetimes.superRefine(({ min, max, default: usual }, context) => {
  const refuse = (name: string, message: string) => context.addIssue({ code: 'custom', path: [name], message });
  if (min > max) refuse('min', `at most lwm2m.lifetime.max (${max})`);
  if (usual < min) refuse('default', `at least lwm2m.lifetime.min (${min})`);
  if (usual > max) refuse('default', `at most lwm2m.lifetime.max (${max})`);
});

/** What is decoded at most, and what one TLV holds. */
const READABLE = 4_194_304;
const WRITABLE = 16_777_216;

const BLOCK_SIZES = [16, 32, 64, 128, 256, 512, 1_024] as const;

const limitsSection = z.strictObject({
  blockSize: key(z.literal(BLOCK_SIZES).prefault(1_024), {
    kind: 'integer',
    description:
      'Bytes of a block of what is too large for one message, sent or asked for (RFC 7959). Less suits networks that lose large datagrams.',
    allowed: '16, 32, 64, 128, 256, 512 or 1024',
  }),
  requestBytes: wholeNumber(
    { min: 1_024, max: READABLE, usual: 262_144 },
    'Largest payload of a request of a device, such as a Register or a Send, in bytes, all its blocks together; a larger one is refused with 4.13.',
  ),
  replyBytes: wholeNumber(
    { min: 1_024, max: READABLE, usual: 1_048_576 },
    'Largest answer or notification of a device, in bytes, all its blocks together; a larger one is not fetched whole, and what asked for it fails.',
  ),
  uploadBytes: wholeNumber(
    { min: 1_024, max: WRITABLE, usual: WRITABLE },
    'Largest payload written to a device, in bytes, all its blocks together; a larger one is refused before anything is sent.',
  ),
  observations: wholeNumber({ min: 1, max: 1_000_000, usual: 1_000 }, 'Most observations of one device.'),
});

/** The side of the devices. */
export const lwm2mSection = z.strictObject({
  coap: coapSection.prefault({}),
  coaps: coapsSection.prefault({}),
  identities,
  lifetime: lifetimeSection.prefault({}),
  modelsFolder: key(z.string().min(1).max(4_096).optional(), {
    kind: 'text',
    description:
      'Folder with object definitions of your own, as .xml files in the format of the OMA registry: they add objects and versions, or replace them. Read at start and again on SIGHUP; a file that is wrong is named in the log and passed over.',
    allowed: 'the path of a folder',
    whenAbsent: 'the objects of the OMA registry alone',
    example: '/etc/lwm2m-ipe/objects',
  }),
  queueMode: queueModeSection.prefault({}),
  limits: limitsSection.prefault({}),
  rateLimits: rateLimitsSection.prefault({}),
});
