import { DecodeError } from '../../common/index.ts';
import type { DataType } from '../model/definition.ts';
import type { Path } from '../model/path.ts';
import type { CodecContext } from './codec-context.ts';
import type { ResolvedRecord } from './resolved-record.ts';
import { isInside, levels, pathOfName, pathOfNames } from './resource-path.ts';
import { typedValue } from './typed-value.ts';
import type { Node, Value } from './value.ts';

/** Times below this are relative to now (RFC 8428 4.5.3). */
export const SENML_ABSOLUTE_TIME = 2 ** 28;

/** The last moment that a Date holds. */
const END_OF_TIME = 8.64e15;

/**
 * Records as nodes: names become paths, values get the type of their resource, times become milliseconds of the epoch, all
 * in order of time where one was said. `absolute` is the least number of seconds that is no relative time. Without a `now`
 * relative times only order. Throws DecodeError.
 */
export function nodesOfRecords(
  records: readonly ResolvedRecord[],
  context: CodecContext,
  absolute: number,
  typed: (type: DataType | undefined, raw: Value) => Value = typedValue,
): Node[] {
  if (records.length > context.limits.nodes) throw new DecodeError('content/limit', 'Too many values in a payload');
  if (!records.some(({ time }) => time !== undefined)) {
    return records.map(({ name, value }) => {
      const path = pathOf(name, context);
      return { path, value: typed(context.typeOf(path), value) };
    });
  }
  const nodes: Node[] = [];
  let previous = Number.NEGATIVE_INFINITY;
  let inOrder = true;
  const moments: number[] = [];
  for (const record of records) {
    const path = pathOf(record.name, context);
    const value = typed(context.typeOf(path), record.value);
    const seconds = record.time;
    const moment = momentOf(seconds ?? 0, context.now ?? END_OF_TIME, absolute);
    const known = seconds !== undefined && (context.now !== undefined || seconds >= absolute);
    if (known && Math.abs(moment) > END_OF_TIME) throw new DecodeError('content/value', 'A time out of range');
    nodes.push(known ? { path, value, time: moment } : { path, value });
    moments.push(moment);
    inOrder &&= moment >= previous;
    previous = moment;
  }
  return inOrder ? nodes : sortedByMoment(nodes, moments);
}

function momentOf(seconds: number, now: number, absolute: number): number {
  const milliseconds = Math.round(seconds * 1000);
  return seconds >= absolute ? milliseconds : now + milliseconds;
}

function sortedByMoment(nodes: readonly Node[], moments: readonly number[]): Node[] {
  const order = moments.map((_, index) => index);
  order.sort((a, b) => (moments[a] as number) - (moments[b] as number));
  return order.map((index) => nodes[index] as Node);
}

/**
 * The path of a resolved name. A name without a first slash may be whole or start below the base of the request, as
 * LwM2M 1.0 JSON has it (LwM2M 1.0.2 6.4.4).
 */
function pathOf(name: string, context: CodecContext): Path {
  const { base, rootPath } = context;
  const bare = rootPath !== '' && name.startsWith(`${rootPath}/`) ? name.slice(rootPath.length) : name;
  let path = bare === '' ? base : pathOfName(bare);
  if (
    base !== undefined &&
    !bare.startsWith('/') &&
    (path === undefined || levels(path) < 3 || !isInside(path, base))
  ) {
    path = pathOfNames(base, bare);
  }
  if (path?.resourceId === undefined) throw new DecodeError('content/path', 'A name in a payload is no resource');
  if (!isInside(path, base)) throw new DecodeError('content/path', 'A name in a payload is outside of what was asked');
  return path;
}
