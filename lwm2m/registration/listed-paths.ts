import type { Path } from '../model/path.ts';
import type { Registration } from './registration.ts';

/** Security and OSCORE are never listed (LwM2M 1.1 6.2.1), so that nothing follows from their absence. */
const UNLISTED: ReadonlySet<number> = new Set([0, 21]);

/** Whether a registration lists an object, alone or with instances. */
export function listsObject({ objectLinks }: Registration, objectId: number): boolean {
  return UNLISTED.has(objectId) || objectLinks.links.some((link) => link.objectId === objectId);
}

/** Whether something may be at a path, as the registration has it: an object listed without its instances may have any. */
export function isListed(registration: Registration, { objectId, instanceId }: Path): boolean {
  if (instanceId === undefined || UNLISTED.has(objectId)) return listsObject(registration, objectId);
  return registration.objectLinks.links.some((link) => {
    return link.objectId === objectId && (link.instanceId === undefined || link.instanceId === instanceId);
  });
}
