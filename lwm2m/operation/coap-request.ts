import type { OutgoingRequest } from '../coap/outgoing-request.ts';
import { encodeContent } from '../content/content.ts';
import { CONTENT_FORMATS } from '../content/content-formats.ts';
import { encodePaths } from '../content/path-list.ts';
import { idsOfPath } from '../content/resource-path.ts';
import type { Node } from '../content/value.ts';
import type { Path } from '../model/path.ts';
import { contentContext, type DeviceFacts } from './device-facts.ts';
import { attributesQuery } from './notification-attributes.ts';
import type { Create, Operation } from './operation.ts';
import { OPERATION_RULES } from './operation-rules.ts';

const TEXT = 0;
const LINK_FORMAT = 40;

/**
 * The CoAP request of an operation (LwM2M 1.1 Transport 6.4). `format`: Content-Format of what is sent, else Accept;
 * undefined: no Accept. Throws `IpeError` `content/…` where a value has no form in the format.
 */
export function coapRequest(operation: Operation, format: number | undefined, facts: DeviceFacts): OutgoingRequest {
  const { method, observe } = OPERATION_RULES[operation.type];
  const { rootPath } = facts.registration.objectLinks;
  const path = [...rootPath.split('/').filter((segment) => segment !== ''), ...pathSegments(operation)];
  const accept = format === undefined ? undefined : { accept: format };
  switch (operation.type) {
    case 'read':
      return { method, path, ...accept };
    case 'observe':
    case 'cancel-observe':
      return { method, path, observe: observe as number, ...accept };
    case 'discover': {
      const { depth } = operation;
      return {
        method,
        path,
        accept: LINK_FORMAT,
        ...(depth === undefined ? undefined : { query: [`depth=${depth}`] }),
      };
    }
    case 'write': {
      const payload = encodeContent(format!, operation.nodes, contentContext(facts, operation.path));
      return { method: operation.mode === 'partial' ? 'POST' : method, path, contentFormat: format!, payload };
    }
    case 'write-attributes':
      return { method, path, query: attributesQuery(operation.attributes) };
    case 'execute':
      return operation.arguments
        ? { method, path, contentFormat: TEXT, payload: operation.arguments }
        : { method, path };
    case 'create':
      return { method, path, contentFormat: format!, payload: createPayload(operation, format!, facts) };
    case 'delete':
      return { method, path };
    case 'write-composite': {
      const payload = encodeContent(format!, operation.nodes, contentContext(facts, undefined));
      return { method, path, contentFormat: format!, payload };
    }
    default: {
      const payload = encodePaths(format!, operation.paths, { rootPath });
      const asked = { method, path, contentFormat: format!, ...accept, payload };
      return observe === undefined ? asked : { ...asked, observe };
    }
  }
}

/**
 * The instance that a Create makes, where it is known before: the one named; where the device is to choose and the
 * format cannot leave the number out, the lowest that the device does not list; undefined: the device chooses.
 */
export function instanceToCreate({ path }: Create, format: number, facts: DeviceFacts): number | undefined {
  if (path.instanceId !== undefined) return path.instanceId;
  if (isTlv(format)) return undefined;
  const taken = new Set<number>();
  for (const { objectId, instanceId } of facts.registration.objectLinks.links) {
    if (objectId === path.objectId && instanceId !== undefined) taken.add(instanceId);
  }
  let free = 0;
  while (taken.has(free)) free += 1;
  return free;
}

function pathSegments(operation: Operation): string[] {
  if (operation.type === 'create') return [String(operation.path.objectId)];
  return 'path' in operation ? idsOfPath(operation.path).map(String) : [];
}

function createPayload(operation: Create, format: number, facts: DeviceFacts): Buffer {
  const { path, nodes } = operation;
  const instanceId = instanceToCreate(operation, format, facts);
  if (isTlv(format)) {
    if (nodes.length === 0) return instanceId === undefined ? Buffer.alloc(0) : emptyInstance(instanceId);
    // Resources without an instance around them: the device chooses the number (LwM2M 1.1 6.3.6).
    if (instanceId === undefined) return encodeContent(format, nodes, contentContext(facts, instanceOf(nodes[0]!)));
    return encodeContent(format, nodes, contentContext(facts, { objectId: path.objectId }));
  }
  const numbered = nodes.map((node) => ({ ...node, path: { ...node.path, instanceId: instanceId! } }));
  return encodeContent(format, numbered, contentContext(facts, { objectId: path.objectId }));
}

function isTlv(format: number): boolean {
  return CONTENT_FORMATS.get(format)?.codec === 'tlv';
}

function instanceOf({ path: { objectId, instanceId } }: Node): Path {
  return { objectId, instanceId: instanceId! };
}

/** An Object Instance TLV without resources (LwM2M 1.1 7.4.3). */
function emptyInstance(instanceId: number): Buffer {
  return instanceId < 0x100 ? Buffer.from([0x00, instanceId]) : Buffer.from([0x20, instanceId >> 8, instanceId & 0xff]);
}
