import type { DeviceRequest } from '../coap/exchange.ts';
import { readComposite, writeComposite } from './composite.ts';
import { LINK_FORMAT } from './content-formats.ts';
import { create, deleteInstance } from './create-delete.ts';
import { discover } from './discover.ts';
import { execute } from './execute.ts';
import { type Answered, type Managed, NOT_ALLOWED, NOT_FOUND } from './managed.ts';
import { read } from './read.ts';
import { find, levelOf, pathOfSegments, type Target } from './target.ts';
import { write } from './write.ts';
import { writeAttributes } from './write-attributes.ts';

/** A request with its alternate root path taken off. */
export type ManagementRequest = Pick<
  DeviceRequest,
  'method' | 'path' | 'query' | 'accept' | 'contentFormat' | 'payload'
>;

/**
 * Answers what a server may ask (LwM2M 1.1 6.3, Transport 6.4): 4.00 for what makes no sense, 4.04 for what the device
 * does not have, 4.05 for what it cannot do, 4.06 and 4.15 for formats that it does not speak.
 */
export function answerRequest(managed: Managed, request: ManagementRequest): Answered {
  if (request.path.length === 0) return composite(managed, request);
  const path = pathOfSegments(request.path);
  const target = path && find(managed.tree, path);
  if (!target || (levelOf(target.path) === 4 && managed.version === '1.0')) return NOT_FOUND;
  switch (request.method) {
    case 'GET':
      return request.accept === LINK_FORMAT
        ? discover(managed, target, request.query)
        : read(managed, target, request.accept);
    case 'PUT':
      return isWriteAttributes(request)
        ? writeAttributes(managed, target, request.query)
        : write(managed, target, request, 'replace');
    case 'POST':
      return post(managed, target, request);
    case 'DELETE':
      return deleteInstance(managed, target);
    default:
      return NOT_ALLOWED;
  }
}

function composite(managed: Managed, request: ManagementRequest): Answered {
  if (managed.version === '1.0') return NOT_FOUND;
  if (request.method === 'FETCH') return readComposite(managed, request, request.accept);
  return request.method === 'iPATCH' ? writeComposite(managed, request) : NOT_ALLOWED;
}

/** POST means Create on an object, partial update on an instance, Execute on a resource (LwM2M 1.1 Transport 6.4). */
function post(managed: Managed, target: Target, request: ManagementRequest): Answered {
  const level = levelOf(target.path);
  if (level === 1) return create(managed, target, request);
  return level === 2 ? write(managed, target, request, 'partial') : execute(managed, target, request);
}

function isWriteAttributes({ query, payload, contentFormat }: ManagementRequest): boolean {
  return query.length > 0 && payload.length === 0 && contentFormat === undefined;
}
