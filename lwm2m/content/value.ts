import type { Path } from '../model/path.ts';

/** The value of an Objlnk resource; 65535:65535 is the null link (LwM2M 1.1 C). */
export interface ObjectLinkValue {
  readonly objectId: number;
  readonly instanceId: number;
}

/**
 * A value of the LwM2M data model. Integer, unsigned and time: number, bigint beyond 2^53; time: seconds since 1970;
 * opaque: Buffer; string and corelnk: string.
 */
export type Value = string | number | bigint | boolean | Buffer | ObjectLinkValue;

/** One value of a resource or resource instance, with the time at which the device says it held (milliseconds of the epoch). */
export interface Node {
  readonly path: Path;
  readonly value: Value;
  readonly time?: number;
}
