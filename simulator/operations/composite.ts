import { DecodeError } from '../../common/index.ts';
import { decodePaths, type Node, type Path } from '../../lwm2m/index.ts';
import { isSenml, SENML_JSON, spokenFormat } from './content-formats.ts';
import { type Answered, BAD_REQUEST, type Managed, UNSUPPORTED } from './managed.ts';
import { nodesAt, representation } from './read.ts';
import { find } from './target.ts';
import { apply, type Body, changesOf, readBody } from './write.ts';

/** The paths of a composite operation; undefined among them is the root. An answer where they cannot be read. */
export function compositePaths({ formats, root }: Managed, body: Body): readonly (Path | undefined)[] | Answered {
  const format = spokenFormat(formats, body.contentFormat ?? SENML_JSON);
  if (format === undefined || !isSenml(format)) return UNSUPPORTED;
  try {
    return decodePaths(format, body.payload, { rootPath: root });
  } catch (error) {
    if (error instanceof DecodeError) return BAD_REQUEST;
    throw error;
  }
}

/** The values at paths, each once; what the device does not have is left out (LwM2M 1.1 6.3.8). */
export function nodesAtPaths({ tree }: Managed, paths: readonly (Path | undefined)[]): Node[] {
  const whole = paths.includes(undefined) ? tree.objectIds().map((objectId) => ({ objectId })) : (paths as Path[]);
  const seen = new Set<string>();
  return whole.flatMap((path) => {
    const target = find(tree, path);
    if (!target || (target.resource && !target.resource.operations.includes('R'))) return [];
    return nodesAt(tree, target).filter((node) => {
      const { objectId, instanceId, resourceId, resourceInstanceId } = node.path;
      const key = `${objectId}/${instanceId}/${resourceId}/${resourceInstanceId}`;
      return !seen.has(key) && seen.add(key);
    });
  });
}

/** Read-Composite (LwM2M 1.1 6.3.8). */
export function readComposite(managed: Managed, body: Body, accept: number | undefined): Answered {
  const paths = compositePaths(managed, body);
  if (!Array.isArray(paths)) return paths as Answered;
  const asked = accept ?? spokenFormat(managed.formats, body.contentFormat ?? SENML_JSON) ?? SENML_JSON;
  return representation(managed, undefined, nodesAtPaths(managed, paths), asked);
}

/** Write-Composite: all of it or nothing (LwM2M 1.1 6.3.9). */
export function writeComposite(managed: Managed, body: Body): Answered {
  const format = spokenFormat(managed.formats, body.contentFormat ?? SENML_JSON);
  if (format === undefined || !isSenml(format)) return UNSUPPORTED;
  const nodes = readBody(managed, undefined, body);
  if (!Array.isArray(nodes)) return nodes;
  const changes = changesOf(managed.tree, nodes, 'partial');
  return Array.isArray(changes) ? { code: '2.04', effects: apply(managed.tree, changes) } : changes;
}
