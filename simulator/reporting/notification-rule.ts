import { formatPath, type Node, type Path, type Value } from '../../lwm2m/index.ts';
import type { Attributes } from '../operations/attribute-store.ts';

/** What a notification rule remembers of one value. */
export interface Remembered {
  /** As it was told last. */
  readonly told: Value;
  /** As it was when it was last looked at. */
  readonly seen: Value;
}

/** Values by path. */
export type Memory = Map<string, Remembered>;

/** Keeps the values as told. */
export function remember(memory: Memory, nodes: readonly Node[]): void {
  memory.clear();
  for (const { path, value } of nodes) memory.set(formatPath(path), { told: value, seen: value });
}

/**
 * The values that are worth a notification (LwM2M 1.1 5.1.2): those that changed; of numbers with gt, lt or st those that
 * crossed a limit in either direction or moved by a step; of booleans with `edge` that edge. What has gone counts, too.
 * `memory` learns what was seen.
 */
export function worthTelling(
  memory: Memory,
  nodes: readonly Node[],
  attributesOf: (path: Path) => Attributes,
): Node[] | 'gone' {
  const telling: Node[] = [];
  let known = 0;
  for (const node of nodes) {
    const key = formatPath(node.path);
    const before = memory.get(key);
    if (before) known += 1;
    if (!before || isWorth(before, node.value, attributesOf(node.path))) telling.push(node);
    if (before) memory.set(key, { told: before.told, seen: node.value });
  }
  return telling.length === 0 && known < memory.size ? 'gone' : telling;
}

function isWorth({ told, seen }: Remembered, value: Value, { gt, lt, st, edge }: Attributes): boolean {
  if (typeof value === 'boolean' && edge !== undefined) return value !== seen && value === (edge === 1);
  const number = numberOf(value);
  const [last, toldNumber] = [numberOf(seen), numberOf(told)];
  if (gt === undefined && lt === undefined && st === undefined) return !sameValue(told, value);
  if (number === undefined || last === undefined || toldNumber === undefined) return !sameValue(told, value);
  const crosses = (limit: number | undefined) => limit !== undefined && number > limit !== last > limit;
  const fallsBelow = (limit: number | undefined) => limit !== undefined && number < limit !== last < limit;
  return crosses(gt) || fallsBelow(lt) || (st !== undefined && Math.abs(number - toldNumber) >= st);
}

function numberOf(value: Value): number | undefined {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
}

function sameValue(a: Value, b: Value): boolean {
  if (Buffer.isBuffer(a) || Buffer.isBuffer(b)) return Buffer.isBuffer(a) && Buffer.isBuffer(b) && a.equals(b);
  if (typeof a === 'object' && typeof b === 'object') return a.objectId === b.objectId && a.instanceId === b.instanceId;
  return a === b;
}
