import type { CoapCode, CoapMethod } from '../coap/types.ts';
import { CONTENT_FORMATS } from '../content/content-formats.ts';
import { isInside, levels } from '../content/resource-path.ts';
import type { Node } from '../content/value.ts';
import { formatPath, type Path } from '../model/path.ts';
import type { Lwm2mVersion } from '../registration/registration.ts';
import { executeArgumentsFault } from './execute-arguments.ts';
import { attributesFault } from './notification-attributes.ts';
import type { Operation, OperationType } from './operation.ts';

/** One operation as the specification has it. */
export interface OperationRow {
  readonly type: OperationType;
  readonly method: CoapMethod;
  /** The version that brought each level of the path (1 object … 4 resource instance); composite ones have the root. */
  readonly levels: Readonly<Partial<Record<number, Lwm2mVersion>>>;
  readonly since: Lwm2mVersion;
  readonly success: CoapCode;
  /** True when the answer holds what was asked for, so that no other code will do. */
  readonly content: boolean;
  /** Observe option of the request (RFC 7641 2). */
  readonly observe?: 0 | 1;
  readonly clause: string;
}

const OBJECT_TO_RESOURCE = { 1: '1.0', 2: '1.0', 3: '1.0', 4: '1.1' } as const;
const ROOT = {} as const;

/** Operations of a server by name (LwM2M 1.1 6.3, 6.4; CoAP: LwM2M 1.1 Transport 6.4.3, 6.4.4). */
export const OPERATION_RULES: Readonly<Record<OperationType, OperationRow>> = {
  read: {
    type: 'read',
    method: 'GET',
    levels: OBJECT_TO_RESOURCE,
    since: '1.0',
    success: '2.05',
    content: true,
    clause: 'LwM2M 1.0 5.4.1, 1.1 6.3.1',
  },
  discover: {
    type: 'discover',
    method: 'GET',
    levels: { 1: '1.0', 2: '1.0', 3: '1.0' },
    since: '1.0',
    success: '2.05',
    content: true,
    clause: 'LwM2M 1.0 5.4.2, 1.1 6.3.2',
  },
  write: {
    type: 'write',
    method: 'PUT',
    levels: { 2: '1.0', 3: '1.0', 4: '1.1' },
    since: '1.0',
    success: '2.04',
    content: false,
    clause: 'LwM2M 1.0 5.4.3, 1.1 6.3.3',
  },
  'write-attributes': {
    type: 'write-attributes',
    method: 'PUT',
    levels: OBJECT_TO_RESOURCE,
    since: '1.0',
    success: '2.04',
    content: false,
    clause: 'LwM2M 1.0 5.4.4, 1.1 6.3.4',
  },
  execute: {
    type: 'execute',
    method: 'POST',
    levels: { 3: '1.0' },
    since: '1.0',
    success: '2.04',
    content: false,
    clause: 'LwM2M 1.0 5.4.5, 1.1 6.3.5',
  },
  create: {
    type: 'create',
    method: 'POST',
    levels: { 1: '1.0', 2: '1.0' },
    since: '1.0',
    success: '2.01',
    content: false,
    clause: 'LwM2M 1.0 5.4.6, 1.1 6.3.6',
  },
  delete: {
    type: 'delete',
    method: 'DELETE',
    levels: { 2: '1.0', 4: '1.2' },
    since: '1.0',
    success: '2.02',
    content: false,
    clause: 'LwM2M 1.0 5.4.7, 1.1 6.3.7; resource instances: 1.2',
  },
  observe: {
    type: 'observe',
    method: 'GET',
    levels: OBJECT_TO_RESOURCE,
    since: '1.0',
    success: '2.05',
    content: true,
    observe: 0,
    clause: 'LwM2M 1.0 5.5.1, 1.1 6.4.1',
  },
  'cancel-observe': {
    type: 'cancel-observe',
    method: 'GET',
    levels: OBJECT_TO_RESOURCE,
    since: '1.0',
    success: '2.05',
    content: false,
    observe: 1,
    clause: 'LwM2M 1.0 5.5.3, 1.1 6.4.3',
  },
  'read-composite': {
    type: 'read-composite',
    method: 'FETCH',
    levels: ROOT,
    since: '1.1',
    success: '2.05',
    content: true,
    clause: 'LwM2M 1.1 6.3.8',
  },
  'write-composite': {
    type: 'write-composite',
    method: 'iPATCH',
    levels: ROOT,
    since: '1.1',
    success: '2.04',
    content: false,
    clause: 'LwM2M 1.1 6.3.9',
  },
  'observe-composite': {
    type: 'observe-composite',
    method: 'FETCH',
    levels: ROOT,
    since: '1.1',
    success: '2.05',
    content: true,
    observe: 0,
    clause: 'LwM2M 1.1 6.4.4',
  },
  'cancel-observe-composite': {
    type: 'cancel-observe-composite',
    method: 'FETCH',
    levels: ROOT,
    since: '1.1',
    success: '2.05',
    content: false,
    observe: 1,
    clause: 'LwM2M 1.1 6.4.5',
  },
};

