import { integerOf, type WireType, wireTypeOf } from './checked-nodes.ts';
import { type CodecContext, inexpressible } from './codec-context.ts';
import { SENML_ABSOLUTE_TIME } from './record-nodes.ts';
import { idsOfPath, levels, nameBelow, sharedLevels } from './resource-path.ts';
import type { Node, Value } from './value.ts';

/** One record to write: SenML and LwM2M JSON share it. */
export interface PackedRecord {
  readonly baseName: string | undefined;
  readonly baseTime: number | undefined;
  readonly name: string | undefined;
  readonly time: number | undefined;
  readonly type: WireType;
  readonly value: Value;
}

/** The names of a pack: the base name that all share, and what each adds. */
export interface PackNames {
  readonly baseName: string | undefined;
  readonly names: readonly (string | undefined)[];
}

/** The times of a pack in seconds; relative ones are negative or zero. */
export interface PackTimes {
  readonly baseTime: number | undefined;
  readonly times: readonly (number | undefined)[];
}

/** Nodes as SenML records; the base fields stand in the first (RFC 8428 4). Throws IpeError. */
export function packRecords(nodes: readonly Node[], context: CodecContext): PackedRecord[] {
  const types = nodes.map((node) => wireTypeOf(node, context));
  const { baseName, names } = packNames(nodes, context.rootPath);
  const { baseTime, times } = packTimes(nodes, context.now, SENML_ABSOLUTE_TIME);
  return nodes.map(({ value }, index) => {
    const type = types[index] as WireType;
    const first = index === 0;
    return {
      baseName: first ? baseName : undefined,
      baseTime: first ? baseTime : undefined,
      name: names[index],
      time: times[index],
      type,
      value: typeof value === 'bigint' || typeof value === 'number' ? packedNumber(type, value) : value,
    };
  });
}

function packedNumber(type: WireType, value: number | bigint): number | bigint {
  return type === 'float' ? Number(value) : integerOf(value);
}

/**
 * Names relative to the longest path that all nodes share: `/3/0/` and `9`; the whole path of a single node is its base
 * name. Without a shared object the names are whole.
 */
export function packNames(nodes: readonly Node[], rootPath: string): PackNames {
  const [first] = nodes;
  if (first === undefined) return { baseName: undefined, names: [] };
  let shared = levels(first.path);
  let shallowest = shared;
  let deepest = shared;
  for (let index = 1; index < nodes.length; index++) {
    const { path } = nodes[index] as Node;
    const depth = levels(path);
    if (depth < shallowest) shallowest = depth;
    if (depth > deepest) deepest = depth;
    const common = sharedLevels(first.path, path);
    if (common < shared) shared = common;
  }
  if (shared === 0) return { baseName: undefined, names: nodes.map(({ path }) => `${rootPath}/${nameBelow(path, 0)}`) };
  const above = idsOfPath(first.path);
  if (deepest === shared) return { baseName: `${rootPath}/${above.join('/')}`, names: [] };
  if (shallowest === shared) shared--;
  const baseName = `${rootPath}/${above.slice(0, shared).join('/')}/`;
  return { baseName, names: nodes.map(({ path }) => nameBelow(path, shared)) };
}

/**
 * Times in seconds, relative to the first where every node has one. A time that the format would take for a relative one
 * (below `absolute`) is written relative to `now`. Throws IpeError `content/time` when that is not known.
 */
export function packTimes(nodes: readonly Node[], now: number | undefined, absolute: number): PackTimes {
  if (nodes.every(({ time }) => time === undefined)) return { baseTime: undefined, times: [] };
  const seconds = nodes.map(({ time }) => (time === undefined ? undefined : packedTime(time, now, absolute)));
  const [first] = seconds;
  if (first === undefined || !seconds.every((time) => time !== undefined && time >= absolute)) {
    return { baseTime: undefined, times: seconds };
  }
  const base = (nodes[0] as Node).time as number;
  const times = nodes.map(({ time }) => (time === base ? undefined : ((time as number) - base) / 1000));
  return { baseTime: first, times };
}

function packedTime(time: number, now: number | undefined, absolute: number): number {
  if (!Number.isFinite(time)) throw inexpressible('time', 'A time is no number');
  if (time >= absolute * 1000) return time / 1000;
  if (now === undefined) throw inexpressible('time', 'A time so long ago is written relative to now');
  return (time - now) / 1000;
}
