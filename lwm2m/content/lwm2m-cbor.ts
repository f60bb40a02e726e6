import { DecodeError } from '../../common/index.ts';
import { HIGHEST_ID, type Path } from '../model/path.ts';
import { CBOR_ARRAY, CBOR_MAP, CborReader } from './cbor-reader.ts';
import { writeCborValue } from './cbor-value.ts';
import { CborWriter } from './cbor-writer.ts';
import { inOrderOfPaths, wireTypeOf } from './checked-nodes.ts';
import { type CodecContext, inexpressible } from './codec-context.ts';
import { rejectDuplicates } from './duplicates.ts';
import { idsOfPath, isInside, pathOfIds } from './resource-path.ts';
import { typedValue } from './typed-value.ts';
import type { Node } from './value.ts';

const LEVELS = 4;

/**
 * Decodes LwM2M CBOR (LwM2M 1.2 7.4.4): maps within maps, each key an id or an array of ids. Ids start at the object; those
 * of a Write may also start below the path of the request. Null says that there is no value. Throws DecodeError.
 */
export function decodeLwm2mCbor(payload: Buffer, context: CodecContext): Node[] {
  if (payload.length === 0) return [];
  const nodes = new Lwm2mCborReader(payload, context).read();
  rejectDuplicates(nodes);
  return nodes;
}

class Lwm2mCborReader {
  readonly #reader: CborReader;
  readonly #context: CodecContext;
  readonly #nodes: Node[] = [];
  /** The ids of the keys on the way to where the reader is. */
  readonly #ids: number[] = [0, 0, 0, 0];

  constructor(payload: Buffer, context: CodecContext) {
    this.#reader = new CborReader(payload, context.limits.depth);
    this.#context = context;
  }

  read(): Node[] {
    this.#map(0);
    this.#reader.end();
    return this.#nodes;
  }

  /** A map below the first `count` ids; each map needs one id more, so recursion ends. */
  #map(count: number): void {
    const reader = this.#reader;
    const length = reader.map();
    const maps = new Set<string>();
    for (let read = 0; !reader.isOver(length, read); read++) {
      const below = this.#key(count);
      if (reader.major() !== CBOR_MAP) {
        this.#value(below);
        continue;
      }
      const key = this.#ids.slice(count, below).join();
      if (maps.has(key)) throw new DecodeError('content/duplicate', 'A key stands twice in a map');
      maps.add(key);
      if (below === LEVELS) throw new DecodeError('content/value', 'A resource instance holds a map');
      this.#map(below);
    }
  }

  /** Reads a key below the first `count` ids; how many ids there are with it. */
  #key(count: number): number {
    const reader = this.#reader;
    if (reader.major() !== CBOR_ARRAY) return this.#id(count);
    const length = reader.array();
    let below = count;
    while (!reader.isOver(length, below - count)) below = this.#id(below);
    if (below === count) throw new DecodeError('content/path', 'A key of LwM2M CBOR is empty');
    return below;
  }

  #id(count: number): number {
    const id = this.#reader.scalar();
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > HIGHEST_ID) {
      throw new DecodeError('content/path', 'A key of LwM2M CBOR is no id');
    }
    if (count === LEVELS) throw new DecodeError('content/path', 'A key of LwM2M CBOR is below a resource instance');
    this.#ids[count] = id;
    return count + 1;
  }

  #value(count: number): void {
    const raw = this.#reader.scalar();
    if (raw === null) return;
    if (this.#nodes.length >= this.#context.limits.nodes) {
      throw new DecodeError('content/limit', 'Too many values in a payload');
    }
    const path = this.#path(count);
    this.#nodes.push({ path, value: typedValue(this.#context.typeOf(path), raw) });
  }

  /** The path of a value: whole from three ids on, below the base where there are fewer. */
  #path(count: number): Path {
    const { base } = this.#context;
    const ids = count >= 3 || base === undefined ? this.#ids : [...idsOfPath(base), ...this.#ids.slice(0, count)];
    const whole = ids === this.#ids ? count : ids.length;
    const path = whole > LEVELS ? undefined : pathOfIds(ids, whole);
    if (path?.resourceId === undefined) throw new DecodeError('content/path', 'A key of LwM2M CBOR is no resource');
    if (!isInside(path, base)) throw new DecodeError('content/path', 'LwM2M CBOR is outside of what was asked');
    return path;
  }
}

/** Encodes LwM2M CBOR (LwM2M 1.2 7.4.4) as maps within maps from the object on. Times are left off. Throws IpeError. */
export function encodeLwm2mCbor(nodes: readonly Node[], context: CodecContext): Buffer {
  const writer = new CborWriter();
  const ordered = inOrderOfPaths(nodes);
  for (const node of ordered) wireTypeOf(node, context);
  writeLevel(writer, ordered, 0, context);
  return writer.bytes();
}

/** Writes the map of the ids at `level` (0: objects) of nodes that share the ids above it. */
function writeLevel(writer: CborWriter, nodes: readonly Node[], level: number, context: CodecContext): void {
  const groups: Node[][] = [];
  let current: number | undefined;
  for (const node of nodes) {
    const id = idAt(node.path, level);
    if (id !== current) groups.push([]);
    current = id;
    (groups[groups.length - 1] as Node[]).push(node);
  }
  writer.map(groups.length);
  for (const group of groups) {
    const first = group[0] as Node;
    writer.integer(idAt(first.path, level) as number);
    if (level < 2 || idAt(first.path, level + 1) !== undefined) writeLevel(writer, group, level + 1, context);
    else if (group.length === 1) writeCborValue(writer, wireTypeOf(first, context), first.value);
    else throw inexpressible('path', 'A resource has a value and instances');
  }
}

function idAt(path: Path, level: number): number | undefined {
  if (level === 0) return path.objectId;
  if (level === 1) return path.instanceId;
  if (level === 2) return path.resourceId;
  return level === 3 ? path.resourceInstanceId : undefined;
}
