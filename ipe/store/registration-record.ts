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
  encode: ({ peer, objectLinks, ...rest }) => ({
    ...rest,
    peer: { address: peer.address, port: peer.port, key: peer.key },
    objectLinks: objectLinksText(objectLinks),
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

function decodePeer(json: unknown): Registration['peer'] {
  const fields = new Fields(json);
  return {
    address: nonEmpty(fields, 'address', 128),
    port: fields.integer('port', 0, 65_535),
    key: nonEmpty(fields, 'key', 512),
  };
}

function nonEmpty(fields: Fields, name: string, longest: number): string {
  const text = fields.text(name, longest);
  if (text === '') throw new DecodeError('store/record', `${name} is empty`);
  return text;
}
