import * as z from 'zod';
import { key } from '../notes.ts';
import { HOST_ALLOWED, HTTP_URL_ALLOWED, host, httpUrl, PORT_ALLOWED, port } from '../values.ts';

/** The HTTP door of the IPE itself. */
export const httpSection = z.strictObject({
  host: key(host().prefault('127.0.0.1'), {
    kind: 'text',
    description:
      'Address on which the IPE answers GET /health/live and /health/ready (TCP). A CSE on another machine needs one that it can reach.',
    allowed: HOST_ALLOWED,
  }),
  port: key(port().prefault(8090), {
    kind: 'integer',
    description: 'Port of the IPE (TCP).',
    allowed: PORT_ALLOWED,
  }),
  publicUrl: key(httpUrl().optional(), {
    kind: 'text',
    description:
      'How the CSE reaches the IPE: the pointOfAccess of its AE. Set it behind a proxy, in a container or with NAT.',
    allowed: HTTP_URL_ALLOWED,
    whenAbsent: 'made from http.host and the port in use',
    example: 'http://ipe.example.org:8090',
  }),
});
