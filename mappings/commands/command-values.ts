import { DecodeError } from '../../common/index.ts';
import type { Node, Path, Value } from '../../lwm2m/index.ts';

/** How paths, values and times are read and written; those of one registration, whose object model gives the types. */
export interface CommandCodec {
  /** Throws DecodeError. */
  readonly parsePath: (text: string) => Path;
  readonly formatPath: (path: Path) => string;
  /** A value of the resource at this path, as an application writes it in JSON. Throws DecodeError. */
  readonly toValue: (path: Path, json: unknown) => Value;
  readonly toJson: (path: Path, value: Value) => unknown;
  /** A m2m:timestamp as milliseconds since 1970. Throws IpeError. */
  readonly parseTime: (text: string) => number;
}

/** Values that one command writes at most. */
const MOST_VALUES = 10_000;
const ID = /^(?:0|[1-9]\d{0,4})$/;
const HIGHEST_ID = 65_534;

/**
 * The values below `base` that `json` says: of a resource its value, or an object of them by resource instance; of an
 * instance an object by resource, `{"5850":true,"6":{"0":1}}`. Throws DecodeError `command/value` and those of the codec.
 */
export function valuesBelow(base: Path, json: unknown, codec: CommandCodec): Node[] {
  const nodes: Node[] = [];
  collect(base, json, codec, nodes);
  return nodes;
}

function collect(path: Path, json: unknown, codec: CommandCodec, nodes: Node[]): void {
  const members = path.resourceInstanceId === undefined ? numbered(json) : undefined;
  if (members === undefined) {
    if (path.resourceId === undefined) throw bad('a value of an instance is an object such as {"5850": true}');
    if (nodes.length >= MOST_VALUES) throw bad(`more than ${MOST_VALUES} values`);
    nodes.push({ path, value: codec.toValue(path, json) });
    return;
  }
  for (const [id, member] of members) collect(below(path, id), member, codec, nodes);
}

/** The members of an object whose names are ids; an empty one has none. undefined for any other JSON. */
function numbered(json: unknown): [number, unknown][] | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const members = Object.entries(json);
  if (!members.every(([name]) => ID.test(name) && Number(name) <= HIGHEST_ID)) return undefined;
  return members.map(([name, member]) => [Number(name), member]);
}

function below(path: Path, id: number): Path {
  if (path.instanceId === undefined) return { ...path, instanceId: id };
  return path.resourceId === undefined ? { ...path, resourceId: id } : { ...path, resourceInstanceId: id };
}

/** Values as `valuesBelow` reads them; that of the very path alone is bare. Total. */
export function valuesAsJson(base: Path, nodes: readonly Node[], codec: CommandCodec): unknown {
  const depth = ids(base).length;
  const root: Record<string, unknown> = {};
  for (const { path, value } of nodes) {
    const names = ids(path).slice(depth);
    const json = codec.toJson(path, value);
    const last = names.pop();
    if (last === undefined) return json;
    let at = root;
    for (const name of names) {
      const next = at[name];
      const inner = typeof next === 'object' && next !== null ? (next as Record<string, unknown>) : {};
      at[name] = inner;
      at = inner;
    }
    at[last] = json;
  }
  return root;
}

function ids({ objectId, instanceId, resourceId, resourceInstanceId }: Path): number[] {
  return [objectId, instanceId, resourceId, resourceInstanceId].filter((id) => id !== undefined);
}

/** Values of composite operations: an object by path. Throws DecodeError `command/value` and those of the codec. */
export function valuesByPath(json: unknown, codec: CommandCodec): Node[] {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw bad('the value is an object by path, such as {"/3/0/14": "+01:00"}');
  }
  const nodes: Node[] = [];
  for (const [path, member] of Object.entries(json)) collect(codec.parsePath(path), member, codec, nodes);
  return nodes;
}

/** Values as `valuesByPath` reads them. Total. */
export function valuesAsJsonByPath(nodes: readonly Node[], codec: CommandCodec): Record<string, unknown> {
  return Object.fromEntries(nodes.map(({ path, value }) => [codec.formatPath(path), codec.toJson(path, value)]));
}

function bad(problem: string): DecodeError {
  return new DecodeError('command/value', problem);
}
