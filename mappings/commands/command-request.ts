import { DecodeError, errorMessage, IpeError } from '../../common/index.ts';
import type { NotificationAttributes, Operation, Path } from '../../lwm2m/index.ts';
import { type CommandCodec, valuesBelow, valuesByPath } from './command-values.ts';

/** What an application asks for, and by when; or why it cannot be asked. */
export interface Command {
  /** The application's own name for it; that of the contentInstance where it gave none. */
  readonly id: string;
  /** What it said of the path, for the answer. */
  readonly path: unknown;
  /** Milliseconds since 1970 after which it must not be carried out any more. */
  readonly expires: number | undefined;
  readonly asked: { readonly operation: Operation } | { readonly reason: string };
}

/** One operation that a command may name: what its members mean. */
interface CommandRow {
  readonly name: string;
  /** `needed`, `optional` or none. */
  readonly value: 'needed' | 'optional' | 'none';
  readonly path: 'one' | 'list' | 'none';
  readonly clause: string;
  readonly operation: (parts: { path: Path; paths: readonly Path[]; value: unknown }, codec: CommandCodec) => Operation;
}

/** The operations of commands by name (TS-0014 6.4.1; LwM2M 1.1 6.3, 6.4). */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'read',
    path: 'one',
    value: 'none',
    clause: 'LwM2M 1.1 6.3.1',
    operation: ({ path }) => ({ type: 'read', path }),
  },
  {
    name: 'discover',
    path: 'one',
    value: 'none',
    clause: 'LwM2M 1.1 6.3.2',
    operation: ({ path }) => ({ type: 'discover', path }),
  },
  {
    name: 'write',
    path: 'one',
    value: 'needed',
    clause: 'LwM2M 1.1 6.3.3',
    operation: ({ path, value }, codec) => ({
      type: 'write',
      path,
      mode: 'replace',
      nodes: valuesBelow(instanced(path), value, codec),
    }),
  },
  {
    name: 'write-partial',
    path: 'one',
    value: 'needed',
    clause: 'LwM2M 1.1 6.3.3',
    operation: ({ path, value }, codec) => ({
      type: 'write',
      path,
      mode: 'partial',
      nodes: valuesBelow(instanced(path), value, codec),
    }),
  },
  {
    name: 'write-attributes',
    path: 'one',
    value: 'needed',
    clause: 'LwM2M 1.1 6.3.4',
    operation: ({ path, value }) => ({ type: 'write-attributes', path, attributes: attributes(value) }),
  },
  {
    name: 'execute',
    path: 'one',
    value: 'optional',
    clause: 'LwM2M 1.1 6.3.5',
    operation: ({ path, value }) => ({ type: 'execute', path, arguments: executeArguments(value) }),
  },
  {
    name: 'create',
    path: 'one',
    value: 'optional',
    clause: 'LwM2M 1.1 6.3.6',
    operation: ({ path, value }, codec) => ({
      type: 'create',
      path,
      // Below an object alone the device chooses the number of the instance.
      nodes: valuesBelow({ instanceId: 0, ...path }, value ?? {}, codec),
    }),
  },
  {
    name: 'delete',
    path: 'one',
    value: 'none',
    clause: 'LwM2M 1.1 6.3.7',
    operation: ({ path }) => ({ type: 'delete', path }),
  },
  {
    name: 'observe',
    path: 'one',
    value: 'none',
    clause: 'LwM2M 1.1 6.4.1',
    operation: ({ path }) => ({ type: 'observe', path }),
  },
  {
    name: 'cancel-observe',
    path: 'one',
    value: 'none',
    clause: 'LwM2M 1.1 6.4.3',
    operation: ({ path }) => ({ type: 'cancel-observe', path }),
  },
  {
    name: 'read-composite',
    path: 'list',
    value: 'none',
    clause: 'LwM2M 1.1 6.3.8',
    operation: ({ paths }) => ({ type: 'read-composite', paths }),
  },
  {
    name: 'write-composite',
    path: 'none',
    value: 'needed',
    clause: 'LwM2M 1.1 6.3.9',
    operation: ({ value }, codec) => ({ type: 'write-composite', nodes: valuesByPath(value, codec) }),
  },
];

const ROWS: ReadonlyMap<string, CommandRow> = new Map(COMMANDS.map((row) => [row.name, row]));
const MEMBERS = new Set(['id', 'operation', 'path', 'value', 'expires']);
const LONGEST_ID = 64;
/** Characters of a text that holds a request. */
const LONGEST_TEXT = 4 * 1024 * 1024;
const LONGEST_LIST = 1_000;

