import type { DataType } from '../model/definition.ts';
import { HIGHEST_ID, type Path } from '../model/path.ts';
import { type CodecContext, inexpressible } from './codec-context.ts';
import { comparePaths, isInside } from './resource-path.ts';
import { exactInteger, isInRange, isObjectLink } from './typed-value.ts';
import type { Node, Value } from './value.ts';

/** The type that a value is written as: that of its resource, or for an unknown resource that of the value itself. */
export type WireType = Exclude<DataType, 'none'>;

/**
 * The type of a node for the wire. Throws IpeError `content/path` when the node is no resource or outside of the base,
 * `content/type` when its value is not of the type of the resource, `content/range` when 64 bits do not hold it.
 */
export function wireTypeOf(node: Node, context: CodecContext): WireType {
  const { path, value } = node;
  if (path.resourceId === undefined || path.instanceId === undefined || !hasIds(path)) {
    throw inexpressible('path', 'A value belongs to a resource or a resource instance');
  }
  if (!isInside(path, context.base)) throw inexpressible('path', 'A value is outside of the path of the request');
  const type = context.type(path.objectId, path.resourceId) ?? typeOfValue(value);
  if (type === 'none') throw inexpressible('type', 'A resource without a value cannot be written');
  if (!fits(type, value)) throw inexpressible('type', `A value is no ${type}`);
  if ((type === 'integer' || type === 'unsigned' || type === 'time') && !isInRange(type, value as number | bigint)) {
    throw inexpressible('range', `An integer is out of the range of ${type}`);
  }
  return type;
}

function hasIds({ objectId, instanceId, resourceId, resourceInstanceId }: Path): boolean {
  return isId(objectId) && isId(instanceId) && isId(resourceId) && isId(resourceInstanceId ?? 0);
}

function isId(id: number | undefined): boolean {
  return id !== undefined && Number.isInteger(id) && id >= 0 && id <= HIGHEST_ID;
}

function typeOfValue(value: Value): WireType {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'boolean';
    case 'bigint':
      return value > 2n ** 63n - 1n ? 'unsigned' : 'integer';
    case 'number':
      return Number.isSafeInteger(value) ? 'integer' : 'float';
    default:
      return Buffer.isBuffer(value) ? 'opaque' : 'objlnk';
  }
}

function fits(type: WireType, value: Value): boolean {
  switch (type) {
    case 'string':
    case 'corelnk':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'float':
      return typeof value === 'number' || typeof value === 'bigint';
    case 'opaque':
      return Buffer.isBuffer(value);
    case 'objlnk':
      return isObjectLink(value) && is16Bits(value.objectId) && is16Bits(value.instanceId);
    default:
      return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
  }
}

function is16Bits(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id <= 0xffff;
}

/** The value of an integer type, exact, as number where possible. */
export function integerOf(value: Value): number | bigint {
  return exactInteger(value as number | bigint);
}

/** Nodes in the order of their paths, each path once. Throws IpeError `content/duplicate`, as for a history. */
export function inOrderOfPaths(nodes: readonly Node[]): readonly Node[] {
  const ordered = isAscending(nodes) ? nodes : nodes.toSorted((a, b) => comparePaths(a.path, b.path));
  if (ordered !== nodes && !isAscending(ordered)) {
    throw inexpressible('duplicate', 'This format holds one value of a resource, without times');
  }
  return ordered;
}

function isAscending(nodes: readonly Node[]): boolean {
  for (let index = 1; index < nodes.length; index++) {
    if (comparePaths((nodes[index - 1] as Node).path, (nodes[index] as Node).path) >= 0) return false;
  }
  return true;
}
