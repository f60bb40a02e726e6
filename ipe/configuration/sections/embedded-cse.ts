import * as z from 'zod';
import { key } from '../notes.ts';
import { HOST_ALLOWED, host, PORT_ALLOWED, port } from '../values.ts';

/** The CSE in memory that serves where no other is configured; it forgets everything when the process ends. */
export const embeddedCseSection = z.strictObject({
  host: key(host().prefault('127.0.0.1'), {
    kind: 'text',
    description:
      'Address on which the embedded CSE listens (TCP). It knows no credentials: open it to a trusted network only.',
    allowed: HOST_ALLOWED,
  }),
  port: key(port().prefault(8080), {
    kind: 'integer',
    description: 'Port of the embedded CSE (TCP).',
    allowed: PORT_ALLOWED,
  }),
  dialect: key(z.enum(['standard', 'acme', 'mobius4', 'tinyiot']).prefault('standard'), {
    kind: 'choice',
    description: 'The CSE whose limits and refusals the embedded one plays, to try how the bridge copes.',
    allowed: 'standard, acme, mobius4 or tinyiot',
  }),
});
