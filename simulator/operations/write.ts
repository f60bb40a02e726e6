import { DecodeError } from '../../common/index.ts';
import { decodeContent, type Node, type Path } from '../../lwm2m/index.ts';
import type { ObjectInstance, ObjectTree } from '../object-tree.ts';
import { objectModel } from '../objects/catalogue.ts';
import type { ResourceContent, ResourceDefinition, ResourceValue } from '../objects/definition.ts';
import { isSingle, spokenFormat, TEXT } from './content-formats.ts';
import {
  type Answered,
  BAD_REQUEST,
  type Effect,
  type Managed,
  NOT_ALLOWED,
  NOT_FOUND,
  UNSUPPORTED,
} from './managed.ts';
import { find, isMultiple, levelOf, type Target } from './target.ts';

/** A payload and its Content-Format. */
export interface Body {
  readonly contentFormat: number | undefined;
  readonly payload: Buffer;
}

/** One resource and what it is to hold. */
interface Change {
  readonly instance: ObjectInstance;
  readonly resource: ResourceDefinition;
  readonly content: ResourceContent;
}

/** Write of an instance, resource or resource instance; wholly or not at all (LwM2M 1.1 6.3.3). */
export function write(managed: Managed, target: Target, body: Body, mode: 'replace' | 'partial'): Answered {
  const { path, resource } = target;
  const level = levelOf(path);
  if (level === 1) return NOT_ALLOWED;
  if (resource && !resource.operations.includes('W')) return NOT_ALLOWED;
  const nodes = readBody(managed, path, body);
  if (!Array.isArray(nodes)) return nodes;
  if (level === 4 && !held(managed.tree, target)?.has(path.resourceInstanceId as number)) return NOT_FOUND;
  const changes = changesOf(managed.tree, nodes, level === 4 ? 'partial' : mode);
  if (!Array.isArray(changes)) return changes;
  if (level === 2 && mode === 'replace') clearWritable(target);
  return { code: '2.04', effects: apply(managed.tree, changes) };
}

/** The values of a payload; an answer where it cannot be read. */
export function readBody(managed: Managed, base: Path | undefined, body: Body): Node[] | Answered {
  const format = spokenFormat(managed.formats, body.contentFormat ?? TEXT);
  const level = base === undefined ? 1 : levelOf(base);
  if (format === undefined || (level < 3 && isSingle(format))) return UNSUPPORTED;
  if (base !== undefined && level === 3 && isSingle(format) && isMultipleResource(managed.tree, base))
    return UNSUPPORTED;
  try {
    return decodeContent(format, body.payload, { base, find: objectModel, rootPath: managed.root });
  } catch (error) {
    if (error instanceof DecodeError) return BAD_REQUEST;
    throw error;
  }
}

/** What the values change, without changing it yet; an answer where one of them cannot be written. */
export function changesOf(tree: ObjectTree, nodes: readonly Node[], mode: 'replace' | 'partial'): Change[] | Answered {
  const changes = new Map<string, Change>();
  for (const { path, value } of nodes) {
    const target = find(tree, path);
    const [instance] = target?.instances ?? [];
    const resource = target?.resource;
    if (!instance || !resource) return NOT_FOUND;
    if (!resource.operations.includes('W')) return NOT_ALLOWED;
    if (resource.accepts?.(value) === false) return BAD_REQUEST;
    if ((resource.multiple === true) !== (path.resourceInstanceId !== undefined)) return BAD_REQUEST;
    const key = `${path.objectId}/${path.instanceId}/${path.resourceId}`;
    if (path.resourceInstanceId === undefined) {
      changes.set(key, { instance, resource, content: value });
      continue;
    }
    const before = changes.get(key)?.content ?? (mode === 'partial' ? tree.read(instance, resource) : undefined);
    const content = new Map<number, ResourceValue>(before !== undefined && isMultiple(before) ? before : []);
    changes.set(key, { instance, resource, content: content.set(path.resourceInstanceId, value) });
  }
  return [...changes.values()];
}

/** Carries the changes out. */
export function apply(tree: ObjectTree, changes: readonly Change[]): Effect[] {
  return changes.map(({ instance, resource, content }) => {
    tree.write(instance, resource, content);
    const { definition, instanceId } = instance;
    return { type: 'written', path: { objectId: definition.id, instanceId, resourceId: resource.id } };
  });
}

/** An instance that is replaced keeps nothing that was written before (LwM2M 1.1 6.3.3). */
function clearWritable({ instances }: Target): void {
  for (const { definition, written } of instances) {
    for (const { id, operations } of definition.resources) if (operations === 'RW') written.delete(id);
  }
}

function held(
  tree: ObjectTree,
  { instances: [instance], resource }: Target,
): ReadonlyMap<number, ResourceValue> | undefined {
  const content = instance && resource && tree.read(instance, resource);
  return content !== undefined && isMultiple(content) ? content : undefined;
}

function isMultipleResource(tree: ObjectTree, base: Path): boolean {
  return find(tree, base)?.resource?.multiple === true;
}
