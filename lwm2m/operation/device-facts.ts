import type { ContentContext } from '../content/content.ts';
import type { ObjectDefinition } from '../model/definition.ts';
import type { ObjectModels } from '../model/object-models.ts';
import type { Path } from '../model/path.ts';
import type { Registration } from '../registration/registration.ts';

/** What translating an operation to CoAP and back needs to know of a device. */
export interface DeviceFacts {
  readonly registration: Registration;
  readonly models: Pick<ObjectModels, 'find'>;
  /** Milliseconds of the epoch, for times that a device tells relative to now. */
  readonly now: number;
}

/** The definition of an object in the version that the device listed (LwM2M 1.1 7.2). */
export function definitionOf({ registration, models }: DeviceFacts, objectId: number): ObjectDefinition | undefined {
  const version = registration.objectLinks.links.find((link) => link.objectId === objectId)?.version;
  return models.find(objectId, version, registration.version);
}

/** How content of the device is read and written; `base` undefined: the root. */
export function contentContext(facts: DeviceFacts, base: Path | undefined): ContentContext {
  return {
    base,
    find: (objectId) => definitionOf(facts, objectId),
    now: facts.now,
    rootPath: facts.registration.objectLinks.rootPath,
  };
}
