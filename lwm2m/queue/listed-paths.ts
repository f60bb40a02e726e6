import type { Path } from '../model/path.ts';
import type { Operation } from '../operation/operation.ts';
import type { Registration } from '../registration/registration.ts';

/** Security and OSCORE are never listed (LwM2M 1.1 6.2.1), so that nothing follows from their absence. */
const UNLISTED: ReadonlySet<number> = new Set([0, 21]);

/**
 * False when a registration shows that the operation has nothing to go to. What asks for several paths goes on while one
 * of them is there; what writes several, only while all are.
 */
export function isAddressed(operation: Operation, registration: Registration): boolean {
  if (operation.type === 'create') return hasObject(registration, operation.path);
  if ('path' in operation) return isListed(registration, operation.path);
  if ('paths' in operation) return operation.paths.some((path) => isListed(registration, path));
  return operation.nodes.every(({ path }) => isListed(registration, path));
}

function hasObject({ objectLinks }: Registration, { objectId }: Path): boolean {
  return UNLISTED.has(objectId) || objectLinks.links.some((link) => link.objectId === objectId);
}

/** An object listed without its instances may have any. */
function isListed(registration: Registration, path: Path): boolean {
  const { objectId, instanceId } = path;
  if (instanceId === undefined || UNLISTED.has(objectId)) return hasObject(registration, path);
  return registration.objectLinks.links.some((link) => {
    return link.objectId === objectId && (link.instanceId === undefined || link.instanceId === instanceId);
  });
}
