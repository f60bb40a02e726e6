import * as z from 'zod';
import { key } from '../notes.ts';
import { HOST_ALLOWED, host, PORT_ALLOWED, port, seconds } from '../values.ts';

const MAX_LIFETIME = 4_294_967_295;
const LIFETIME_ALLOWED = `a whole number of seconds from 1 to ${MAX_LIFETIME}`;

const coapSection = z.strictObject({
  host: key(host().prefault('::'), {
    kind: 'text',
    description: 'Address on which devices reach the LwM2M server (UDP). :: serves IPv6 and IPv4.',
    allowed: HOST_ALLOWED,
  }),
  port: key(port().prefault(5683), {
    kind: 'integer',
    description: 'Port of the LwM2M server (UDP).',
    allowed: PORT_ALLOWED,
  }),
});

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

/** The side of the devices. */
export const lwm2mSection = z.strictObject({
  coap: coapSection.prefault({}),
  lifetime: lifetimeSection.prefault({}),
});
