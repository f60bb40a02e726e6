/** Data types of resources (LwM2M 1.1 appendix C); `none`: executable, or the definition names no type. */
export type DataType =
  | 'string'
  | 'integer'
  | 'unsigned'
  | 'float'
  | 'boolean'
  | 'opaque'
  | 'time'
  | 'objlnk'
  | 'corelnk'
  | 'none';

/** What a server may do with a resource; none of it: only a Bootstrap-Server may touch it (LwM2M 1.1 appendix D). */
export interface ResourceOperations {
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
}

/** A resource as its object definition describes it (LwM2M 1.1 appendix D). */
export interface ResourceDefinition {
  readonly id: number;
  readonly name: string;
  readonly type: DataType;
  readonly operations: ResourceOperations;
  /** May have Resource Instances. */
  readonly multiple: boolean;
  readonly mandatory: boolean;
  /** As written, mostly a SenML unit (RFC 8428 12.1); absent: none. */
  readonly units?: string;
  /** RangeEnumeration as written, for people; its notation is not uniform. Absent: none. */
  readonly range?: string;
  /** The version that has it first, where it is later than that of the definition it was completed with. */
  readonly since?: string;
}

/** One version of an object (LwM2M 1.1 appendix D); shared and never changed. */
export interface ObjectDefinition {
  readonly id: number;
  readonly name: string;
  /** As registered, e.g. `urn:oma:lwm2m:ext:3303:1.1`; version 1.0 is mostly left out. */
  readonly urn: string;
  /** ObjectVersion, `major.minor`. */
  readonly version: string;
  /** The lowest LwM2M version that the object needs; absent: not said. */
  readonly lwm2mVersion?: string;
  /** May have more than one Object Instance. */
  readonly multiple: boolean;
  readonly mandatory: boolean;
  /** By Resource ID, ascending. */
  readonly resources: ReadonlyMap<number, ResourceDefinition>;
}
