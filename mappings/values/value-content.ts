import type { ContentInstance, Dialect } from '../../cse-client/index.ts';
import type { DataType, ObjectLinkValue, Value } from '../../lwm2m/index.ts';
import { containerName } from '../names.ts';

/** What a CSE takes in a contentInstance. */
export type ContentForm = Pick<Dialect, 'content' | 'contentRef' | 'dataGenerationTime'>;

/** Attributes of a contentInstance that hold a value. */
export type ValueContent = Pick<ContentInstance, 'con' | 'cnf' | 'conr'>;

/** contentInfo of the types whose `con` needs one to be understood (TS-0004 6.3.3). */
const OPAQUE_INFO = 'application/octet-stream:2';
const LINK_INFO = 'application/link-format:0';
/** Both halves of the null link (LwM2M 1.1 C). */
const NULL_ID = 65_535;

/**
 * A value as content (TS-0014 8.2.1): numbers and booleans as JSON, opaque as base64, an object link as `3:0` and, where
 * the CSE knows it, as `conr` to the container below `aeAddress` (TS-0014 8.2.2). What JSON cannot say is text.
 */
export function valueContent(
  value: Value,
  type: DataType | undefined,
  form: ContentForm,
  aeAddress: string,
): ValueContent {
  if (Buffer.isBuffer(value)) return { con: value.toString('base64'), cnf: OPAQUE_INFO };
  if (typeof value === 'object') return objectLink(value, form, aeAddress);
  if (typeof value === 'string') return type === 'corelnk' ? { con: value, cnf: LINK_INFO } : { con: value };
  const json = typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
  return { con: json && form.content === 'any' ? value : String(value) };
}

function objectLink(value: ObjectLinkValue, form: ContentForm, aeAddress: string): ValueContent {
  const { objectId, instanceId } = value;
  const con = `${objectId}:${instanceId}`;
  if (!form.contentRef || objectId === NULL_ID) return { con };
  const target = instanceId === NULL_ID ? { objectId } : { objectId, instanceId };
  return { con, conr: [{ nm: 'ObjectLink', uri: `${aeAddress}/${containerName(target)}` }] };
}