/** Paths that one composite operation names at most; more do not fit into what a small device takes. */
const MOST_PATHS = 200;
const LEVEL_NAMES = ['root', 'object', 'instance', 'resource', 'resource instance'];

/** Why an operation cannot be asked of a device of this version; undefined when it can. */
export function operationFault(operation: Operation, version: Lwm2mVersion): string | undefined {
  if (!Object.hasOwn(OPERATION_RULES, operation.type)) return 'there is no such operation';
  const row = OPERATION_RULES[operation.type];
  if (row.levels !== ROOT) {
    const fault = 'path' in operation ? pathFault(row, operation.path, version) : 'no path is named';
    if (fault !== undefined) return fault;
  }
  if ('format' in operation && operation.format !== undefined) {
    const codec = CONTENT_FORMATS.get(operation.format)?.codec;
    if (codec === undefined || codec === 'links') return `content format ${operation.format} holds no values`;
  }
  switch (operation.type) {
    case 'discover':
      return discoverFault(operation.depth, version);
    case 'write':
      if (operation.mode === 'partial' && levels(operation.path) !== 2) return 'only an instance is written in part';
      return nodesFault(operation.nodes, operation.path) ?? (operation.nodes.length === 0 ? NO_VALUE : undefined);
    case 'write-attributes':
      return attributesFault(operation.attributes, operation.path, version);
    case 'execute':
      return executeArgumentsFault(operation.arguments ?? '', version);
    case 'create':
      return nodesFault(operation.nodes, operation.path) ?? instancesFault(operation.nodes);
    case 'write-composite':
      if (operation.nodes.length === 0) return NO_VALUE;
      return nodesFault(operation.nodes, undefined) ?? pathsFault(operation.nodes.map(({ path }) => path));
    case 'read-composite':
    case 'observe-composite':
    case 'cancel-observe-composite':
      return pathsFault(operation.paths);
    default:
      return undefined;
  }
}

const NO_VALUE = 'there is no value to write';

function pathFault({ type, levels: allowed }: OperationRow, path: Path, version: Lwm2mVersion): string | undefined {
  const level = levels(path);
  const since = allowed[level];
  if (since === undefined) return `${type} has no meaning for ${LEVEL_NAMES[level]} paths`;
  if (since > version) return `${type} of a ${LEVEL_NAMES[level]} needs LwM2M ${since}, the device speaks ${version}`;
  return spelledFault(path);
}

function spelledFault(path: Path): string | undefined {
  try {
    formatPath(path);
    return undefined;
  } catch {
    return 'an id is out of range';
  }
}

function discoverFault(depth: number | undefined, version: Lwm2mVersion): string | undefined {
  if (depth === undefined) return undefined;
  if (version !== '1.2') return `depth needs LwM2M 1.2, the device speaks ${version}`;
  return Number.isInteger(depth) && depth >= 0 && depth <= 3 ? undefined : 'depth is 0 to 3';
}

function nodesFault(nodes: readonly Node[], base: Path | undefined): string | undefined {
  for (const { path } of nodes) {
    if (levels(path) < 3) return 'a value belongs to a resource';
    const fault = spelledFault(path);
    if (fault !== undefined) return fault;
    if (!isInside(path, base)) return `${formatPath(path)} is not below ${formatPath(base as Path)}`;
  }
  return undefined;
}

function instancesFault(nodes: readonly Node[]): string | undefined {
  const others = nodes.some(({ path }) => path.instanceId !== nodes[0]?.path.instanceId);
  return others ? 'one Create makes one instance' : undefined;
}

function pathsFault(paths: readonly Path[]): string | undefined {
  if (paths.length === 0) return 'no path is named';
  if (paths.length > MOST_PATHS) return `more than ${MOST_PATHS} paths`;
  return paths.map(spelledFault).find((fault) => fault !== undefined);
}
