import { type Clock, IpeError } from '../common/index.ts';
import type { Lwm2mVersion } from '../lwm2m/index.ts';
import { OBJECT_CATALOGUE, objectOf } from './objects/catalogue.ts';
import type {
  DeviceFacts,
  ObjectDefinition,
  ResourceContent,
  ResourceDefinition,
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
  readonly #selection: ObjectSelection;
  readonly #version: Lwm2mVersion;
  #startedAt = 0;

  /** Throws `IpeError` `simulator/object` where an object of the selection cannot be simulated. */
  constructor(selection: ObjectSelection, facts: () => DeviceFacts, clock: Clock, version: Lwm2mVersion = '1.1') {
    this.#version = version;
    this.#facts = facts;
    this.#clock = clock;
    this.#selection = selection;
    this.reset();
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
    const definition = objectOf(objectId, this.#version) as ObjectDefinition;
    const instances = this.#objects.get(objectId) as Map<number, ObjectInstance>;
    if (!instances.has(instanceId)) instances.set(instanceId, { definition, instanceId, written: new Map() });
  }

  /** Removes an instance; the object stays without any. */
  deleteInstance(objectId: number, instanceId: number): void {
    this.#objects.get(objectId)?.delete(instanceId);
  }

  /** Removes an instance; the object goes with its last one. */
  removeInstance(objectId: number, instanceId: number): void {
    this.deleteInstance(objectId, instanceId);
    if (this.#objects.get(objectId)?.size === 0) this.#objects.delete(objectId);
  }

  /** Everything as it was at first: nothing written, and the instances of the selection. */
  reset(): void {
    this.#objects.clear();
    this.#startedAt = this.#clock.wall();
    for (const [objectId, instanceIds] of Object.entries(this.#selection)) {
      this.addObject(Number(objectId));
      for (const instanceId of instanceIds) this.addInstance(Number(objectId), instanceId);
    }
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
      state: instance.written,
    });
  }

  /** Stores a value and lets the definition draw its consequences. */
  write(instance: ObjectInstance, resource: ResourceDefinition, value: ResourceContent): void {
    instance.written.set(resource.id, value);
    resource.written?.(value, instance.written);
  }

  /** Does what Execute means for the resource; false where it cannot be done now. */
  execute(instance: ObjectInstance, resource: ResourceDefinition): boolean {
    return resource.executed?.(instance.written) ?? true;
  }

  /** Whether the server may create and delete instances of the object. */
  mayCreate(objectId: number): boolean {
    return this.#objects.has(objectId) && OBJECT_CATALOGUE.get(objectId)?.multiple === true;
  }
}
