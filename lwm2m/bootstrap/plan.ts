import type { Value } from '../content/value.ts';
import type { Path } from '../model/path.ts';
import type { Lwm2mVersion } from '../registration/registration.ts';

/** One value of an instance that is to be written. */
export interface PlannedResource {
  readonly resourceId: number;
  /** On a multiple resource. */
  readonly resourceInstanceId?: number;
  readonly value: Value;
  /** The versions of LwM2M whose objects have it so; absent: all. */
  readonly since?: Lwm2mVersion;
  readonly until?: Lwm2mVersion;
}

/** One object instance that a client is given. */
export interface PlannedInstance {
  readonly objectId: number;
  /**
   * Absent: that of the account with the same Short Server ID, where the client keeps one; else a free one. Whatever is
   * said, the account of the Bootstrap-Server keeps its own.
   */
  readonly instanceId?: number;
  /** Of an instance of Object 0 or 1: the account that it is part of. */
  readonly shortServerId?: number;
  readonly resources: readonly PlannedResource[];
}

/** What is to be deleted: everything (`/`), an object, or one instance (LwM2M 1.1 6.1.7.6). */
export type DeletionTarget = '/' | Path;

/** What becomes of a client in one bootstrap session (LwM2M 1.1 6.1.4). */
export interface BootstrapPlan {
  /** Objects 1 and 2, or instances of them, that are read before anything is changed (LwM2M 1.1 6.1.7.3). */
  readonly reads?: readonly Path[];
  readonly deletes: readonly DeletionTarget[];
  readonly instances: readonly PlannedInstance[];
}
