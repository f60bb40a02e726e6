import * as z from 'zod';
import { CIPHER_SUITES, type CipherSuite, DEFAULT_CIPHER_SUITES } from '../../../lwm2m/index.ts';
import { key } from '../notes.ts';
import { DAY, DURATION_FORMS, duration, HOST_ALLOWED, host, PORT_ALLOWED, port } from '../values.ts';
import { wholeNumber } from '../whole-number.ts';

const PATTERN_BYTES = 255;
const SUITES = Object.keys(CIPHER_SUITES) as [CipherSuite, ...CipherSuite[]];

/** Name of a file. */
const file = () => z.string().min(1).max(4_096).optional();

/** CoAP without security (LwM2M security mode 3). */
export const coapSection = z.strictObject({
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
  enabled: key(z.boolean().prefault(true), {
    kind: 'boolean',
    description:
      'Whether devices may come without security (NoSec). Off, only CoAPS is served; an endpoint that has a credential never may.',
    allowed: 'true or false',
  }),
  endpoints: key(z.array(z.string().min(1).max(PATTERN_BYTES)).max(1_000).prefault(['*']), {
    kind: 'list',
    description: 'Endpoints that may come without security; others have to come by CoAPS.',
    allowed: 'a list of at most 1000 endpoint names, * for any text',
  }),
});

const dtlsLimits = z.strictObject({
  handshakes: wholeNumber(
    { min: 1, max: 100_000, usual: 2_000 },
    'Most DTLS handshakes in progress. Beyond it the oldest silent one gives way.',
  ),
  sessions: wholeNumber(
    { min: 1, max: 1_000_000, usual: 100_000 },
    'Most DTLS sessions, some 36 kB each; beyond it the one that was silent longest is closed.',
  ),
  idleTime: key(duration(1_000, 30 * DAY).prefault('1d'), {
    kind: 'duration',
    description:
      'A DTLS session that was silent this long is closed; the device begins another one when it has something to say.',
    allowed: `${DURATION_FORMS}; from 1s to 30d`,
  }),
  handshakeTime: key(duration(1_000, 600_000).prefault('1m'), {
    kind: 'duration',
    description: 'A DTLS handshake that is not finished after this is given up.',
    allowed: `${DURATION_FORMS}; from 1s to 10m`,
  }),
  resumableSessions: wholeNumber(
    { min: 0, max: 1_000_000, usual: 20_000 },
    'DTLS sessions that a device may take up again without a full handshake; 0: none.',
  ),
  mtu: wholeNumber(
    { min: 256, max: 16_384, usual: 1_232 },
    'Most bytes of a datagram of a DTLS handshake; less suits networks that lose large ones.',
  ),
});

/** CoAP over DTLS (LwM2M security modes 0, 1 and 2). */
export const coapsSection = z.strictObject({
  enabled: key(z.boolean().prefault(true), {
    kind: 'boolean',
    description: 'Whether CoAPS is served; it is where credentials or a certificate are configured, and this is true.',
    allowed: 'true or false',
  }),
  host: key(host().prefault('::'), {
    kind: 'text',
    description: 'Address on which devices reach the LwM2M server over DTLS (UDP). :: serves IPv6 and IPv4.',
    allowed: HOST_ALLOWED,
  }),
  port: key(port().prefault(5684), {
    kind: 'integer',
    description: 'Port of the LwM2M server over DTLS (UDP).',
    allowed: PORT_ALLOWED,
  }),
  credentials: key(file(), {
    kind: 'text',
    description:
      'Where the pre-shared and public keys of devices lie: a name that ends with .json is a plain file, mode 0600, for small fleets; any other is the folder of a database, mode 0700. Made and changed by `lwm2m-ipe credentials`; changes are taken up within a second.',
    allowed: 'the name of a file or folder, which need not be there yet',
    whenAbsent: 'no device is known by a pre-shared or public key',
    example: '/var/lib/lwm2m-ipe/credentials.json',
  }),
  certificate: key(file(), {
    kind: 'text',
    description:
      'Certificate that the LwM2M server shows to devices, with its chain; needs lwm2m.coaps.privateKey and lwm2m.coaps.ca.',
    allowed: 'the name of a PEM file',
    whenAbsent: 'no device comes with a certificate',
    example: '/etc/lwm2m-ipe/server.pem',
  }),
  privateKey: key(file(), {
    kind: 'text',
    description:
      'Private key of the LwM2M server: that of lwm2m.coaps.certificate; one of EC P-256, also without a certificate, for devices with raw public keys. These need OpenSSL 3.2 (Node.js 24, or lwm2m.coaps.libssl), and lwm2m.coaps.credentials.',
    allowed: 'the name of a PEM file',
    whenAbsent: 'no device comes with a certificate or a raw public key',
    example: '/etc/lwm2m-ipe/server.key',
  }),
  ca: key(file(), {
    kind: 'text',
    description: 'Certificates of the authorities that may have signed the certificates of devices.',
    allowed: 'the name of a PEM file',
    whenAbsent: 'no device comes with a certificate',
    example: '/etc/lwm2m-ipe/device-ca.pem',
  }),
  ciphers: key(
    z
      .array(z.enum(SUITES))
      .min(1)
      .prefault([...DEFAULT_CIPHER_SUITES]),
    {
      kind: 'list',
      description: 'Cipher suites on offer. The server chooses, the strongest first, whatever their order here.',
      allowed: `a list of ${SUITES.join(', ')}`,
    },
  ),
  libssl: key(file(), {
    kind: 'text',
    description: 'Shared library to take OpenSSL 3 from.',
    allowed: 'the name of a file',
    whenAbsent: 'the OpenSSL inside Node.js',
    example: '/usr/lib/x86_64-linux-gnu/libssl.so.3',
  }),
  limits: dtlsLimits.prefault({}),
});

const identityRule = z
  .strictObject({
    psk: z.string().min(1).max(PATTERN_BYTES).optional(),
    certificate: z.string().min(1).max(PATTERN_BYTES).optional(),
    publicKey: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    endpoint: z.string().min(1).max(PATTERN_BYTES),
  })
  .refine(
    ({ psk, certificate, publicKey }) => [psk, certificate, publicKey].filter((it) => it !== undefined).length === 1,
  );

/** Which identities may speak for which endpoints. */
export const identities = key(z.array(identityRule).max(10_000).prefault([]), {
  kind: 'list',
  description:
    'Endpoints that a device may speak for beside the one that its credential names: psk is a pattern of PSK identities, certificate one of common names and subject alternative names (DNS, URI), publicKey a fingerprint as `lwm2m-ipe credentials list` shows it. In endpoint {name} is the whole name, {*} what the one * stood for. Without any rule a certificate is good for the endpoint that it names. In the file only.',
  allowed:
    'in the file a list of at most 10000 rules such as {certificate: "*.meters.example.org", endpoint: "urn:meter:{*}"} or {psk: gateway-7, endpoint: "room-7-*"}',
});
