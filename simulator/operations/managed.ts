import type { Lwm2mVersion, Path } from '../../lwm2m/index.ts';
import type { DeviceAnswer } from '../coap/exchange.ts';
import type { ObjectTree } from '../object-tree.ts';
import type { AttributeStore } from './attribute-store.ts';
import type { Formats } from './content-formats.ts';

/** What the operations of a server work on. */
export interface Managed {
  readonly tree: ObjectTree;
  readonly attributes: AttributeStore;
  readonly version: Lwm2mVersion;
  /** Alternate root path with its slash; empty: none. */
  readonly root: string;
  readonly formats: Formats;
}

/** What an operation did beside its answer. */
export type Effect =
  | { readonly type: 'written'; readonly path: Path }
  | { readonly type: 'executed'; readonly path: Path; readonly arguments: string }
  | { readonly type: 'attributes-written'; readonly path: Path }
  | { readonly type: 'created'; readonly path: Path }
  | { readonly type: 'deleted'; readonly path: Path };

/** An answer and what came of the request. */
export interface Answered extends DeviceAnswer {
  readonly effects?: readonly Effect[];
}

/** The device does not have it. */
export const NOT_FOUND: Answered = { code: '4.04' };
/** The device has it, yet it is not for that. */
export const NOT_ALLOWED: Answered = { code: '4.05' };
/** The request makes no sense. */
export const BAD_REQUEST: Answered = { code: '4.00' };
/** The answer cannot be had in the format asked for. */
export const NOT_ACCEPTABLE: Answered = { code: '4.06' };
/** The device does not speak the format of the payload. */
export const UNSUPPORTED: Answered = { code: '4.15' };
