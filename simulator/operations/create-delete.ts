import type { Node, Path } from '../../lwm2m/index.ts';
import type { ObjectTree } from '../object-tree.ts';
import { TLV } from './content-formats.ts';
import { type Answered, BAD_REQUEST, type Managed, NOT_ALLOWED } from './managed.ts';
import { find, levelOf, type Target } from './target.ts';
import { apply, type Body, changesOf, readBody } from './write.ts';

/** Kind of a TLV: bits 7 and 6 of its first byte; 0 is an Object Instance (LwM2M 1.1 7.4.7). */
const TLV_KIND = 0xc0;

/** Create, with the instance ID of the server or one of the device's choice (LwM2M 1.1 6.3.6). */
export function create(managed: Managed, { path: { objectId } }: Target, body: Body): Answered {
  const { tree } = managed;
  if (!tree.mayCreate(objectId)) return NOT_ALLOWED;
  const read = contentOf(managed, objectId, body);
  if ('code' in read) return read;
  const { nodes, named } = read;
  const instanceId = named ?? freeInstance(tree, objectId);
  if (tree.instance(objectId, instanceId)) return BAD_REQUEST;
  tree.addInstance(objectId, instanceId);
  // Resources that the device does not have are left out; LwM2M lets a client do so.
  const known = nodes.filter((node) => find(tree, node.path)?.resource);
  const changes = changesOf(tree, known, 'replace');
  if (!Array.isArray(changes)) {
    tree.deleteInstance(objectId, instanceId);
    return changes;
  }
  const effects = [{ type: 'created', path: { objectId, instanceId } } as const, ...apply(tree, changes)];
  const segments = [String(objectId), String(instanceId)];
  const locationPath = managed.root === '' ? segments : [managed.root.slice(1), ...segments];
  return { code: '2.01', effects, ...(named === undefined ? { locationPath } : {}) };
}

/** Delete of an instance (LwM2M 1.1 6.3.7). */
export function deleteInstance({ tree, attributes }: Managed, { path }: Target): Answered {
  const { objectId, instanceId } = path;
  if (levelOf(path) !== 2 || instanceId === undefined || !tree.mayCreate(objectId)) return NOT_ALLOWED;
  tree.deleteInstance(objectId, instanceId);
  attributes.forget(path);
  return { code: '2.02', effects: [{ type: 'deleted', path }] };
}

/** The values of a Create, and the instance that they name; undefined: the device is to choose. */
function contentOf(
  managed: Managed,
  objectId: number,
  body: Body,
): { readonly nodes: Node[]; readonly named: number | undefined } | Answered {
  const { payload, contentFormat } = body;
  if (payload.length === 0) return { nodes: [], named: undefined };
  const [first = 0] = payload;
  const isTlv = contentFormat === TLV;
  const choose = isTlv && (first & TLV_KIND) !== 0;
  const base: Path = choose ? { objectId, instanceId: freeInstance(managed.tree, objectId) } : { objectId };
  const nodes = readBody(managed, base, body);
  if (!Array.isArray(nodes)) return nodes;
  if (choose) return { nodes, named: undefined };
  const ids = new Set(nodes.map(({ path }) => path.instanceId));
  if (isTlv && ids.size === 0) ids.add((first & 0x20) === 0 ? payload[1] : payload.readUInt16BE(1));
  return ids.size > 1 ? BAD_REQUEST : { nodes, named: [...ids][0] };
}

function freeInstance(tree: ObjectTree, objectId: number): number {
  let id = 0;
  while (tree.instance(objectId, id)) id += 1;
  return id;
}
