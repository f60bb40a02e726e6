import * as z from 'zod';
import { key } from '../notes.ts';
import { whole } from '../values.ts';

const MOST = 1_000_000;

function rate(description: string, example: string) {
  return key(whole(1, MOST).optional(), {
    kind: 'integer',
    description,
    allowed: `a whole number from 1 to ${MOST}`,
    whenAbsent: 'no limit',
    example,
  });
}

const SOURCE = 'an IPv4 address or an IPv6 network of 64 bits; all devices behind one NAT are one source';

/** How much devices may ask for in a second; for two seconds at once, at least ten. Both kinds of requests count in `requests`. */
export const rateLimitsSection = z.strictObject({
  requests: rate(
    'Most CoAP requests a second of all devices, retransmissions and pings included; beyond it 5.03 with Max-Age, and no answer to twice as many.',
    '20000',
  ),
  requestsPerSource: rate(
    `Most CoAP requests a second of one source, ${SOURCE}; beyond it 4.29 with Max-Age, and no answer to twice as many.`,
    '200',
  ),
  registrations: rate('Most Register requests a second of all devices; beyond it 5.03 with Max-Age.', '2000'),
  registrationsPerSource: rate(
    'Most Register requests a second of one source, as in requestsPerSource; beyond it 4.29 with Max-Age.',
    '50',
  ),
});
