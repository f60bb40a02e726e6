import type { OutgoingRequest } from '../coap/outgoing-request.ts';
import { type ContentContext, encodeContent } from '../content/content.ts';
import { idsOfPath } from '../content/resource-path.ts';
import type { Node } from '../content/value.ts';
import type { Path } from '../model/path.ts';
import { formatPath } from '../model/path.ts';
import type { DeletionTarget } from './plan.ts';

const LINK_FORMAT = 40;

/** What a Bootstrap-Server asks of a client (LwM2M 1.1 6.1.7). */
export type BootstrapOperation =
  | { readonly type: 'discover'; readonly target: DeletionTarget }
  | { readonly type: 'read'; readonly path: Path }
  | { readonly type: 'delete'; readonly target: DeletionTarget }
  | { readonly type: 'write'; readonly path: Path; readonly nodes: readonly Node[] }
  | { readonly type: 'finish' };

/** How values are written: the definitions of the client's objects. */
export type ContentModel = Pick<ContentContext, 'find'>;

/**
 * The CoAP request of an operation (LwM2M 1.1 Transport 6.4.2); never below an alternate root path. Throws `IpeError`
 * `content/…` where a value has no form in the format.
 */
export function bootstrapRequest(operation: BootstrapOperation, format: number, model: ContentModel): OutgoingRequest {
  switch (operation.type) {
    case 'discover':
      return { method: 'GET', path: segments(operation.target), accept: LINK_FORMAT };
    case 'read':
      return { method: 'GET', path: segments(operation.path), accept: format };
    case 'delete':
      return { method: 'DELETE', path: segments(operation.target) };
    case 'write': {
      const { path, nodes } = operation;
      const payload = encodeContent(format, nodes, { ...model, base: path });
      return { method: 'PUT', path: segments(path), contentFormat: format, payload };
    }
    case 'finish':
      return { method: 'POST', path: ['bs'] };
  }
}

/** An operation in a few words for the log, without a value. */
export function operationName(operation: BootstrapOperation): string {
  if (operation.type === 'finish') return 'finish';
  const target = 'target' in operation ? operation.target : operation.path;
  return `${operation.type} ${target === '/' ? '/' : formatPath(target)}`;
}

function segments(target: DeletionTarget): string[] {
  return target === '/' ? [] : idsOfPath(target).map(String);
}
