import { encodeContent, type Node, type Path } from '../../lwm2m/index.ts';
import type { ObjectInstance, ObjectTree } from '../object-tree.ts';
import { objectModel } from '../objects/catalogue.ts';
import type { ResourceDefinition } from '../objects/definition.ts';
import { isSingle, OPAQUE, spokenFormat, TEXT } from './content-formats.ts';
import { type Answered, type Managed, NOT_ACCEPTABLE, NOT_ALLOWED, NOT_FOUND } from './managed.ts';
import { isMultiple, type Target } from './target.ts';

/** The values at a target; of an object or instance those that can be read (LwM2M 1.1 6.3.1). */
export function nodesAt(tree: ObjectTree, { path, instances, resource }: Target): Node[] {
  const [first] = instances;
  if (!resource || !first) {
    return instances.flatMap((instance) =>
      instance.definition.resources
        .filter(({ operations }) => operations.includes('R'))
        .flatMap((each) => resourceNodes(tree, instance, each))
        .sort((a, b) => (a.path.resourceId ?? 0) - (b.path.resourceId ?? 0)),
    );
  }
  const nodes = resourceNodes(tree, first, resource);
  const { resourceInstanceId } = path;
  if (resourceInstanceId === undefined) return nodes;
  return nodes.filter((node) => node.path.resourceInstanceId === resourceInstanceId);
}

/** Read, in the format asked for or the usual one (LwM2M 1.1 6.3.1, 7.4). */
export function read(managed: Managed, target: Target, accept: number | undefined): Answered {
  const { resource } = target;
  if (resource && !resource.operations.includes('R')) return NOT_ALLOWED;
  const nodes = nodesAt(managed.tree, target);
  if (resource && nodes.length === 0) return NOT_FOUND;
  return representation(managed, target.path, nodes, accept ?? usualFormat(managed, target.path, nodes));
}

/** Values in a format; 4.06 where the device does not speak it or it cannot hold them. `base` undefined: the root. */
export function representation(
  managed: Managed,
  base: Path | undefined,
  nodes: readonly Node[],
  accept: number,
): Answered {
  const format = spokenFormat(managed.formats, accept);
  if (format === undefined || (isSingle(format) && !isOneValue(base, nodes))) return NOT_ACCEPTABLE;
  try {
    const context = { base, find: objectModel, rootPath: managed.root };
    return { code: '2.05', contentFormat: format, payload: encodeContent(format, nodes, context) };
  } catch {
    return NOT_ACCEPTABLE;
  }
}

function usualFormat({ formats }: Managed, base: Path, nodes: readonly Node[]): number {
  if (!isOneValue(base, nodes)) return formats.usual;
  return Buffer.isBuffer(nodes[0]?.value) ? OPAQUE : TEXT;
}

/** True for the value of a resource without instances, and for that of one resource instance. */
function isOneValue(base: Path | undefined, nodes: readonly Node[]): boolean {
  const [first] = nodes;
  return (
    nodes.length === 1 && first?.path.resourceInstanceId === base?.resourceInstanceId && base?.resourceId !== undefined
  );
}

function resourceNodes(tree: ObjectTree, instance: ObjectInstance, resource: ResourceDefinition): Node[] {
  const content = tree.read(instance, resource);
  if (content === undefined) return [];
  const path = { objectId: instance.definition.id, instanceId: instance.instanceId, resourceId: resource.id };
  if (!isMultiple(content)) return [{ path, value: content }];
  return [...content]
    .sort(([a], [b]) => a - b)
    .map(([resourceInstanceId, value]) => ({ path: { ...path, resourceInstanceId }, value }));
}
