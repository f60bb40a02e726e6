import { DecodeError } from '../../common/index.ts';
import { CborReader } from './cbor-reader.ts';
import { writeCborValue } from './cbor-value.ts';
import { CborWriter } from './cbor-writer.ts';
import { type WireType, wireTypeOf } from './checked-nodes.ts';
import { type CodecContext, inexpressible } from './codec-context.ts';
import { readText, writeText } from './text-value.ts';
import { typedValue } from './typed-value.ts';
import { readUtf8 } from './utf8.ts';
import type { Node, Value } from './value.ts';

/** Decodes text/plain (LwM2M 1.0.2 6.4.1, 1.1 7.4.1). Throws DecodeError. */
export function decodeText(payload: Buffer, context: CodecContext): Node[] {
  const path = context.resource();
  return [{ path, value: readText(context.typeOf(path), readUtf8(payload, 0, payload.length)) }];
}

/** Encodes text/plain. Throws IpeError. */
export function encodeText(nodes: readonly Node[], context: CodecContext): Buffer {
  const { type, value } = onlyValue(nodes, context);
  return Buffer.from(writeText(type, value));
}

/** Decodes application/octet-stream (LwM2M 1.0.2 6.4.2, 1.1 7.4.2): an opaque value, or the bytes of a text. Throws DecodeError. */
export function decodeOpaque(payload: Buffer, context: CodecContext): Node[] {
  const path = context.resource();
  const type = context.typeOf(path);
  if (type === 'string' || type === 'corelnk') return [{ path, value: readUtf8(payload, 0, payload.length) }];
  return [{ path, value: typedValue(type, Buffer.from(payload)) }];
}

/** Encodes application/octet-stream. Throws IpeError `content/type` for what is not opaque. */
export function encodeOpaque(nodes: readonly Node[], context: CodecContext): Buffer {
  const { type, value } = onlyValue(nodes, context);
  if (type !== 'opaque') throw inexpressible('type', 'This format holds opaque values only');
  return Buffer.from(value as Buffer);
}

/** Decodes application/cbor (LwM2M 1.1 7.4.3): one CBOR item. Throws DecodeError. */
export function decodeCbor(payload: Buffer, context: CodecContext): Node[] {
  const path = context.resource();
  const reader = new CborReader(payload, context.limits.depth);
  const raw = reader.scalar();
  reader.end();
  if (raw === null) throw new DecodeError('content/value', 'CBOR null is no value');
  return [{ path, value: typedValue(context.typeOf(path), raw) }];
}

/** Encodes application/cbor. Throws IpeError. */
export function encodeCbor(nodes: readonly Node[], context: CodecContext): Buffer {
  const { type, value } = onlyValue(nodes, context);
  const writer = new CborWriter();
  writeCborValue(writer, type, value);
  return writer.bytes();
}

/** Passes application/link-format through as it is (RFC 6690), for a resource that holds links. Throws DecodeError. */
export function decodeLinks(payload: Buffer, context: CodecContext): Node[] {
  return [{ path: context.resource(), value: readUtf8(payload, 0, payload.length) }];
}

/** Passes links through. Throws IpeError `content/type` for what is no text. */
export function encodeLinks(nodes: readonly Node[], context: CodecContext): Buffer {
  const { type, value } = onlyValue(nodes, context);
  if (type !== 'corelnk' && type !== 'string') throw inexpressible('type', 'This format holds links only');
  return Buffer.from(writeText(type, value));
}

function onlyValue(nodes: readonly Node[], context: CodecContext): { readonly type: WireType; readonly value: Value } {
  const [node] = nodes;
  if (node === undefined || nodes.length > 1) {
    throw inexpressible('single', `This format holds one value, not ${nodes.length}`);
  }
  return { type: wireTypeOf(node, context), value: node.value };
}
