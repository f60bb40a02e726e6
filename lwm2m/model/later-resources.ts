import type { ObjectDefinition, ResourceDefinition } from './definition.ts';

/**
 * The definition, and the resources that only later versions of it have, as the first of those describes them. Minor
 * versions add resources and change none (LwM2M 1.1 7.2.2). None of the added ones is mandatory in this version.
 */
export function withLaterResources(definition: ObjectDefinition, later: readonly ObjectDefinition[]): ObjectDefinition {
  const resources = new Map<number, ResourceDefinition>(definition.resources);
  for (const { version, resources: added } of later) {
    for (const [id, resource] of added) {
      if (!resources.has(id)) resources.set(id, { ...resource, mandatory: false, since: version });
    }
  }
  if (resources.size === definition.resources.size) return definition;
  return { ...definition, resources: new Map([...resources].sort(([a], [b]) => a - b)) };
}
