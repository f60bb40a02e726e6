import { type Clock, IpeError } from '../common/index.ts';
import { OBJECT_CATALOGUE } from './objects/catalogue.ts';
import type {
  DeviceFacts,
  ObjectDefinition,
  ResourceContent,
  ResourceDefinition,
  ResourceValue,
  Written,
} from './objects/definition.ts';
import { seedOf } from './seeded-random.ts';

/** Instance IDs by object ID; an empty list is an object that is listed without instances. */
export type ObjectSelection = Readonly<Record<number, readonly number[]>>;

/** One instance: its object's definition, and what was written to it. */
export interface ObjectInstance {
  readonly definition: ObjectDefinition;
  readonly instanceId: number;
  readonly written: Written;
}

/** The objects and instances that a device has now, and their values. */
export class ObjectTree {
  readonly #objects = new Map<number, Map<number, ObjectInstance>>();
  readonly #facts: () => DeviceFacts;
  readonly #clock: Clock;
  readonly #startedAt: number;

  /** Throws `IpeError` `simulator/object` where an object of the selection cannot be simulated. */
  constructor(selection: ObjectSelection, facts: () => DeviceFacts, clock: Clock) {
    this.#facts = facts;
    this.#clock = clock;
    this.#startedAt = clock.wall();
    for (const [objectId, instanceIds] of Object.entries(selection)) {
      this.addObject(Number(objectId));
      for (const instanceId of instanceIds) this.addInstance(Number(objectId), instanceId);
    }
  }

  /** Object IDs in numeric order. */
  objectIds(): number[] {
    return [...this.#objects.keys()].sort((a, b) => a - b);
  }

  /** Instances of an object in numeric order; undefined where the device has no such object. */
  instances(objectId: number): ObjectInstance[] | undefined {
    const instances = this.#objects.get(objectId);
    return instances && [...instances.values()].sort((a, b) => a.instanceId - b.instanceId);
  }

  instance(objectId: number, instanceId: number): ObjectInstance | undefined {
    return this.#objects.get(objectId)?.get(instanceId);
  }

  /** Lists an object, without instances as yet. */
  addObject(objectId: number): void {
    if (!OBJECT_CATALOGUE.has(objectId)) {
      const known = [...OBJECT_CATALOGUE.keys()].join(', ');
      throw new IpeError('simulator/object', `object ${objectId} cannot be simulated; there are ${known}`);
    }
    if (!this.#objects.has(objectId)) this.#objects.set(objectId, new Map());
  }

  /** Adds an instance, and its object where needed; an instance that exists stays as it is. */
  addInstance(objectId: number, instanceId: number): void {
    this.addObject(objectId);
    const definition = OBJECT_CATALOGUE.get(objectId) as ObjectDefinition;
    const instances = this.#objects.get(objectId) as Map<number, ObjectInstance>;
    if (!instances.has(instanceId)) instances.set(instanceId, { definition, instanceId, written: new Map() });
  }

  /** Removes an instance; the object goes with its last one. */
  removeInstance(objectId: number, instanceId: number): void {
    const instances = this.#objects.get(objectId);
    instances?.delete(instanceId);
    if (instances?.size === 0) this.#objects.delete(objectId);
  }

  /** The value of a resource now; undefined where there is nothing to read. */
  read(instance: ObjectInstance, resource: ResourceDefinition): ResourceContent | undefined {
    const written = instance.written.get(resource.id);
    if (written !== undefined) return written;
    const device = this.#facts();
    return resource.value?.({
      wall: this.#clock.wall(),
      startedAt: this.#startedAt,
      seed: seedOf(`${device.endpoint} ${instance.definition.id}/${instance.instanceId}`),
      device,
    });
  }

  /** Stores a value and lets the definition draw its consequences. */
  write(instance: ObjectInstance, resource: ResourceDefinition, value: ResourceValue): void {
    instance.written.set(resource.id, value);
    resource.written?.(value, instance.written);
  }
}
