import { comparePaths } from '../content/resource-path.ts';
import type { Node } from '../content/value.ts';
import type { Path } from '../model/path.ts';
import type { Registration } from '../registration/registration.ts';
import type { Direction, FormatMemory } from './format-memory.ts';
import type { Operation } from './operation.ts';

/** Formats with room for several resources, the most expressive and smallest first. */
const PREFERENCE = [112, 110, 11544, 11542, 11543, 1542, 1543] as const;
const TLV = 11542;
const TEXT = 0;
const OPAQUE = 42;
const CBOR = 60;
const COMPOSITE = [112, 110] as const;

/** Names in `ct` that are no number (TS-0014 draft 6.3.2). */
const NAMED: Readonly<Record<string, number>> = { 'LWM2M+TLV': 11542, 'LWM2M+JSON': 11543 };

/** Which way the content of an operation goes; undefined: there is none, or only one format for it. */
export function directionOf({ type }: Operation): Direction | undefined {
  switch (type) {
    case 'read':
    case 'observe':
    case 'read-composite':
    case 'observe-composite':
    case 'cancel-observe-composite':
      return 'read';
    case 'write':
    case 'create':
    case 'write-composite':
      return 'write';
    default:
      return undefined;
  }
}

/** The path that decides whether a format fits; undefined for composite operations. */
export function scopeOf(operation: Operation): Path | undefined {
  return 'path' in operation ? operation.path : undefined;
}

/**
 * The formats to try for an operation, in this order; undefined among them: no Accept, the device's own choice. Never
 * empty. What the device refused before is left out.
 */
export function formatCandidates(
  operation: Operation,
  registration: Registration,
  memory: FormatMemory,
): readonly (number | undefined)[] {
  const direction = directionOf(operation);
  if (direction === undefined) return [undefined];
  const scope = scopeOf(operation);
  const wished = 'format' in operation ? operation.format : undefined;
  const all = [...(wished === undefined ? [] : [wished]), ...inOrder(operation, direction, registration, memory)];
  const left = [...new Set(all)].filter(
    (format) => format === undefined || !memory.isRefused(direction, format, scope),
  );
  return left.length > 0 ? left : all.slice(-1);
}

function inOrder(
  operation: Operation,
  direction: Direction,
  { version, objectLinks }: Registration,
  memory: FormatMemory,
): (number | undefined)[] {
  const { contentFormats, contentFormatNames } = objectLinks;
  const told = new Set([...contentFormats, ...contentFormatNames.flatMap((name) => NAMED[name.toUpperCase()] ?? [])]);
  if (scopeOf(operation) === undefined) return first(COMPOSITE, (format) => told.has(format));
  const listed = PREFERENCE.filter((format) => told.has(format));
  if (direction === 'read') return [...listed, undefined];
  const seen = memory.seen === undefined ? [] : [memory.seen];
  const usual = version === '1.0' ? [TLV, 11543] : [112, TLV, 110];
  const one = operation.type === 'write' ? onlyNode(operation.path, operation.nodes) : undefined;
  if (one !== undefined) {
    const plain = Buffer.isBuffer(one.value) ? OPAQUE : TEXT;
    const short = told.has(CBOR) ? [CBOR, plain] : [plain];
    const order = version === '1.0' ? [...usual.slice(0, 1), ...short] : [...short, ...usual];
    return proven([...listed, ...seen, ...order], operation, memory);
  }
  const several = proven([...listed, ...seen, ...usual], operation, memory);
  // Only TLV can leave the number of a new instance to the device.
  if (operation.type !== 'create' || operation.path.instanceId !== undefined) return several;
  return told.size > 0 && !told.has(TLV) ? several : first([TLV, ...several], (format) => format === TLV);
}

/** The node, when it is all that is written and the path is its own. */
function onlyNode(path: Path, nodes: readonly Node[]): Node | undefined {
  const [node] = nodes;
  return nodes.length === 1 && node !== undefined && comparePaths(node.path, path) === 0 ? node : undefined;
}

/** What worked before goes first. */
function proven(formats: number[], operation: Operation, memory: FormatMemory): number[] {
  return first(formats, (format) => memory.isProven('write', format, scopeOf(operation)));
}

function first<T>(items: readonly T[], wanted: (item: T) => boolean): T[] {
  return [...items.filter(wanted), ...items.filter((item) => !wanted(item))];
}
