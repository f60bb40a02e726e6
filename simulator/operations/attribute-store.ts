import { formatPath, type NotificationAttributes, type Path } from '../../lwm2m/index.ts';

/** Attributes with a value. */
export type Attributes = { readonly [Name in keyof NotificationAttributes]?: number };

const NONE: Attributes = Object.freeze({});

/** The notification attributes that the server has attached, by path (LwM2M 1.1 5.1.2). */
export class AttributeStore {
  readonly #byPath = new Map<string, Attributes>();

  /** Those attached to this very path. */
  at(path: Path): Attributes {
    return this.#byPath.get(formatPath(path)) ?? NONE;
  }

  /** Those that hold for a path: of its own level before those of the levels above. */
  inForce(path: Path): Attributes {
    if (this.#byPath.size === 0) return NONE;
    const { objectId, instanceId, resourceId, resourceInstanceId } = path;
    const levels: Path[] = [{ objectId }];
    if (instanceId !== undefined) levels.push({ objectId, instanceId });
    if (instanceId !== undefined && resourceId !== undefined) levels.push({ objectId, instanceId, resourceId });
    if (resourceInstanceId !== undefined) levels.push(path);
    return Object.assign({}, ...levels.map((level) => this.at(level)));
  }

  /** Replaces those attached to this very path. */
  set(path: Path, attributes: Attributes): void {
    const key = formatPath(path);
    if (Object.keys(attributes).length === 0) this.#byPath.delete(key);
    else this.#byPath.set(key, attributes);
  }

  /** Forgets those of an instance and of all below it. */
  forget(instance: Path): void {
    const key = formatPath(instance);
    for (const path of this.#byPath.keys()) {
      if (path === key || path.startsWith(`${key}/`)) this.#byPath.delete(path);
    }
  }

  /** Forgets all of them. */
  clear(): void {
    this.#byPath.clear();
  }
}
