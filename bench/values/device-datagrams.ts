import { generate, type Packet } from 'coap-packet';
import { IpeError } from '../../common/index.ts';

/** Content formats in which the devices here speak: SenML JSON and TLV. */
export const FORMATS = { senml: 110, tlv: 11542 } as const;
/** Name of one of them. */
export type FormatName = keyof typeof FORMATS;

const NON = 0x50;
const CONTENT = 0x45;
const OBSERVE = 0x63;
const SENML_JSON = Buffer.from([0x61, FORMATS.senml, 0xff]);
const TLV = Buffer.from([0x62, FORMATS.tlv >> 8, FORMATS.tlv & 0xff, 0xff]);

/** The one resource that each object here has, and the type of it (OMA registry). */
const RESOURCES: Readonly<Record<string, { readonly id: number; readonly type: 'integer' | 'float' }>> = {
  '1': { id: 1, type: 'integer' },
  '3': { id: 9, type: 'integer' },
  '3303': { id: 5700, type: 'float' },
  '3311': { id: 5851, type: 'integer' },
};

function resourceOf(instance: string) {
  const resource = RESOURCES[instance.slice(0, instance.indexOf('/'))];
  if (resource === undefined) throw new IpeError('bench/object', `the devices of the benchmark have no ${instance}`);
  return resource;
}

/** An instance such as `3303/0` with that value in its one resource, encoded. IpeError `bench/object`. */
export function instancePayload(instance: string, format: number, value: number): Buffer {
  const { id, type } = resourceOf(instance);
  if (format === FORMATS.senml) return Buffer.from(`[{"bn":"/${instance}/","n":"${id}","v":${value}}]`);
  // A Resource with Value, its length in one byte (LwM2M 1.1 core 7.4.3).
  const number = Buffer.alloc(type === 'float' ? 8 : 4);
  if (type === 'float') number.writeDoubleBE(value);
  else number.writeInt32BE(value);
  const name = id > 255 ? [0xe8, id >> 8, id & 0xff] : [0xc8, id];
  return Buffer.concat([Buffer.from([...name, number.length]), number]);
}

/** Several instances as one SenML JSON pack. */
export function packPayload(instances: readonly string[], value: number): Buffer {
  const records = instances.map((instance) => ({ n: `/${instance}/${resourceOf(instance).id}`, v: value }));
  return Buffer.from(JSON.stringify(records));
}

/** A NON notification (RFC 7641 4.2). */
export function notification(
  messageId: number,
  token: Buffer,
  observe: number,
  format: number,
  payload: Buffer,
): Buffer {
  const contentFormat = format === FORMATS.senml ? SENML_JSON : TLV;
  const options = 4 + token.length;
  const datagram = Buffer.allocUnsafe(options + 4 + contentFormat.length + payload.length);
  datagram[0] = NON | token.length;
  datagram[1] = CONTENT;
  datagram.writeUInt16BE(messageId, 2);
  token.copy(datagram, 4);
  datagram[options] = OBSERVE;
  datagram.writeUIntBE(observe & 0xffffff, options + 1, 3);
  contentFormat.copy(datagram, options + 4);
  payload.copy(datagram, options + 4 + contentFormat.length);
  return datagram;
}

/** What the devices ask: Register, Update and De-register (LwM2M 1.1 core 6.2). */
export function request(
  code: 'POST' | 'DELETE',
  path: readonly string[],
  queries: readonly string[],
  links: string,
): Packet {
  const options = [
    ...path.map((segment) => ({ name: 'Uri-Path' as const, value: Buffer.from(segment) })),
    ...queries.map((query) => ({ name: 'Uri-Query' as const, value: Buffer.from(query) })),
    ...(links === '' ? [] : [{ name: 'Content-Format' as const, value: Buffer.from([40]) }]),
  ];
  return { code: code === 'POST' ? '0.02' : '0.04', confirmable: true, options, payload: Buffer.from(links) };
}

/** A piggybacked answer with content, or with a code alone. */
export function answer(
  messageId: number,
  token: Buffer,
  content: { readonly format: number; readonly payload: Buffer; readonly observe: number | undefined } | string,
): Buffer {
  if (typeof content === 'string') return generate({ ack: true, messageId, token, code: content });
  const { format, payload, observe } = content;
  const options = [
    ...(observe === undefined ? [] : [{ name: 'Observe' as const, value: Buffer.from([observe]) }]),
    {
      name: 'Content-Format' as const,
      value: format > 255 ? Buffer.from([format >> 8, format & 0xff]) : Buffer.from([format]),
    },
  ];
  return generate({ ack: true, messageId, token, code: '2.05', options, payload });
}
