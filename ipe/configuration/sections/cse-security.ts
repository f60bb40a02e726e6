import * as z from 'zod';
import { key } from '../notes.ts';

/** Name of a file that is read at start. */
const file = () => z.string().min(1).max(4_096).optional();
const FILE_ALLOWED = 'the name of a PEM file';
const secretText = () =>
  z
    .string()
    .regex(/^[!-~]{1,8192}$/)
    .optional();
const SECRET_ALLOWED = '1 to 8192 printable ASCII characters without blanks';

/** TLS towards the CSE, for a `cse.url` of https. */
export const cseTlsSection = z.strictObject({
  ca: key(file(), {
    kind: 'text',
    description: 'Certificates of the authorities that may have signed the certificate of the CSE.',
    allowed: FILE_ALLOWED,
    whenAbsent: 'those that Node.js trusts',
    example: '/etc/lwm2m-ipe/cse-ca.pem',
  }),
  certificate: key(file(), {
    kind: 'text',
    description: 'Certificate that the bridge shows to the CSE, with its chain; needs cse.tls.privateKey.',
    allowed: FILE_ALLOWED,
    whenAbsent: 'the bridge shows none',
    example: '/etc/lwm2m-ipe/client.pem',
  }),
  privateKey: key(file(), {
    kind: 'text',
    description: 'Private key of cse.tls.certificate.',
    allowed: FILE_ALLOWED,
    whenAbsent: 'the bridge shows no certificate',
    example: '/etc/lwm2m-ipe/client.key',
  }),
});

/** What an HTTP door in front of the CSE wants to see (RFC 6750, RFC 7617). */
export const cseAuthorizationSection = z.strictObject({
  bearerToken: key(secretText(), {
    kind: 'text',
    description: 'Sent as Authorization: Bearer with every request (RFC 6750). Never printed.',
    allowed: SECRET_ALLOWED,
    whenAbsent: 'none is sent',
    secret: true,
  }),
  username: key(
    z
      .string()
      .regex(/^[^:\p{Cc}]{1,256}$/u)
      .optional(),
    {
      kind: 'text',
      description:
        'Sent with cse.authorization.password as Authorization: Basic (RFC 7617), where no bearer token is set.',
      allowed: '1 to 256 characters without colon',
      whenAbsent: 'none is sent',
      example: 'lwm2m-ipe',
    },
  ),
  password: key(
    z
      .string()
      .regex(/^[^\p{Cc}]{1,1024}$/u)
      .optional(),
    {
      kind: 'text',
      description: 'The password of cse.authorization.username. Never printed.',
      allowed: '1 to 1024 characters',
      whenAbsent: 'an empty one, where there is a user name',
      secret: true,
    },
  ),
});
