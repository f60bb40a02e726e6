import type { Lwm2mVersion } from '../registration/registration.ts';

/**
 * The version of each core object that an LwM2M version contains, and that a client means when it lists the object
 * without `ver` (LwM2M 1.0 6.2.3, 1.1 and 1.2 7.2.3; appendix E). Where patch releases of one LwM2M version differ,
 * the last one counts (1.0.2, 1.1.1, 1.2.1). Objects that are missing here have version 1.0 in every release that has
 * them.
 */
const CORE_OBJECT_VERSIONS: Readonly<Record<Lwm2mVersion, Readonly<Record<number, string>>>> = {
  '1.0': {},
  '1.1': { 0: '1.1', 1: '1.1', 3: '1.1', 4: '1.2' },
  '1.2': { 0: '1.2', 1: '1.2', 2: '1.1', 3: '1.2', 4: '1.3', 5: '1.1', 21: '1.1' },
};

/** The version of an object that a client means which lists it without one, e.g. `1.1`. */
export function defaultObjectVersion(objectId: number, lwm2mVersion: Lwm2mVersion): string {
  return CORE_OBJECT_VERSIONS[lwm2mVersion][objectId] ?? '1.0';
}
