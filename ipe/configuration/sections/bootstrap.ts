import * as z from 'zod';
import { key } from '../notes.ts';
import { DAY, DURATION_FORMS, duration, HOST_ALLOWED, host, PORT_ALLOWED, port, seconds, whole } from '../values.ts';
import { wholeNumber } from '../whole-number.ts';

/** A Short Server ID (LwM2M 1.1 E.1, resource 10). */
const serverId = () => whole(1, 65_534);
const file = () => z.string().min(1).max(4_096).optional();
const SERVER_URI = /^coaps?:\/\/(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/;
const MAX_SECONDS = 4_294_967_295;

const server = z
  .strictObject({
    /** The address as devices know it. */
    uri: z.string().max(255).regex(SERVER_URI),
    shortServerId: serverId().prefault(1),
    /** Absent: none with coap, psk with coaps. */
    security: z.enum(['none', 'psk', 'certificate']).optional(),
    lifetime: seconds(1, MAX_SECONDS).prefault(86_400),
    binding: z
      .string()
      .regex(/^(?:UQ?|UQ?S|S|SQ|T|UT|N)$/)
      .prefault('U'),
    minPeriod: whole(0, MAX_SECONDS).optional(),
    maxPeriod: whole(1, MAX_SECONDS).optional(),
    storeNotifications: z.boolean().prefault(true),
    muteSend: z.boolean().prefault(false),
    /** PEM files of the device; `{name}` stands for its endpoint name as it is escaped in the tree. */
    certificate: file(),
    privateKey: file(),
    /** PEM file of the certificate that the server shows. */
    serverCertificate: file(),
  })
  .superRefine(({ uri, security, certificate, privateKey, serverCertificate }, context) => {
    const refuse = (name: string, message: string) => context.addIssue({ code: 'custom', path: [name], message });
    const secure = uri.startsWith('coaps:');
    if (security !== undefined && secure !== (security !== 'none')) {
      refuse('security', secure ? 'psk or certificate for a coaps:// server' : 'none for a coap:// server');
    }
    const files = [certificate, privateKey, serverCertificate].filter((name) => name !== undefined).length;
    if (security === 'certificate' ? files !== 3 : files > 0) {
      refuse('certificate', 'certificate, privateKey and serverCertificate together, with security: certificate');
    }
  });

const RIGHTS = ['read', 'write', 'execute', 'delete', 'create'] as const;

const accessRule = z.strictObject({
  object: whole(0, 65_534),
  instance: whole(0, 65_535),
  /** Short Server ID of who may change this instance of Object 2. */
  owner: serverId(),
  /** By Short Server ID; 0: every other server. */
  rights: z.record(z.string().regex(/^\d{1,5}$/), z.array(z.enum(RIGHTS)).max(5)).prefault({}),
});

const template = z
  .strictObject({
    endpoint: z.string().min(1).max(255),
    delete: z
      .array(z.string().regex(/^\/(?:(?:0|[1-9]\d{0,4})(?:\/(?:0|[1-9]\d{0,4}))?)?$/))
      .max(100)
      .prefault(['/']),
    read: z
      .array(z.string().regex(/^\/[12](?:\/(?:0|[1-9]\d{0,4}))?$/))
      .max(20)
      .prefault([]),
    servers: z.array(server).min(1).max(20),
    access: z.array(accessRule).max(200).prefault([]),
  })
  .superRefine(({ servers, access }, context) => {
    const ids = servers.map(({ shortServerId }) => shortServerId);
    if (new Set(ids).size < ids.length) {
      context.addIssue({ code: 'custom', path: ['servers'], message: 'another shortServerId for each server' });
    }
    if (access.some(({ owner }) => !ids.includes(owner))) {
      context.addIssue({
        code: 'custom',
        path: ['access'],
        message: 'the shortServerId of one of the servers as owner',
      });
    }
  });

const doorSection = (what: string, usual: number, enabled: boolean) =>
  z.strictObject({
    enabled: key(z.boolean().prefault(enabled), {
      kind: 'boolean',
      description: `Whether the bootstrap server, once there are templates, serves ${what}.`,
      allowed: 'true or false',
    }),
    host: key(host().prefault('::'), {
      kind: 'text',
      description: `Address of the bootstrap server for ${what}. :: serves IPv6 and IPv4.`,
      allowed: HOST_ALLOWED,
    }),
    port: key(port().prefault(usual), {
      kind: 'integer',
      description: `Port of the bootstrap server for ${what} (UDP), another than that of the LwM2M server: devices tell servers apart by their addresses.`,
      allowed: PORT_ALLOWED,
    }),
  });

/** The Bootstrap interface (LwM2M 1.1 6.1); there is none without templates. */
export const bootstrapSection = z.strictObject({
  templates: key(z.array(template).max(1_000).prefault([]), {
    kind: 'list',
    description:
      'What devices are given by the bootstrap server; the first template whose endpoint matches counts, and a device that none matches is refused. None: there is no bootstrap server. In the file only; see bootstrap.md.',
    allowed:
      'in the file a list of at most 1000 templates such as {endpoint: "urn:imei:*", servers: [{uri: "coap://192.0.2.1:5683"}]}, * for any text',
  }),
  coap: doorSection('CoAP', 5_783, true).prefault({}),
  coaps: doorSection('CoAPS, with the settings of lwm2m.coaps', 5_784, false).prefault({}),
  keysOverCoap: key(z.boolean().prefault(false), {
    kind: 'boolean',
    description:
      'Whether keys are given out over CoAP without security, where whoever listens learns them; a device that has used its key gets no other one so. Devices that have a bootstrap credential are never served over CoAP.',
    allowed: 'true or false',
  }),
  pack: key(z.boolean().prefault(true), {
    kind: 'boolean',
    description: 'Whether a client of LwM2M 1.2 may fetch everything at once (Bootstrap-Pack).',
    allowed: 'true or false',
  }),
  node: key(z.boolean().prefault(false), {
    kind: 'boolean',
    description: 'Whether a device appears as <node> once it is bootstrapped, before it registers (TS-0014 6.2.1).',
    allowed: 'true or false',
  }),
  nodeLifetime: key(duration(60_000, 365 * DAY).prefault('1d'), {
    kind: 'duration',
    description: 'How long such a <node> stays on the CSE when the device does not register.',
    allowed: `${DURATION_FORMS}; from 1m to 365d`,
  }),
  operationTimeout: key(duration(1_000, 600_000).prefault('93s'), {
    kind: 'duration',
    description:
      'How long a device may take for each bootstrap operation before the session ends. 93s is MAX_TRANSMIT_WAIT of RFC 7252.',
    allowed: `${DURATION_FORMS}; from 1s to 10m`,
  }),
  sessionTimeout: key(duration(1_000, DAY).prefault('5m'), {
    kind: 'duration',
    description: 'How long a bootstrap session may take in all.',
    allowed: `${DURATION_FORMS}; from 1s to 1d`,
  }),
  sessions: wholeNumber(
    { min: 1, max: 100_000, usual: 1_000 },
    'Most bootstrap sessions at once; a device beyond them is told to come later (5.03).',
  ),
});
