import { DecodeError } from '../../common/index.ts';
import type { ObjectDefinition } from '../model/definition.ts';
import type { Path } from '../model/path.ts';
import { CodecContext, inexpressible, plainRootPath } from './codec-context.ts';
import { CONTENT_FORMATS, type Codec } from './content-formats.ts';
import { type ContentLimits, DEFAULT_CONTENT_LIMITS } from './limits.ts';
import { decodeLwm2mCbor, encodeLwm2mCbor } from './lwm2m-cbor.ts';
import { decodeLwm2mJson, encodeLwm2mJson } from './lwm2m-json.ts';
import { decodeSenmlCbor, encodeSenmlCbor } from './senml-cbor.ts';
import { decodeSenmlJson, encodeSenmlJson } from './senml-json.ts';
import {
  decodeCbor,
  decodeLinks,
  decodeOpaque,
  decodeText,
  encodeCbor,
  encodeLinks,
  encodeOpaque,
  encodeText,
} from './single-value.ts';
import { decodeTlv, encodeTlv } from './tlv.ts';
import type { Node } from './value.ts';

/** What a payload is about. */
export interface ContentContext {
  /** The path of the request; undefined: the root, for composite operations and Send. */
  readonly base: Path | undefined;
  /** The object definitions that hold for the device; without one, or where it finds none, values stay untyped. */
  readonly find?: ((objectId: number) => ObjectDefinition | undefined) | undefined;
  /** Milliseconds of the epoch, for relative times; without it these are left off. */
  readonly now?: number | undefined;
  readonly limits?: Partial<ContentLimits> | undefined;
  /** The alternate root path of the registration, such as `/lwm2m`; names are read with and without it. */
  readonly rootPath?: string | undefined;
}

interface CodecPair {
  readonly decode: (payload: Buffer, context: CodecContext) => Node[];
  readonly encode: (nodes: readonly Node[], context: CodecContext) => Buffer;
}

const CODECS: Readonly<Record<Codec, CodecPair>> = {
  text: { decode: decodeText, encode: encodeText },
  links: { decode: decodeLinks, encode: encodeLinks },
  opaque: { decode: decodeOpaque, encode: encodeOpaque },
  cbor: { decode: decodeCbor, encode: encodeCbor },
  'senml-json': { decode: decodeSenmlJson, encode: encodeSenmlJson },
  'senml-cbor': { decode: decodeSenmlCbor, encode: encodeSenmlCbor },
  tlv: { decode: decodeTlv, encode: encodeTlv },
  'lwm2m-json': { decode: decodeLwm2mJson, encode: encodeLwm2mJson },
  'lwm2m-cbor': { decode: decodeLwm2mCbor, encode: encodeLwm2mCbor },
};

/**
 * The values of a payload, in order of time where it says times. Without a content format: text for a resource, TLV
 * for anything above. For any bytes it gives nodes or throws DecodeError `content/format`, `base`, `syntax`, `limit`,
 * `path`, `type`, `value` or `duplicate`.
 */
export function decodeContent(format: number | undefined, payload: Uint8Array, context: ContentContext): Node[] {
  const number = format ?? (context.base?.resourceId === undefined ? 11542 : 0);
  const codec = CONTENT_FORMATS.get(number)?.codec;
  if (codec === undefined) throw new DecodeError('content/format', `Content format ${number} is unknown`);
  const completed = completedContext(context);
  if (payload.length > completed.limits.bytes) throw new DecodeError('content/limit', 'A payload is too long');
  return CODECS[codec].decode(bufferOf(payload), completed);
}

/**
 * A payload that holds the values. Where a resource is unknown the value itself decides its form. For a Create without an
 * instance id in TLV, take any instance as base: its id is not written. Throws IpeError `content/format`, `base`, `path`,
 * `type`, `range`, `value`, `time`, `single`, `duplicate` or `limit` for what the format cannot express.
 */
export function encodeContent(format: number, nodes: readonly Node[], context: ContentContext): Buffer {
  const codec = CONTENT_FORMATS.get(format)?.codec;
  if (codec === undefined) throw inexpressible('format', `Content format ${format} is unknown`);
  return CODECS[codec].encode(nodes, completedContext(context));
}

function bufferOf(payload: Uint8Array): Buffer {
  return Buffer.isBuffer(payload) ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}

function completedContext({ base, find, now, limits, rootPath }: ContentContext): CodecContext {
  const bounds = limits === undefined ? DEFAULT_CONTENT_LIMITS : { ...DEFAULT_CONTENT_LIMITS, ...limits };
  return new CodecContext(base, bounds, now, plainRootPath(rootPath), find);
}
