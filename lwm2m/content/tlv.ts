import { DecodeError } from '../../common/index.ts';
import { HIGHEST_ID, type Path } from '../model/path.ts';
import { inOrderOfPaths, type WireType, wireTypeOf } from './checked-nodes.ts';
import { type CodecContext, inexpressible } from './codec-context.ts';
import { rejectDuplicates } from './duplicates.ts';
import { levels } from './resource-path.ts';
import { TailWriter } from './tail-writer.ts';
import { readTlvValue, writeTlvValue } from './tlv-value.ts';
import type { Node } from './value.ts';

/** Kinds of TLV: bits 7 and 6 of the type (LwM2M 1.0.2 6.4.3). */
const INSTANCE = 0;
const RESOURCE_INSTANCE = 1;
const MULTIPLE_RESOURCE = 2;
const RESOURCE = 3;

const LARGEST_LENGTH = 0xff_ffff;

/**
 * Decodes TLV (LwM2M 1.0.2 6.4.3, 1.1 7.4.7). What is asked for may be wrapped in the TLVs of the levels above it, as
 * clients do. Throws DecodeError.
 */
export function decodeTlv(payload: Buffer, context: CodecContext): Node[] {
  const { base } = context;
  if (base === undefined) throw new DecodeError('content/base', 'TLV cannot hold several objects');
  const nodes = new TlvReader(payload, context, base).read();
  rejectDuplicates(nodes);
  return nodes;
}

class TlvReader {
  readonly #bytes: Buffer;
  readonly #context: CodecContext;
  readonly #base: Path;
  readonly #nodes: Node[] = [];
  #kind = 0;
  #id = 0;
  #length = 0;

  constructor(bytes: Buffer, context: CodecContext, base: Path) {
    this.#bytes = bytes;
    this.#context = context;
    this.#base = base;
  }

  read(): Node[] {
    const end = this.#bytes.length;
    for (let at = 0; at < end; ) {
      const start = this.#header(at, end);
      const id = this.#id;
      at = start + this.#length;
      if (this.#kind === INSTANCE) {
        this.#expect(id, this.#base.instanceId);
        this.#resources(start, at, id);
      } else if (this.#kind !== RESOURCE_INSTANCE) {
        this.#resource(start, at, this.#instanceOfBase());
      } else if (this.#base.instanceId !== undefined && this.#base.resourceId !== undefined) {
        this.#value(start, this.#base.instanceId, this.#base.resourceId, id);
      } else {
        throw new DecodeError('content/path', 'A resource instance TLV stands outside of its resource', start);
      }
    }
    return this.#nodes;
  }

