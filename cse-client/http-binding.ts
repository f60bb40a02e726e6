import { errorMessage } from '../common/index.ts';
import { addressToPath, pathToAddress } from './address.ts';
import { CseError } from './errors.ts';
import { JSON_MEDIA_TYPES, METHODS, parseInteger, REQUEST_HEADERS, RESPONSE_HEADERS } from './http-parameters.ts';
import { fromQuery, toQuery } from './http-query.ts';
import { Operation, type RequestPrimitive, type ResponsePrimitive } from './primitive.ts';
import { httpStatus, isSuccess } from './status-codes.ts';

/** Header fields as node:http and undici hand them over: names in lower case. */
export type IncomingHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** An HTTP request as data. `query` is raw and without `?`, `body` is JSON text. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** An HTTP request as a server received it. */
export interface IncomingHttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHeaders;
  readonly body?: string | Uint8Array | undefined;
}

/** An HTTP response as data; `body` is JSON text. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** An HTTP response as a client received it. */
export interface IncomingHttpResponse {
  readonly status: number;
  readonly headers: IncomingHeaders;
  readonly body?: string | Uint8Array | undefined;
}

const UTF8 = new TextDecoder('utf-8');
const RESOURCE_TYPE = /;\s*ty\s*=\s*"?([^";\s]*)/i;

type Parameters = Readonly<Record<string, unknown>>;

/**
 * A request primitive as HTTP (TS-0009 6). `Accept` is always sent: without it some CSEs search everything they hold.
 * Throws CseError `cse/bad-request` for content that JSON cannot carry.
 */
export function toHttpRequest(request: RequestPrimitive): HttpRequest {
  const headers: Record<string, string> = {};
  for (const row of REQUEST_HEADERS) {
    const value = request[row.parameter];
    if (value !== undefined) headers[row.header] = String(value);
  }
  headers.Accept = 'application/json';
  const body = request.pc === undefined ? undefined : toJson(request.pc);
  if (request.op === Operation.create) headers['Content-Type'] = `application/json;ty=${createdType(request)}`;
  else if (body !== undefined) headers['Content-Type'] = 'application/json';
  return { method: METHODS[request.op], path: addressToPath(request.to), query: toQuery(request), headers, body };
}

/**
 * The request primitive of an HTTP request; `rqi` is empty where the header is missing, for the receiver to judge.
 * Throws CseError `cse/bad-request` only, with the `rsc` to answer: 4000, 4005 for the method, 4015 for the media type.
 */
export function fromHttpRequest(http: IncomingHttpRequest): RequestPrimitive {
  const contentType = one(http.headers['content-type']) ?? '';
  const ty = RESOURCE_TYPE.exec(contentType)?.[1];
  const op = operation(http.method, ty !== undefined);
  const { parameters, fc } = fromQuery(http.query);
  const request: Record<string, unknown> = { op, to: pathToAddress(http.path), rqi: '', ...parameters };
  for (const row of REQUEST_HEADERS) {
    const value = one(http.headers[row.key]);
    if (value !== undefined) request[row.parameter] = value;
  }
  if (op === Operation.create) request.ty = resourceType(ty ?? '');
  if (fc !== undefined) request.fc = fc;
  const text = bodyText(http.body);
  if (text !== '') {
    mustBeJson(contentType);
    request.pc = fromJson(text);
  }
  return request as unknown as RequestPrimitive;
}

/** A response primitive as HTTP; a created resource's address also becomes Content-Location (TS-0009 6.3.2, 6.4). */
export function toHttpResponse(response: ResponsePrimitive): HttpResponse {
  const headers: Record<string, string> = {};
  for (const row of RESPONSE_HEADERS) {
    const value = response[row.parameter];
    if (value !== undefined) headers[row.header] = String(value);
  }
  const body = response.pc === undefined ? undefined : toJson(response.pc);
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const uri = response.rsc === 2001 ? (response.pc as Parameters | undefined)?.['m2m:uri'] : undefined;
  if (typeof uri === 'string') headers['Content-Location'] = addressToPath(uri);
  return { status: httpStatus(response.rsc), headers, body };
}

/**
 * The response primitive of an HTTP response. X-M2M-RSC decides, never the HTTP status (TS-0009 6.4.17). The body of a
 * refusal may be any text and is then kept as a string. Throws CseError `cse/not-a-cse` only, whatever the bytes.
 */
export function fromHttpResponse(http: IncomingHttpResponse): ResponsePrimitive {
  const response: Record<string, unknown> = {};
  for (const row of RESPONSE_HEADERS) {
    const text = one(http.headers[row.key]);
    if (text === undefined) continue;
    const value = row.form === 'integer' ? parseInteger(text) : text;
    if (value !== undefined) response[row.parameter] = value;
  }
  const { rsc } = response;
  if (typeof rsc !== 'number' || rsc < 1000 || rsc > 9999) throw notACse(http);
  const text = bodyText(http.body);
  if (text !== '') response.pc = responseContent(rsc, text);
  return response as unknown as ResponsePrimitive;
}

function responseContent(rsc: number, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!isSuccess(rsc)) return text;
    throw new CseError('cse/not-a-cse', `an answer that is not JSON: ${errorMessage(error).slice(0, 200)}`);
  }
}

function notACse(http: IncomingHttpResponse): CseError {
  const rsc = one(http.headers['x-m2m-rsc']);
  const problem = rsc === undefined ? 'without X-M2M-RSC' : `with the X-M2M-RSC ${JSON.stringify(rsc.slice(0, 40))}`;
  return new CseError('cse/not-a-cse', `HTTP ${http.status} ${problem}`, {
    details: { status: http.status },
  });
}

/** Without its `ty` a CREATE would be read as a NOTIFY. */
function createdType(request: RequestPrimitive): number {
  if (request.ty === undefined) throw new CseError('cse/bad-request', 'a CREATE needs the type of what it creates');
  return request.ty;
}

function operation(method: string, hasResourceType: boolean): Operation {
  switch (method) {
    case 'POST':
      return hasResourceType ? Operation.create : Operation.notify;
    case 'GET':
      return Operation.retrieve;
    case 'PUT':
      return Operation.update;
    case 'DELETE':
      return Operation.delete;
    default:
      throw new CseError('cse/bad-request', `no operation has the method ${method.slice(0, 20)}`, { rsc: 4005 });
  }
}

function resourceType(text: string): number {
  const ty = parseInteger(text);
  if (ty === undefined) throw new CseError('cse/bad-request', 'the ty of Content-Type is not a number', { rsc: 4000 });
  return ty;
}

function mustBeJson(contentType: string): void {
  const mediaType = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (mediaType === '' || JSON_MEDIA_TYPES.includes(mediaType)) return;
  throw new CseError('cse/bad-request', `the media type ${mediaType.slice(0, 80)} is not JSON`, { rsc: 4015 });
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CseError('cse/bad-request', `the content is not JSON: ${errorMessage(error).slice(0, 200)}`, {
      rsc: 4000,
    });
  }
}

function toJson(content: unknown): string {
  try {
    const text = JSON.stringify(content);
    if (text !== undefined) return text;
  } catch (error) {
    throw new CseError('cse/bad-request', `content that JSON cannot carry: ${errorMessage(error).slice(0, 200)}`);
  }
  throw new CseError('cse/bad-request', 'content that JSON cannot carry');
}

function one(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value[0];
}

function bodyText(body: string | Uint8Array | undefined): string {
  if (body === undefined) return '';
  const text = typeof body === 'string' ? body : UTF8.decode(body);
  return text.trim() === '' ? '' : text;
}
