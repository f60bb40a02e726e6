import { DecodeError, errorMessage, IpeError } from '../../common/index.ts';
import type { ContentInstance } from '../../cse-client/index.ts';
import type { Node, ObjectDefinition, Operation, ResourceDefinition } from '../../lwm2m/index.ts';
import { CONTENT_INFORMATION } from '../values/content-information.ts';
import type { InstancePath } from '../values/value-containers.ts';
import { ENCAPSULATION_LABEL, type EncodedContent } from '../values/value-instances.ts';
import type { Command } from './command-request.ts';
import { type CommandCodec, valuesBelow } from './command-values.ts';

/** What a contentInstance of an application in a container asks of the device (TS-0014 6.4.1). */
export type DirectCommandKind = 'write' | 'execute' | 'encapsulated';

/** Label by which an encapsulated instance is written in part, so that resources which it does not name stay. */
export const PARTIAL_WRITE_LABEL = 'LWM2MWRITE:partial';

/** Reads what the codec of values alone cannot: an encoded Object Instance. Throws DecodeError. */
export interface DirectCommandCodec extends CommandCodec {
  readonly decode: (content: EncodedContent, base: InstancePath) => Node[];
}

/**
 * What may be asked in the container of a path, by the operations of its resource; undefined: nothing. A resource that
 * the object model does not know is written, for the device knows what it takes.
 */
export function directCommandKind(
  { resourceId }: InstancePath,
  definition: ObjectDefinition | undefined,
): DirectCommandKind | undefined {
  if (resourceId === undefined) return 'encapsulated';
  const resource = definition?.resources.get(resourceId);
  if (resource === undefined || resource.operations.write) return 'write';
  return resource.operations.execute ? 'execute' : undefined;
}

/** Everything beside the contentInstance that a direct command is read with. */
export interface DirectCommandContext {
  readonly path: InstancePath;
  readonly kind: DirectCommandKind;
  /** That of the path's resource. */
  readonly resource: ResourceDefinition | undefined;
  readonly codec: DirectCommandCodec;
}

/** The command that an application's contentInstance is. Never throws: what cannot be asked has a reason. */
export function readDirectCommand(instance: ContentInstance, context: DirectCommandContext): Command {
  const { path, codec } = context;
  const about = { id: instance.ri, path: codec.formatPath(path), expires: undefined };
  try {
    return { ...about, asked: { operation: operation(instance, context) } };
  } catch (error) {
    if (!(error instanceof IpeError)) throw error;
    return { ...about, asked: { reason: errorMessage(error) } };
  }
}

function operation(instance: ContentInstance, { path, kind, resource, codec }: DirectCommandContext): Operation {
  switch (kind) {
    case 'execute':
      return { type: 'execute', path, arguments: executeArguments(instance.con) };
    case 'write': {
      return { type: 'write', path, mode: 'replace', nodes: written(instance, path, resource, codec) };
    }
    default:
      return encapsulatedWrite(instance, path, codec);
  }
}

/** Where a CSE takes no contentInstance without content, `true` and an empty text stand for no arguments. */
function executeArguments(content: unknown): string {
  if (content === undefined || content === null || content === true || content === 'true') return '';
  if (typeof content === 'number') return String(content);
  if (typeof content !== 'string') throw bad('the content is the arguments of the Execute, such as "0=\'a\',1"');
  return content;
}

function written(
  { con, cnf }: ContentInstance,
  path: InstancePath,
  resource: ResourceDefinition | undefined,
  codec: CommandCodec,
): Node[] {
  if (con === undefined || con === null) throw bad('there is no content to write');
  if (resource === undefined && typeof con === 'string' && cnf?.split(':')[0] === BYTES) {
    return [{ path, value: base64(con) }];
  }
  const several = resource?.multiple === true && path.resourceInstanceId === undefined;
  return valuesBelow(path, several ? parsedObject(con) : con, codec);
}

/** The instances of a multiple resource may come as a text that holds an object, where a CSE takes texts alone. */
function parsedObject(content: unknown): unknown {
  if (typeof content !== 'string' || !content.startsWith('{')) return content;
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}

function encapsulatedWrite(instance: ContentInstance, path: InstancePath, codec: DirectCommandCodec): Operation {
  const { lbl = [], con, cnf } = instance;
  if (!lbl.includes(ENCAPSULATION_LABEL)) {
    throw bad(`an encoded instance has the label ${ENCAPSULATION_LABEL}; values belong into the containers below`);
  }
  const content = encodedContent(con, cnf);
  const mode = lbl.includes(PARTIAL_WRITE_LABEL) ? 'partial' : 'replace';
  return {
    type: 'write',
    path,
    mode,
    nodes: codec.decode(content, path).map(({ path: one, value }) => ({ path: one, value })),
    format: content.format,
  };
}

/** The default where no content format is named (LwM2M 1.0 6.4, TS-0014 table 7.2-1). */
const TLV = 11542;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** contentInfo of bytes as base64: what the object model does not know is opaque then. */
const BYTES = 'application/octet-stream';

/** The payload that `con` holds by its contentInfo (TS-0004 6.3.3). Throws DecodeError `command/content`. */
export function encodedContent(con: unknown, contentInfo: string | undefined): EncodedContent {
  const [mediaType = '', encoding = '0'] = (contentInfo ?? '').split(':', 2);
  const row =
    contentInfo === undefined
      ? CONTENT_INFORMATION.find(({ format }) => format === TLV)
      : CONTENT_INFORMATION.find((one) => one.contentInfo.split(':')[0] === mediaType.trim().toLowerCase());
  if (row === undefined) throw bad(`${mediaType.slice(0, 60)} is no content format of LwM2M`);
  // What is text may have come as the JSON that it is.
  const text = row.text && typeof con === 'object' && con !== null ? JSON.stringify(con) : con;
  if (typeof text !== 'string') throw bad('the content is the encoded instance as text');
  if (row.text && encoding === '0') return { format: row.format, payload: Buffer.from(text, 'utf8') };
  return { format: row.format, payload: base64(text) };
}

function base64(text: string): Buffer {
  if (text.length % 4 !== 0 || !BASE64.test(text)) throw bad('the content is no base64');
  return Buffer.from(text, 'base64');
}

function bad(problem: string): DecodeError {
  return new DecodeError('command/content', problem);
}