  #resources(from: number, end: number, instanceId: number): void {
    for (let at = from; at < end; ) {
      const start = this.#header(at, end);
      at = start + this.#length;
      this.#resource(start, at, instanceId);
    }
  }

  /** The TLV whose header was read last: a resource with a value or with instances. */
  #resource(from: number, end: number, instanceId: number): void {
    const resourceId = this.#id;
    this.#expect(resourceId, this.#base.resourceId);
    if (this.#kind === RESOURCE) {
      this.#value(from, instanceId, resourceId, undefined);
      return;
    }
    if (this.#kind !== MULTIPLE_RESOURCE) throw this.#misplaced(from);
    for (let at = from; at < end; ) {
      const start = this.#header(at, end);
      at = start + this.#length;
      if (!this.#isKind(RESOURCE_INSTANCE)) throw this.#misplaced(start);
      this.#value(start, instanceId, resourceId, this.#id);
    }
  }

  #value(start: number, instanceId: number, resourceId: number, resourceInstanceId: number | undefined): void {
    const { objectId, resourceInstanceId: expected } = this.#base;
    if (expected !== undefined) this.#expect(resourceInstanceId, expected);
    if (this.#nodes.length >= this.#context.limits.nodes) {
      throw new DecodeError('content/limit', 'Too many values in a payload', start);
    }
    const type = this.#context.type(objectId, resourceId);
    const value = readTlvValue(type, this.#bytes, start, this.#length);
    const path =
      resourceInstanceId === undefined
        ? { objectId, instanceId, resourceId }
        : { objectId, instanceId, resourceId, resourceInstanceId };
    this.#nodes.push({ path, value });
  }

  /** The instance of resources that stand in no instance TLV; that of a single object may be left out. */
  #instanceOfBase(): number {
    const { objectId, instanceId } = this.#base;
    if (instanceId !== undefined) return instanceId;
    if (this.#context.definition(objectId)?.multiple === true) {
      throw new DecodeError('content/path', 'Resources without their instance, of an object with several');
    }
    return 0;
  }

  #expect(id: number | undefined, expected: number | undefined): void {
    if (expected !== undefined && id !== expected) {
      throw new DecodeError('content/path', `TLV of ${id} where ${expected} was asked for`);
    }
  }

  #isKind(kind: number): boolean {
    return this.#kind === kind;
  }

  #misplaced(start: number): DecodeError {
    return new DecodeError('content/syntax', 'A TLV stands where its kind does not belong', start);
  }

  /** Reads a header at `at`, keeps its parts, checks the length against `end`, gives the place of the value. */
  #header(at: number, end: number): number {
    const bytes = this.#bytes;
    const type = bytes[at] as number;
    const idSize = (type & 0x20) === 0 ? 1 : 2;
    const lengthSize = (type >> 3) & 3;
    const start = at + 1 + idSize + lengthSize;
    if (start > end) throw new DecodeError('content/syntax', 'A TLV header is cut off', at);
    let id = bytes[at + 1] as number;
    if (idSize === 2) id = (id << 8) | (bytes[at + 2] as number);
    if (id > HIGHEST_ID) throw new DecodeError('content/path', 'A TLV has the reserved id 65535', at);
    let length = lengthSize === 0 ? type & 7 : 0;
    for (let place = start - lengthSize; place < start; place++) length = (length << 8) | (bytes[place] as number);
    if (length > end - start) throw new DecodeError('content/syntax', 'A TLV is longer than what holds it', at);
    this.#kind = type >> 6;
    this.#id = id;
    this.#length = length;
    return start;
  }
}

/**
 * Encodes TLV (LwM2M 1.0.2 6.4.3, 1.1 7.4.7), in order of paths, with the TLVs below the base: for an instance its
 * resources, for an object its instances. Times are left off. Throws IpeError.
 */
export function encodeTlv(nodes: readonly Node[], context: CodecContext): Buffer {
  const { base } = context;
  if (base === undefined) throw inexpressible('base', 'TLV cannot hold several objects');
  const depth = levels(base);
  const ordered = inOrderOfPaths(nodes);
  const writer = new TailWriter();
  let instanceEnd = 0;
  let resourceEnd = 0;
  for (let index = ordered.length - 1; index >= 0; index--) {
    const node = ordered[index] as Node;
    const type: WireType = wireTypeOf(node, context);
    const { instanceId, resourceId, resourceInstanceId } = node.path;
    const before = ordered[index - 1]?.path;
    const sameInstance = before !== undefined && before.instanceId === instanceId;
    const sameResource = sameInstance && before.resourceId === resourceId;
    if (sameResource && before.resourceInstanceId === undefined) {
      throw inexpressible('path', 'A resource has a value and instances');
    }
    const valueEnd = writer.length;
    writeTlvValue(writer, type, node.value);
    const kind = resourceInstanceId === undefined ? RESOURCE : RESOURCE_INSTANCE;
    writeHeader(writer, kind, resourceInstanceId ?? (resourceId as number), writer.length - valueEnd);
    if (sameResource) continue;
    if (kind === RESOURCE_INSTANCE && depth < 4) {
      writeHeader(writer, MULTIPLE_RESOURCE, resourceId as number, writer.length - resourceEnd);
    }
    if (!sameInstance && depth === 1) {
      writeHeader(writer, INSTANCE, instanceId as number, writer.length - instanceEnd);
      instanceEnd = writer.length;
    }
    resourceEnd = writer.length;
  }
  return writer.bytes();
}

function writeHeader(writer: TailWriter, kind: number, id: number, length: number): void {
  if (length > LARGEST_LENGTH) throw inexpressible('limit', 'A TLV holds at most 16 MiB');
  const lengthSize = length < 8 ? 0 : length < 0x100 ? 1 : length < 0x1_0000 ? 2 : 3;
  if (lengthSize > 0) writer.unsigned(length, lengthSize);
  const idSize = id < 0x100 ? 1 : 2;
  writer.unsigned(id, idSize);
  writer.unsigned((kind << 6) | ((idSize - 1) << 5) | (lengthSize << 3) | (lengthSize === 0 ? length : 0), 1);
}