/**
 * Reads the content of a request: an object, or a text that holds one. `fallbackId` names one that has no id of its own.
 * Never throws: what cannot be asked has a reason.
 */
export function readCommand(content: unknown, fallbackId: string, codec: CommandCodec): Command {
  let request: Readonly<Record<string, unknown>> = {};
  let id = fallbackId;
  let path: unknown;
  let expires: number | undefined;
  try {
    request = requestObject(content);
    id = identifier(request.id) ?? fallbackId;
    path = echo(request.path);
    expires = expiration(request.expires, codec);
    return { id, path, expires, asked: { operation: operation(request, codec) } };
  } catch (error) {
    if (!(error instanceof IpeError)) throw error;
    return { id, path, expires, asked: { reason: errorMessage(error) } };
  }
}

function requestObject(content: unknown): Readonly<Record<string, unknown>> {
  const request = typeof content === 'string' ? parsed(content) : content;
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw bad('a request is an object, or a text that holds one');
  }
  return request as Readonly<Record<string, unknown>>;
}

function parsed(text: string): unknown {
  if (text.length > LONGEST_TEXT) throw bad(`a request has at most ${LONGEST_TEXT} characters`);
  try {
    return JSON.parse(text);
  } catch {
    throw bad('a request is an object, or a text that holds one');
  }
}

function identifier(id: unknown): string | undefined {
  if (id === undefined || id === null) return undefined;
  const text = typeof id === 'number' && Number.isFinite(id) ? String(id) : id;
  if (typeof text !== 'string' || text === '' || text.length > LONGEST_ID) {
    throw bad(`id is a text of 1 to ${LONGEST_ID} characters`);
  }
  return text;
}

/** Only what is short and a path, or a list of them, is said again. */
function echo(path: unknown): unknown {
  const short = (one: unknown) => typeof one === 'string' && one.length <= 24;
  if (Array.isArray(path)) return path.length <= LONGEST_LIST && path.every(short) ? path : undefined;
  return short(path) ? path : undefined;
}

function expiration(expires: unknown, codec: CommandCodec): number | undefined {
  if (expires === undefined || expires === null) return undefined;
  if (typeof expires !== 'string') throw bad('expires is a time such as "20261201T120000"');
  return codec.parseTime(expires);
}

function operation(request: Readonly<Record<string, unknown>>, codec: CommandCodec): Operation {
  const unknown = Object.keys(request).find((name) => !MEMBERS.has(name));
  if (unknown !== undefined) throw bad(`a request has no member ${JSON.stringify(unknown.slice(0, 40))}`);
  const row = typeof request.operation === 'string' ? ROWS.get(request.operation) : undefined;
  if (row === undefined) throw bad(`operation is one of ${COMMANDS.map(({ name }) => name).join(', ')}`);
  const value = request.value ?? undefined;
  if (row.value === 'needed' && value === undefined) throw bad(`${row.name} needs a value`);
  if (row.value === 'none' && value !== undefined) throw bad(`${row.name} takes no value`);
  const { path, paths } = pathsOf(row, request.path, codec);
  return row.operation({ path, paths, value }, codec);
}

const NO_PATH: Path = { objectId: 0 };

function pathsOf(row: CommandRow, path: unknown, codec: CommandCodec): { path: Path; paths: readonly Path[] } {
  const one = (text: unknown): Path => {
    if (typeof text !== 'string') throw bad('path is a text such as "/3303/0/5700"');
    return codec.parsePath(text);
  };
  if (row.path === 'one') return { path: one(path), paths: [] };
  if (row.path === 'none') {
    if (path !== undefined) throw bad(`${row.name} takes no path; its value has them`);
    return { path: NO_PATH, paths: [] };
  }
  if (!Array.isArray(path) || path.length > LONGEST_LIST) throw bad('path is a list such as ["/3/0/9", "/3303"]');
  return { path: NO_PATH, paths: path.map(one) };
}

function instanced(path: Path): Path {
  if (path.instanceId === undefined) throw bad('what is written is an instance, a resource or a resource instance');
  return path;
}

function executeArguments(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') throw bad('the value of execute is its arguments, such as "0=\'a\',1"');
  return value;
}

/** Which attributes there are, and which may stand together, the LwM2M side knows. */
function attributes(value: unknown): NotificationAttributes {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject || !Object.values(value).every((one) => one === null || typeof one === 'number')) {
    throw bad('the value of write-attributes is an object such as {"pmin": 10, "gt": null}');
  }
  return value as NotificationAttributes;
}

function bad(problem: string): DecodeError {
  return new DecodeError('command/request', problem);
}
