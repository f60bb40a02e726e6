import type { CoapCode } from '../lwm2m/index.ts';
import type { ObjectInstance, ObjectTree } from './object-tree.ts';
import type { ResourceContent, ResourceDefinition } from './objects/definition.ts';
import {
  type Entry,
  isMultiple,
  LINK_FORMAT,
  LWM2M_JSON,
  lwm2mJson,
  OPAQUE,
  SENML_JSON,
  senmlJson,
  TEXT,
  textOf,
  valueOfText,
} from './representation.ts';

/** A request of the server to the device. */
export interface DeviceRequest {
  readonly method: string;
  /** Path segments, the alternate root path already taken off. */
  readonly path: readonly string[];
  readonly accept: number | undefined;
  readonly contentFormat: number | undefined;
  readonly payload: Buffer;
}

/** What the device answers. */
export interface DeviceAnswer {
  readonly code: CoapCode;
  readonly contentFormat?: number;
  readonly payload?: string | Buffer;
  /** The resource that was executed or written, as `1/0/8`. */
  readonly touched?: string;
}

interface Target {
  readonly objectId: number;
  readonly instances: readonly ObjectInstance[];
  readonly resource?: ResourceDefinition;
  readonly depth: number;
}

const NOT_FOUND: DeviceAnswer = { code: '4.04' };
const NOT_ALLOWED: DeviceAnswer = { code: '4.05' };

/**
 * Answers Read, Discover, Write of one resource and Execute (LwM2M 1.0 5.4): 4.04 for what the device does not have,
 * 4.05 for what it cannot do, 4.06 and 4.15 for formats that it does not speak.
 */
export function answerRequest(tree: ObjectTree, root: string, request: DeviceRequest): DeviceAnswer {
  const target = find(tree, request.path);
  if (!target) return NOT_FOUND;
  switch (request.method) {
    case 'GET':
      return request.accept === LINK_FORMAT ? discover(target, root) : read(tree, target, request);
    case 'PUT':
      return write(tree, target, request);
    case 'POST':
      return execute(target);
    default:
      return NOT_ALLOWED;
  }
}

function find(tree: ObjectTree, path: readonly string[]): Target | undefined {
  if (path.length < 1 || path.length > 3 || !path.every((segment) => /^\d{1,5}$/.test(segment))) return undefined;
  const [objectId, instanceId, resourceId] = path.map(Number) as [number, number?, number?];
  const all = tree.instances(objectId);
  if (!all) return undefined;
  if (instanceId === undefined) return { objectId, instances: all, depth: 1 };
  const instance = tree.instance(objectId, instanceId);
  if (!instance) return undefined;
  if (resourceId === undefined) return { objectId, instances: [instance], depth: 2 };
  const resource = instance.definition.resources.find(({ id }) => id === resourceId);
  return resource && { objectId, instances: [instance], resource, depth: 3 };
}

function discover(target: Target, root: string): DeviceAnswer {
  const links: string[] = [];
  if (target.depth === 1) links.push(`<${root}/${target.objectId}>`);
  for (const { instanceId, definition } of target.instances) {
    const base = `${root}/${target.objectId}/${instanceId}`;
    if (target.resource) links.push(`<${base}/${target.resource.id}>`);
    else links.push(`<${base}>`, ...definition.resources.map(({ id }) => `<${base}/${id}>`));
  }
  return { code: '2.05', contentFormat: LINK_FORMAT, payload: links.join(',') };
}

function read(tree: ObjectTree, target: Target, request: DeviceRequest): DeviceAnswer {
  if (target.resource && !target.resource.operations.includes('R')) return NOT_ALLOWED;
  const [instance] = target.instances;
  const base = `/${request.path.join('/')}`;
  if (target.resource && instance) {
    const content = tree.read(instance, target.resource);
    return content === undefined ? NOT_FOUND : resourceContent(base, content, request.accept);
  }
  const entries = target.instances.flatMap((each) => readable(tree, each, target.depth === 1));
  return inJson(`${base}/`, entries, request.accept);
}

function resourceContent(base: string, content: ResourceContent, accept: number | undefined): DeviceAnswer {
  if (isMultiple(content)) return inJson(`${base}/`, [{ path: '', content }], accept);
  const plain = Buffer.isBuffer(content) ? OPAQUE : TEXT;
  if ((accept ?? plain) !== plain) return inJson(base, [{ path: '', content }], accept);
  return { code: '2.05', contentFormat: plain, payload: Buffer.isBuffer(content) ? content : textOf(content) };
}

function readable(tree: ObjectTree, instance: ObjectInstance, withInstance: boolean): Entry[] {
  return instance.definition.resources.flatMap((resource) => {
    const content = resource.operations.includes('R') ? tree.read(instance, resource) : undefined;
    if (content === undefined) return [];
    return [{ path: withInstance ? `${instance.instanceId}/${resource.id}` : String(resource.id), content }];
  });
}

function inJson(base: string, entries: readonly Entry[], accept: number = SENML_JSON): DeviceAnswer {
  if (accept === SENML_JSON) return { code: '2.05', contentFormat: accept, payload: senmlJson(base, entries) };
  if (accept === LWM2M_JSON) return { code: '2.05', contentFormat: accept, payload: lwm2mJson(base, entries) };
  return { code: '4.06' };
}

function write(tree: ObjectTree, { resource, instances: [instance] }: Target, request: DeviceRequest): DeviceAnswer {
  if (!resource || !instance) return { code: '4.15' };
  const { type } = resource;
  if (type === undefined || !resource.operations.includes('W')) return NOT_ALLOWED;
  const format = request.contentFormat ?? TEXT;
  if (format !== TEXT && !(format === OPAQUE && type === 'opaque')) return { code: '4.15' };
  const value = format === OPAQUE ? Buffer.from(request.payload) : valueOfText(request.payload.toString(), type);
  if (value === undefined) return { code: '4.00' };
  tree.write(instance, resource, value);
  return { code: '2.04', touched: request.path.join('/') };
}

function execute({ resource, instances: [instance], objectId }: Target): DeviceAnswer {
  if (!resource || !instance || resource.operations !== 'E') return NOT_ALLOWED;
  if (resource.executed?.(instance.written) === false) return NOT_ALLOWED;
  return { code: '2.04', touched: `${objectId}/${instance.instanceId}/${resource.id}` };
}
