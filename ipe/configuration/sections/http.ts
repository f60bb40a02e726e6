import * as z from 'zod';
import { key } from '../notes.ts';
import { HOST_ALLOWED, HTTP_URL_ALLOWED, host, httpUrl, PORT_ALLOWED, port } from '../values.ts';
import { wholeNumber } from '../whole-number.ts';

/** The HTTP door of the IPE itself. */
export const httpSection = z.strictObject({
  host: key(host().prefault('127.0.0.1'), {
    kind: 'text',
    description:
      'Address on which the IPE answers GET /health/live, /health/ready and /metrics (TCP). A CSE on another machine needs one that it can reach.',
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
  bodyBytes: wholeNumber(
    { min: 1_024, max: 16_777_216, usual: 1_048_576 },
    'Largest notification, in bytes. A larger one is refused; what it tells of is found by looking.',
  ),
  tls: z
    .strictObject({
      certificate: key(z.string().min(1).max(4_096).optional(), {
        kind: 'text',
        description:
          'PEM file with the certificate that the IPE shows, and those that lead to its CA: then it speaks HTTPS alone (TLS 1.2 or later).',
        allowed: 'the path of a file',
        whenAbsent: 'the IPE speaks HTTP',
        example: '/etc/lwm2m-ipe/http.pem',
      }),
      privateKey: key(z.string().min(1).max(4_096).optional(), {
        kind: 'text',
        description: 'PEM file with the private key of that certificate, not encrypted.',
        allowed: 'the path of a file',
        whenAbsent: 'the IPE speaks HTTP',
        example: '/etc/lwm2m-ipe/http.key',
      }),
    })
    .prefault({}),
});
