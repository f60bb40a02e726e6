import { DecodeError, IpeError } from '../../common/index.ts';
import { excerpt } from '../registration/excerpt.ts';

/** A path under the root path; each level needs the one before it. Ids 0..65534 (LwM2M 1.1 6.1, 65535 is reserved). */
export interface Path {
  readonly objectId: number;
  readonly instanceId?: number;
  readonly resourceId?: number;
  readonly resourceInstanceId?: number;
}

/** The highest Object, Object Instance, Resource and Resource Instance ID; 65535 is MAX_ID (LwM2M 1.1 6.1). */
export const HIGHEST_ID = 65_534;

const LONGEST = 24;
const SHAPE = /^(?:\/(?:0|[1-9][0-9]{0,4})){1,4}$/;

/**
 * Reads `/3303/0/5700`: one to four ids without leading zeros, without a root path and without a query.
 * Throws DecodeError `lwm2m/path` for everything else, `/` included.
 */
export function parsePath(text: string): Path {
  if (text.length > LONGEST || !SHAPE.test(text)) throw notAPath(text);
  const ids = text.slice(1).split('/').map(Number);
  if (ids.some((id) => id > HIGHEST_ID)) throw notAPath(text);
  const [objectId, instanceId, resourceId, resourceInstanceId] = ids;
  return {
    objectId: objectId as number,
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(resourceId === undefined ? {} : { resourceId }),
    ...(resourceInstanceId === undefined ? {} : { resourceInstanceId }),
  };
}

/** The text that parsePath reads. IpeError `lwm2m/path` for an id out of range or a level without the one before it. */
export function formatPath(path: Path): string {
  let text = '';
  let ended = false;
  for (const id of [path.objectId, path.instanceId, path.resourceId, path.resourceInstanceId]) {
    if (id === undefined) {
      ended = true;
      continue;
    }
    if (ended) throw new IpeError('lwm2m/path', 'a level of a path needs the one before it');
    if (!Number.isInteger(id) || id < 0 || id > HIGHEST_ID) {
      throw new IpeError('lwm2m/path', `an id in a path is a whole number from 0 to ${HIGHEST_ID}`);
    }
    text += `/${id}`;
  }
  if (text === '') throw new IpeError('lwm2m/path', 'a path begins with an Object ID');
  return text;
}

function notAPath(text: string): DecodeError {
  return new DecodeError(
    'lwm2m/path',
    `a path is one to four ids from 0 to ${HIGHEST_ID}, such as /3303/0/5700, not "${excerpt(text)}"`,
  );
}
