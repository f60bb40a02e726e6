import { DecodeError, IpeError } from '../../common/index.ts';
import type { DataType, ObjectDefinition } from '../model/definition.ts';
import type { Path } from '../model/path.ts';
import type { ContentLimits } from './limits.ts';

/** What a codec knows beside the payload: the settings of the caller, completed. */
export class CodecContext {
  /** The path of the request; undefined is the root (composite operations and Send). */
  readonly base: Path | undefined;
  readonly limits: ContentLimits;
  /** Milliseconds of the epoch, for relative times; undefined when nobody said. */
  readonly now: number | undefined;
  /** The alternate root path, with a leading and without a final slash; empty when there is none. */
  readonly rootPath: string;
  readonly #find: ((objectId: number) => ObjectDefinition | undefined) | undefined;
  #objectId = -1;
  #definition: ObjectDefinition | undefined;

  constructor(
    base: Path | undefined,
    limits: ContentLimits,
    now: number | undefined,
    rootPath: string,
    find: ((objectId: number) => ObjectDefinition | undefined) | undefined,
  ) {
    this.base = base;
    this.limits = limits;
    this.now = now;
    this.rootPath = rootPath;
    this.#find = find;
  }

  /** The definition of an object; undefined when the model does not know it. */
  definition(objectId: number): ObjectDefinition | undefined {
    if (objectId !== this.#objectId) {
      this.#definition = this.#find?.(objectId);
      this.#objectId = objectId;
    }
    return this.#definition;
  }

  /** The data type of a resource; undefined when the model does not know it. */
  type(objectId: number, resourceId: number): DataType | undefined {
    return this.definition(objectId)?.resources.get(resourceId)?.type;
  }

  /** The data type of the resource of a path; undefined above resources and where the model does not know it. */
  typeOf(path: Path): DataType | undefined {
    return path.resourceId === undefined ? undefined : this.type(path.objectId, path.resourceId);
  }

  /** The base of a format that holds one value only. Throws DecodeError `content/base` when it is no resource. */
  resource(): Path {
    if (this.base?.resourceId === undefined) {
      throw new DecodeError('content/base', 'A format for one resource came for something else');
    }
    return this.base;
  }
}

/** The error of an encoder: the value or the set of values has no form in the format. */
export function inexpressible(code: string, message: string): IpeError {
  return new IpeError(`content/${code}`, message);
}

/** A root path with a leading and without a final slash; empty for the usual root. */
export function plainRootPath(rootPath: string | undefined): string {
  if (rootPath === undefined || rootPath === '/' || rootPath === '') return '';
  const start = rootPath.startsWith('/') ? rootPath : `/${rootPath}`;
  return start.endsWith('/') ? start.slice(0, -1) : start;
}
