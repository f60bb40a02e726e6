import type { Node } from '../content/value.ts';
import type { Path } from '../model/path.ts';
import type { NotificationAttributes } from './notification-attributes.ts';

/** Read (LwM2M 1.1 6.3.1). `format`: the content format wished for; the answer may come in another. */
export interface Read {
  readonly type: 'read';
  readonly path: Path;
  readonly format?: number;
}

/** Discover (LwM2M 1.1 6.3.2). `depth`: levels below the path, 0 to 3 (LwM2M 1.2). */
export interface Discover {
  readonly type: 'discover';
  readonly path: Path;
  readonly depth?: number;
}

/** Write (LwM2M 1.1 6.3.3): `replace` an instance, resource or resource instance, or update an instance in part. */
export interface Write {
  readonly type: 'write';
  readonly path: Path;
  readonly mode: 'replace' | 'partial';
  readonly nodes: readonly Node[];
  readonly format?: number;
}

/** Write-Attributes (LwM2M 1.1 6.3.4). */
export interface WriteAttributes {
  readonly type: 'write-attributes';
  readonly path: Path;
  readonly attributes: NotificationAttributes;
}

/** Execute (LwM2M 1.1 6.3.5), e.g. with the arguments `2='10.3',7`. */
export interface Execute {
  readonly type: 'execute';
  readonly path: Path;
  readonly arguments?: string;
}

/**
 * Create (LwM2M 1.1 6.3.6). `path` names the new instance, or only the object: then the device chooses the number, and
 * the instance number in the nodes' paths, one for all of them, means nothing.
 */
export interface Create {
  readonly type: 'create';
  readonly path: Path;
  readonly nodes: readonly Node[];
  readonly format?: number;
}

/** Delete (LwM2M 1.1 6.3.7). */
export interface Delete {
  readonly type: 'delete';
  readonly path: Path;
}

/** Observe (LwM2M 1.1 6.4.1). What is observed already is asked for anew under the same token (RFC 7641 3.1). */
export interface Observe {
  readonly type: 'observe';
  readonly path: Path;
  readonly format?: number;
}

/** Cancel Observation (LwM2M 1.1 6.4.3). */
export interface CancelObserve {
  readonly type: 'cancel-observe';
  readonly path: Path;
}

/** Read-Composite (LwM2M 1.1 6.3.8). */
export interface ReadComposite {
  readonly type: 'read-composite';
  readonly paths: readonly Path[];
}

/** Write-Composite (LwM2M 1.1 6.3.9): all of it, or none. */
export interface WriteComposite {
  readonly type: 'write-composite';
  readonly nodes: readonly Node[];
}

/** Observe-Composite (LwM2M 1.1 6.4.4). */
export interface ObserveComposite {
  readonly type: 'observe-composite';
  readonly paths: readonly Path[];
}

/** Cancel Observation-Composite (LwM2M 1.1 6.4.5); the paths in the order in which they were observed. */
export interface CancelObserveComposite {
  readonly type: 'cancel-observe-composite';
  readonly paths: readonly Path[];
}

/** What a LwM2M server may ask of a client; knows nothing of CoAP. */
export type Operation =
  | Read
  | Discover
  | Write
  | WriteAttributes
  | Execute
  | Create
  | Delete
  | Observe
  | CancelObserve
  | ReadComposite
  | WriteComposite
  | ObserveComposite
  | CancelObserveComposite;

/** The name of an operation. */
export type OperationType = Operation['type'];
