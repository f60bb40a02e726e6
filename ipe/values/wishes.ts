import type { DataType, NotificationAttributes, Operation, Outcome, ResourceDefinition } from '../../lwm2m/index.ts';
import { type InstancePath, type NotificationWish, valueContainerPath } from '../../mappings/index.ts';
import { isWithin } from './value-containers.ts';

/** What is wished of one path, and what the device has been told of it. */
interface Wished {
  readonly path: InstancePath;
  /** Undefined: nothing any more; it goes when the device knows that. */
  wish: NotificationAttributes | undefined;
  /** Attributes that the device holds, as far as we know. */
  told: NotificationAttributes;
  observed: boolean;
  /** The device has refused these attributes, or the observation: not asked again until the wish or the device changes. */
  refused: Set<StepType> | undefined;
}

type StepType = 'write-attributes' | 'observe' | 'cancel-observe';

/** What the device is to be asked next for the sake of one wish. */
export interface WishStep {
  readonly wished: Wished;
  readonly operation: Extract<Operation, { type: StepType }>;
}

const NAMES = ['pmin', 'pmax', 'gt', 'lt', 'st'] as const;
const NUMERIC: ReadonlySet<DataType> = new Set(['integer', 'unsigned', 'float', 'time']);
const NOTHING: NotificationAttributes = {};

/**
 * What applications wish of the notifications of one device, as steps that bring the device there: attributes that changed
 * (LwM2M 1.1 6.3.4), then the observation (6.4.1); where a wish ends, the observation first (6.4.3), then the attributes.
 */
export class Wishes {
  readonly #wished = new Map<string, Wished>();

  get size(): number {
    return this.#wished.size;
  }

  /** True where something is, or was, wished of this very path. */
  has(path: InstancePath): boolean {
    return this.#wished.has(valueContainerPath(path));
  }

  /** True where this very path is observed by a wish. */
  isObserved(container: string): boolean {
    return this.#wished.get(container)?.observed === true;
  }

  /** True where a path, its resource or its instance is observed by a wish. */
  covers({ objectId, instanceId, resourceId, resourceInstanceId }: InstancePath): boolean {
    const instance = { objectId, instanceId };
    const resource = resourceId === undefined ? instance : { ...instance, resourceId };
    const path = resourceInstanceId === undefined ? resource : { ...resource, resourceInstanceId };
    return [instance, resource, path].some((level) => this.isObserved(valueContainerPath(level)));
  }

  /** Milliseconds within which the device is to notify of this very path; undefined: it was told no such time. */
  within(path: InstancePath): number | undefined {
    const pmax = this.#wished.get(valueContainerPath(path))?.told.pmax;
    return pmax === undefined || pmax === null ? undefined : pmax * 1_000;
  }

  /** The path is observed for the sake of a wish that an earlier run was told of, and that is none any more. */
  outlived(path: InstancePath): void {
    const known = { path, wish: undefined, told: NOTHING, observed: true, refused: undefined };
    this.#wished.set(valueContainerPath(path), known);
  }

  set(path: InstancePath, wish: NotificationAttributes | undefined): void {
    const container = valueContainerPath(path);
    const known = this.#wished.get(container);
    if (known !== undefined) {
      known.wish = wish;
      known.refused = undefined;
    } else if (wish !== undefined) {
      this.#wished.set(container, { path, wish, told: NOTHING, observed: false, refused: undefined });
    }
  }

  /** Takes back the wishes at and below a container; all of them without one. */
  end(container?: string): void {
    for (const [name, { path }] of this.#wished) {
      if (container === undefined || isWithin(name, container)) this.set(path, undefined);
    }
  }

  /** What stands at and below a container is gone from the device, too. */
  drop(container: string): void {
    for (const name of this.#wished.keys()) if (isWithin(name, container)) this.#wished.delete(name);
  }

  /** The device registered again: it knows of no attributes and no observations (LwM2M 1.1 5.1.2, 6.4.1). */
  forgotten(): void {
    for (const [container, wished] of this.#wished) {
      if (wished.wish === undefined) this.#wished.delete(container);
      Object.assign(wished, { told: NOTHING, observed: false, refused: undefined });
    }
  }

  /** The device ended the observation of a path. */
  ended(path: InstancePath): void {
    const wished = this.#wished.get(valueContainerPath(path));
    if (wished !== undefined) wished.observed = false;
  }

  /** The next thing to ask; undefined: the device is as wished, as far as it lets us. */
  next(): WishStep | undefined {
    for (const [container, wished] of this.#wished) {
      const step = nextStep(wished);
      if (step !== undefined) return step;
      if (wished.wish === undefined) this.#wished.delete(container);
    }
    return undefined;
  }

  /** The device has answered a step. */
  settle({ wished, operation }: WishStep, outcome: Outcome): void {
    const { type } = operation;
    if (type === 'cancel-observe') wished.observed = false;
    else if (outcome.kind !== 'success') {
      wished.refused ??= new Set();
      wished.refused.add(type);
    } else if (type === 'observe') {
      wished.observed = true;
      // The value came, but no changes will.
      if (outcome.observing === false) wished.refused = (wished.refused ?? new Set()).add('observe');
    } else wished.told = without(null, { ...wished.told, ...operation.attributes });
  }
}

function nextStep(wished: Wished): WishStep | undefined {
  const { path, wish, told, observed } = wished;
  const step = (operation: WishStep['operation']) =>
    wished.refused?.has(operation.type) === true ? undefined : { wished, operation };
  if (wish === undefined && observed) return step({ type: 'cancel-observe', path });
  const attributes = changed(told, wish ?? NOTHING);
  const telling = attributes === undefined ? undefined : step({ type: 'write-attributes', path, attributes });
  if (telling !== undefined || wish === undefined || observed) return telling;
  return step({ type: 'observe', path });
}

/** What has to be written so that `told` becomes `wanted`; undefined: nothing. */
function changed(told: NotificationAttributes, wanted: NotificationAttributes): NotificationAttributes | undefined {
  const entries = NAMES.filter((name) => told[name] !== wanted[name]).map((name) => [name, wanted[name] ?? null]);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function without(value: null, attributes: NotificationAttributes): NotificationAttributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, one]) => one !== value));
}

/**
 * A wish as attributes of a path: `gt`, `lt` and `st` belong to a single number (LwM2M 1.1 5.1.2), and to what no model
 * knows.
 */
export function attributesOf(
  wish: NotificationWish,
  path: InstancePath,
  definition: ResourceDefinition | undefined,
): NotificationAttributes {
  const { pmin, pmax, gt, lt, st } = wish;
  const single = path.resourceInstanceId !== undefined || definition?.multiple !== true;
  const numeric = path.resourceId !== undefined && single && NUMERIC.has(definition?.type ?? 'float');
  const named = numeric ? { pmin, pmax, gt, lt, st } : { pmin, pmax };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}
