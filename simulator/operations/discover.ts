import { formatPath, type Path } from '../../lwm2m/index.ts';
import type { ObjectInstance } from '../object-tree.ts';
import { OBJECT_CATALOGUE } from '../objects/catalogue.ts';
import type { ResourceDefinition } from '../objects/definition.ts';
import { LINK_FORMAT } from './content-formats.ts';
import { type Answered, BAD_REQUEST, type Managed } from './managed.ts';
import { isMultiple, levelOf, type Target } from './target.ts';
import { attributeParameters } from './write-attributes.ts';

/** Levels listed below the path where the server names no `depth` (LwM2M 1.2 6.3.2). */
const USUAL_DEPTH: Readonly<Record<number, number>> = { 1: 2, 2: 1, 3: 1 };
const DEEPEST = 3;

/** Discover: links with the attributes of their level, of a resource with those that it inherits (LwM2M 1.1 6.3.2). */
export function discover(managed: Managed, target: Target, query: readonly string[]): Answered {
  const level = levelOf(target.path);
  if (level > 3) return { code: '4.05' };
  const asked = query.find((parameter) => parameter.startsWith('depth='))?.slice('depth='.length);
  const depth = asked !== undefined && managed.version === '1.2' ? Number(asked) : USUAL_DEPTH[level];
  if (depth === undefined || !(depth >= 0 && depth <= DEEPEST)) return BAD_REQUEST;
  const links = new Listing(managed, level + depth);
  if (level === 1) links.object(target.path.objectId, target.instances);
  else if (target.resource) links.resource(target.instances[0] as ObjectInstance, target.resource, true);
  else links.instance(target.instances[0] as ObjectInstance);
  return { code: '2.05', contentFormat: LINK_FORMAT, payload: links.text };
}

/** The links of one answer, down to a level. */
class Listing {
  readonly #managed: Managed;
  readonly #deepest: number;
  readonly #links: string[] = [];

  constructor(managed: Managed, deepest: number) {
    this.#managed = managed;
    this.#deepest = deepest;
  }

  get text(): string {
    return this.#links.join(',');
  }

  object(objectId: number, instances: readonly ObjectInstance[]): void {
    const version = OBJECT_CATALOGUE.get(objectId)?.versions[this.#managed.version];
    this.#add({ objectId }, version === undefined ? '' : `;ver=${version}`);
    for (const instance of instances) this.instance(instance);
  }

  instance(instance: ObjectInstance): void {
    if (this.#deepest < 2) return;
    const { definition, instanceId } = instance;
    this.#add({ objectId: definition.id, instanceId });
    for (const resource of definition.resources) this.resource(instance, resource, false);
  }

  resource(instance: ObjectInstance, resource: ResourceDefinition, asked: boolean): void {
    if (this.#deepest < 3) return;
    const { definition, instanceId } = instance;
    const path = { objectId: definition.id, instanceId, resourceId: resource.id };
    const content = resource.multiple === undefined ? undefined : this.#managed.tree.read(instance, resource);
    const several = content !== undefined && isMultiple(content) ? [...content.keys()] : undefined;
    this.#add(path, several ? `;dim=${several.length}` : '', asked);
    if (!several || this.#deepest < 4 || this.#managed.version === '1.0') return;
    for (const resourceInstanceId of several) this.#add({ ...path, resourceInstanceId });
  }

  #add(path: Path, facts = '', inherit = false): void {
    const { attributes, root, version } = this.#managed;
    const attached = inherit ? attributes.inForce(path) : attributes.at(path);
    this.#links.push(`<${root}${formatPath(path)}>${facts}${attributeParameters(attached, version)}`);
  }
}
