import { DecodeError } from '../../common/index.ts';
import { LWM2M_VERSIONS, type Registration } from '../../lwm2m/index.ts';
import { Fields } from './fields.ts';
import { objectLinksText, parseObjectLinksText } from './object-links-text.ts';
import type { RecordFormat } from './record-format.ts';

const LONGEST_ENDPOINT = 255;
const LONGEST_LINKS = 65_536;

/** A registration as the server holds it; its lifetime began with `updatedAt`. Key: the endpoint name. */
export const registrationFormat: RecordFormat<Registration> = {
  version: 1,
  // Spelled out: to copy what is left of an object takes several times as long.
  encode: (it): Record<keyof Registration, unknown> => ({
    id: it.id,
    endpoint: it.endpoint,
    peer: it.peer,
    lifetime: it.lifetime,
    version: it.version,
    binding: it.binding,
    queueMode: it.queueMode,
    smsNumber: it.smsNumber,
    objectLinks: objectLinksText(it.objectLinks),
    registeredAt: it.registeredAt,
    updatedAt: it.updatedAt,
  }),
  decode: (json) => {
    const fields = new Fields(json);
    const registration: Registration = {
      id: nonEmpty(fields, 'id', 64),
      endpoint: nonEmpty(fields, 'endpoint', LONGEST_ENDPOINT),
      peer: decodePeer(fields.raw('peer')),
      lifetime: fields.integer('lifetime', 0, 4_294_967_295),
      version: fields.oneOf('version', LWM2M_VERSIONS),
      binding: fields.text('binding', 16),
      queueMode: fields.flag('queueMode'),
      objectLinks: parseObjectLinksText(fields.text('objectLinks', LONGEST_LINKS)),
      registeredAt: fields.time('registeredAt'),
      updatedAt: fields.time('updatedAt'),
    };
    return fields.has('smsNumber') ? { ...registration, smsNumber: fields.text('smsNumber', 32) } : registration;
  },
};

type Peer = Registration['peer'];
type Identity = NonNullable<Peer['identity']>;

const MOST_NAMES = 256;

function decodePeer(json: unknown): Peer {
  const fields = new Fields(json);
  const peer = {
    address: nonEmpty(fields, 'address', 128),
    port: fields.integer('port', 0, 65_535),
    key: nonEmpty(fields, 'key', 1_024),
  };
  return fields.has('identity') ? { ...peer, identity: decodeIdentity(fields.raw('identity')) } : peer;
}

function decodeIdentity(json: unknown): Identity {
  const fields = new Fields(json);
  const kind = fields.oneOf('kind', ['psk', 'rpk', 'x509']);
  if (kind === 'psk') return { kind, identity: fields.text('identity') };
  const fingerprint = nonEmpty(fields, 'fingerprint', 128);
  if (kind === 'rpk') return { kind, fingerprint };
  const identity = {
    kind,
    fingerprint,
    alternativeNames: fields.texts('alternativeNames', MOST_NAMES, 2_048),
  } as const;
  return fields.has('commonName') ? { ...identity, commonName: fields.text('commonName') } : identity;
}

function nonEmpty(fields: Fields, name: string, longest: number): string {
  const text = fields.text(name, longest);
  if (text === '') throw new DecodeError('store/record', `${name} is empty`);
  return text;
}
