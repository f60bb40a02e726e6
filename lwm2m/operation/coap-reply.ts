import { DecodeError } from '../../common/index.ts';
import type { CoapReply } from '../coap/outgoing-request.ts';
import type { CoapCode } from '../coap/types.ts';
import { decodeContent } from '../content/content.ts';
import { isInside, pathOfName } from '../content/resource-path.ts';
import type { Node } from '../content/value.ts';
import type { Path } from '../model/path.ts';
import { excerpt } from '../registration/excerpt.ts';
import { instanceToCreate } from './coap-request.ts';
import { contentContext, type DeviceFacts } from './device-facts.ts';
import { readDiscoverAnswer } from './discover-answer.ts';
import type { Create, Operation } from './operation.ts';
import { OPERATION_RULES } from './operation-rules.ts';
import { invalid, type Outcome, type Success } from './outcome.ts';

const TEXT = 0;
const TLV = 11542;
const LINK_FORMAT = 40;

/** The part of a response or notification that holds values. */
export interface Content {
  readonly contentFormat?: number | undefined;
  readonly payload: Buffer;
}

/** What a reply to an operation means. `format`: what the request was sent with; it counts for Create. */
export function outcomeOfReply(
  operation: Operation,
  reply: CoapReply,
  format: number | undefined,
  facts: DeviceFacts,
): Outcome {
  const { code } = reply;
  if (code.startsWith('4.') || code.startsWith('5.')) return refused(reply);
  const { success, content } = OPERATION_RULES[operation.type];
  // Some devices confuse the codes of success: what was done is done.
  if (code !== success && (content || !code.startsWith('2.'))) return invalid(`unexpected response code ${code}`);
  try {
    return { kind: 'success', code, ...successPart(operation, reply, format, facts) };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return invalid(`the answer cannot be read: ${error.message}`);
  }
}

/** The values in an answer, of those paths alone; one path is the base of the names in it. Throws `DecodeError`. */
export function valuesOf(content: Content, paths: readonly Path[], composite: boolean, facts: DeviceFacts): Node[] {
  const base = composite ? undefined : paths[0];
  const nodes = decodeContent(content.contentFormat, content.payload, contentContext(facts, base));
  return nodes.filter(({ path }) => paths.some((wanted) => isInside(path, wanted)));
}

/** Content as it came; without a Content-Format it was taken for text of a resource, for TLV of anything above. */
export function rawContent({ contentFormat, payload }: Content, path?: Path): { format: number; payload: Buffer } {
  return { format: contentFormat ?? (path?.resourceId === undefined ? TLV : TEXT), payload };
}

function refused({ code, payload }: CoapReply): Outcome {
  const reason = excerpt(payload.subarray(0, 256).toString('utf8').trim());
  return reason === '' ? { kind: 'refused', code } : { kind: 'refused', code, reason };
}

function successPart(
  operation: Operation,
  reply: CoapReply,
  format: number | undefined,
  facts: DeviceFacts,
): Partial<Success> {
  switch (operation.type) {
    case 'read':
      return { nodes: valuesOf(reply, [operation.path], false, facts), content: rawContent(reply, operation.path) };
    case 'observe':
      return {
        nodes: valuesOf(reply, [operation.path], false, facts),
        content: rawContent(reply, operation.path),
        observing: reply.observe !== undefined,
      };
    case 'read-composite':
      return { nodes: valuesOf(reply, operation.paths, true, facts), content: rawContent(reply) };
    case 'observe-composite':
      return {
        nodes: valuesOf(reply, operation.paths, true, facts),
        content: rawContent(reply),
        observing: reply.observe !== undefined,
      };
    case 'discover':
      if (reply.contentFormat !== undefined && reply.contentFormat !== LINK_FORMAT) {
        throw new DecodeError('lwm2m/link-format', `content format ${reply.contentFormat} is not link format`);
      }
      return { links: readDiscoverAnswer(reply.payload, operation.path, facts.registration.objectLinks.rootPath) };
    case 'create':
      return createdPath(operation, reply.locationPath, format, facts);
    default:
      return {};
  }
}

/** Location-Path says it, where the device chose the number; else it is the one that was named (LwM2M 1.1 6.3.6). */
function createdPath(
  operation: Create,
  location: readonly string[],
  format: number | undefined,
  facts: DeviceFacts,
): Partial<Success> {
  const { objectId } = operation.path;
  const told = location.length < 2 ? undefined : pathOfName(location.slice(-2).join('/'));
  if (told?.objectId === objectId && told.instanceId !== undefined) return { path: told };
  const instanceId = instanceToCreate(operation, format!, facts);
  return instanceId === undefined ? {} : { path: { objectId, instanceId } };
}

/** The code class 2 of a notification or reply. */
export function isSuccess(code: CoapCode): boolean {
  return code.startsWith('2.');
}
