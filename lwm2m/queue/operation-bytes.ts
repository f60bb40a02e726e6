import type { Node, Value } from '../content/value.ts';
import type { Operation } from '../operation/operation.ts';

/** What anything weighs at least: an object and its path. */
const LEAST = 64;

/** Roughly what an operation weighs while it waits, in bytes. */
export function operationBytes(operation: Operation): number {
  let bytes = LEAST;
  if ('nodes' in operation) for (const node of operation.nodes) bytes += nodeBytes(node);
  if ('paths' in operation) bytes += operation.paths.length * LEAST;
  if (operation.type === 'execute') bytes += 2 * (operation.arguments?.length ?? 0);
  return bytes;
}

function nodeBytes({ value }: Node): number {
  return LEAST + valueBytes(value);
}

function valueBytes(value: Value): number {
  if (typeof value === 'string') return 2 * value.length;
  return Buffer.isBuffer(value) ? value.length : 0;
}
