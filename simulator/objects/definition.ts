import type { DataType, Lwm2mVersion, Value } from '../../lwm2m/index.ts';

/** A resource's value; Time is a number of seconds since 1970. */
export type ResourceValue = Value;

/** A value, or the values of the instances of a multiple resource. */
export type ResourceContent = ResourceValue | ReadonlyMap<number, ResourceValue>;

/** Data types of the object registry. */
export type ResourceType = Exclude<DataType, 'none'>;

/** What a value may depend on. */
export interface ValueContext {
  /** Wall clock, ms. */
  readonly wall: number;
  /** Wall clock when the device was made, ms. */
  readonly startedAt: number;
  /** Differs for each instance of each device, the same in every run. */
  readonly seed: number;
  readonly device: DeviceFacts;
  /** What was written to the instance, and what its definition keeps there. */
  readonly state: Written;
}

/** What the device's own objects say about it. */
export interface DeviceFacts {
  readonly endpoint: string;
  /** Seconds. */
  readonly lifetime: number;
  /** As object 1 resource 7 shows it, e.g. `U` or `UQ`. */
  readonly binding: string;
}

/** Values that were written to an instance, by resource; they stand before the definition's own. */
export type Written = Map<number, ResourceContent>;

/** One row of an object's table. */
export interface ResourceDefinition {
  readonly id: number;
  readonly name: string;
  readonly operations: 'R' | 'W' | 'RW' | 'E';
  /** Absent on what can only be executed. */
  readonly type?: ResourceType;
  /** The version of LwM2M whose object has it; absent: all. */
  readonly since?: Lwm2mVersion;
  /** Has resource instances. */
  readonly multiple?: true;
  /** The value while nothing was written; absent: there is none to read. */
  readonly value?: (context: ValueContext) => ResourceContent;
  /** False refuses a value that is written (4.00). */
  readonly accepts?: (value: ResourceValue) => boolean;
  /** What a Write changes beside the value itself. */
  readonly written?: (value: ResourceContent, state: Written) => void;
  /** What Execute does; false refuses it (4.05). */
  readonly executed?: (state: Written) => boolean;
}

/** An object as its definition in the registry has it, so far as it is simulated. */
export interface ObjectDefinition {
  readonly id: number;
  readonly name: string;
  /** The server may create and delete instances. */
  readonly multiple?: true;
  /** `ver` of the object link by the version of LwM2M; absent: 1.0, which is not listed. */
  readonly versions: Partial<Record<Lwm2mVersion, string>>;
  readonly resources: readonly ResourceDefinition[];
}
