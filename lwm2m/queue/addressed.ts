import type { Operation } from '../operation/operation.ts';
import { isListed, listsObject } from '../registration/listed-paths.ts';
import type { Registration } from '../registration/registration.ts';

/**
 * False when a registration shows that the operation has nothing to go to. What asks for several paths goes on while one
 * of them is there; what writes several, only while all are.
 */
export function isAddressed(operation: Operation, registration: Registration): boolean {
  if (operation.type === 'create') return listsObject(registration, operation.path.objectId);
  if ('path' in operation) return isListed(registration, operation.path);
  if ('paths' in operation) return operation.paths.some((path) => isListed(registration, path));
  return operation.nodes.every(({ path }) => isListed(registration, path));
}
