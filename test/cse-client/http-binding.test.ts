import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CseError,
  type FilterCriteria,
  fromHttpRequest,
  fromHttpResponse,
  type HttpRequest,
  type IncomingHttpRequest,
  Operation,
  QUERY_FIELDS,
  REQUEST_HEADERS,
  RESPONSE_HEADERS,
  type RequestPrimitive,
  type ResponsePrimitive,
  STATUS_CODES,
  toHttpRequest,
  toHttpResponse,
} from '../../cse-client/index.ts';

/** What a server sees of a request: header names in lower case. */
function received(http: HttpRequest): IncomingHttpRequest {
  const headers = Object.fromEntries(Object.entries(http.headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { ...http, headers };
}

function roundTrip(request: RequestPrimitive): RequestPrimitive {
  return fromHttpRequest(received(toHttpRequest(request)));
}

/** Visible text: what a header field may hold. */
const headerText = fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e]{0,20}[\x21-\x7e])?$/);
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const count = fc.nat(1_000_000);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** Drops members that are undefined. */
function compact<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}

function field(name: string): fc.Arbitrary<unknown> {
  const form = QUERY_FIELDS.find((row) => row.field === name)?.form;
  if (form === 'integer') return count;
  if (form === 'integers') return fc.array(count, { minLength: 1, maxLength: 4 });
  return form === 'list' ? fc.array(text, { minLength: 1, maxLength: 4 }) : text;
}

const filterFields = QUERY_FIELDS.filter((row) => row.of === 'filter').map((row) => row.field);
const known = new Set(QUERY_FIELDS.map((row) => row.field));
const attributes = fc.dictionary(
  text.filter((name) => !known.has(name)),
  text,
  { minKeys: 1, maxKeys: 3 },
);
const filterCriteria = fc
  .record(Object.fromEntries([...filterFields.map((name) => [name, maybe(field(name))]), ['atr', maybe(attributes)]]))
  .map(compact)
  .filter((criteria) => Object.keys(criteria).length > 0) as fc.Arbitrary<FilterCriteria>;

const headerParameters = fc
  .record(Object.fromEntries(REQUEST_HEADERS.map((row) => [row.parameter, maybe(headerText)])))
  .map((parameters) => compact({ ...parameters, rqi: parameters.rqi ?? '' }));

const content = fc
  .dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 })
  .map((value) => JSON.parse(JSON.stringify(value)));

const requestPrimitive = fc
  .record({
    op: fc.constantFrom(...Object.values(Operation)),
    to: fc.constantFrom('cse-in/a', '/cse/b/ä ö', '//sp/cse/c'),
    headers: headerParameters,
    ty: fc.nat(70),
    pc: maybe(content),
    rcn: maybe(fc.nat(10)),
    drt: maybe(fc.constantFrom(1, 2)),
    rt: maybe(fc.integer({ min: 1, max: 5 })),
    rp: maybe(text),
    fc: maybe(filterCriteria),
  })
  .map(({ headers, ty, op, ...rest }) =>
    compact({ ...rest, ...headers, op, ty: op === Operation.create ? ty : undefined }),
  ) as unknown as fc.Arbitrary<RequestPrimitive>;

describe('request primitives over HTTP (TS-0009 6)', () => {
  it.each([
    ['create', { op: 1, ty: 3, pc: {} }, 'POST'],
    ['retrieve', { op: 2 }, 'GET'],
    ['update', { op: 3, pc: {} }, 'PUT'],
    ['delete', { op: 4 }, 'DELETE'],
    ['notify', { op: 5, pc: {} }, 'POST'],
  ] as const)('%s has the method of table 6.2.1-1', (_name, primitive, method) => {
    const http = toHttpRequest({ to: 'cse-in', rqi: '1', ...primitive });
    expect(http.method).toBe(method);
    expect(fromHttpRequest(received(http)).op).toBe(primitive.op);
  });

  it('are a POST with ty in its Content-Type for a CREATE, without one for a NOTIFY (6.4.3)', () => {
    const create = toHttpRequest({ op: 1, to: 'cse-in', rqi: '1', ty: 14, pc: { 'm2m:nod': { ni: 'a' } } });
    expect(create.headers['Content-Type']).toBe('application/json;ty=14');
    expect(create.body).toBe('{"m2m:nod":{"ni":"a"}}');
    const notify = toHttpRequest({ op: 5, to: 'cse-in', rqi: '1', pc: { 'm2m:sgn': {} } });
    expect(notify.headers['Content-Type']).toBe('application/json');
  });

  it.each([
    'application/vnd.onem2m-res+json; ty=3',
    'application/json;ty="3"',
    'APPLICATION/JSON; charset=utf-8; TY = 3.0',
  ])('are a CREATE of a container with the Content-Type %s', (contentType) => {
    const http = { method: 'POST', path: '/c', query: '', headers: { 'content-type': contentType }, body: '{}' };
    expect(fromHttpRequest(http)).toMatchObject({ op: 1, ty: 3, pc: {} });
  });

  it('always say that JSON is wanted, and carry no Content-Type without content', () => {
    const http = toHttpRequest({ op: 2, to: 'cse-in', rqi: '1' });
    expect(http).toEqual({
      method: 'GET',
      path: '/cse-in',
      query: '',
      headers: { 'X-M2M-RI': '1', Accept: 'application/json' },
      body: undefined,
    });
  });

  it.each(REQUEST_HEADERS.map((row) => [row.header, row.parameter, row.clause] as const))(
    'carry %s as %s (%s)',
    (header, parameter) => {
      const request = { op: Operation.delete, to: 'cse-in', rqi: '1', [parameter]: 'value 1' };
      expect(toHttpRequest(request).headers[header]).toBe('value 1');
      expect(roundTrip(request)).toEqual(request);
    },
  );

  it.each(['2a', '3', '4', '5'])('carry the release version %s', (rvi) => {
    expect(toHttpRequest({ op: 2, to: 'cse-in', rqi: '1', rvi }).headers['X-M2M-RVI']).toBe(rvi);
  });

  it('write filter criteria as query fields, lists joined by + (6.2.2.2)', () => {
    const { query } = toHttpRequest({
      op: 2,
      to: 'cse-in',
      rqi: '1',
      rcn: 6,
      drt: 2,
      fc: { fu: 1, ty: [2, 3, 4], lbl: ['LWM2MURI:/3/0', 'a b+c'], lim: 5, atr: { apn: 'Sam & Co' } },
    });
    expect(query).toBe('rcn=6&drt=2&fu=1&ty=2+3+4&lbl=LWM2MURI%3A%2F3%2F0+a%20b%2Bc&lim=5&apn=Sam%20%26%20Co');
  });

  it('read repeated query fields like joined ones, and a field without a name as nothing', () => {
    const http = { method: 'GET', path: '/c', query: 'lbl=a&lbl=b+c&=x&&ty=2&ty=3.0', headers: {} };
    expect(fromHttpRequest(http).fc).toEqual({ lbl: ['a', 'b', 'c'], ty: [2, 3] });
  });

  it('keep an attribute condition of any name, also one that means something to the language', () => {
    const http = { method: 'GET', path: '/c', query: '__proto__=1&constructor=2', headers: {} };
    expect(Object.entries(fromHttpRequest(http).fc?.atr ?? {})).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
  });

  it('come back as they were', () => {
    fc.assert(
      fc.property(requestPrimitive, (request) => {
        expect(roundTrip(request)).toEqual(request);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a method without operation', { method: 'PATCH' }, 4005],
    ['content that is not JSON', { method: 'PUT', body: '{' }, 4000],
    [
      'a media type that is not JSON',
      { method: 'PUT', body: '<a/>', headers: { 'content-type': 'application/xml' } },
      4015,
    ],
    ['a ty that is no number', { method: 'POST', headers: { 'content-type': 'application/json;ty=x' } }, 4000],
    ['a number in the query that is none', { method: 'GET', query: 'lim=many' }, 4000],
    ['more query fields than a request has', { method: 'GET', query: 'a=1&'.repeat(300) }, 4000],
  ])('with %s are refused with the code to answer', (_name, part, rsc) => {
    const http = { path: '/cse-in', query: '', headers: {}, ...part };
    expect(() => fromHttpRequest(http)).toThrow(expect.objectContaining({ code: 'cse/bad-request', rsc }));
  });

  it('that are garbage are refused with cse/bad-request and nothing else', () => {
    const garbage = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'BREW'),
      path: fc.string({ unit: 'binary' }),
      query: fc.oneof(fc.string({ unit: 'binary' }), fc.webQueryParameters()),
      headers: fc.record({ 'content-type': maybe(fc.oneof(fc.string(), fc.constant('application/json;ty=2'))) }),
      body: maybe(fc.oneof(fc.string(), fc.uint8Array())),
    });
    fc.assert(
      fc.property(garbage, (http) => {
        try {
          expect(fromHttpRequest(http).rqi).toBe('');
        } catch (error) {
          expect(error).toMatchObject({ code: 'cse/bad-request', rsc: expect.any(Number) });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('that HTTP cannot carry are refused before anything is sent', () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const pc of [circular, { big: 1n }, () => 1]) {
      expect(() => toHttpRequest({ op: 3, to: 'c', rqi: '1', pc })).toThrow(CseError);
    }
    expect(() => toHttpRequest({ op: 1, to: 'c', rqi: '1', pc: {} })).toThrow('needs the type');
  });
});

const responsePrimitive = fc
  .record({
    rsc: fc.constantFrom(...Object.keys(STATUS_CODES).map(Number)),
    pc: maybe(content),
    parameters: fc.record(
      Object.fromEntries(
        RESPONSE_HEADERS.filter((row) => row.parameter !== 'rsc').map((row) => [
          row.parameter,
          maybe(row.form === 'integer' ? (count as fc.Arbitrary<unknown>) : headerText),
        ]),
      ),
    ),
  })
  .map(({ rsc, pc, parameters }) => compact({ rsc, pc, ...parameters })) as unknown as fc.Arbitrary<ResponsePrimitive>;

function fromServer(response: ResponsePrimitive): ResponsePrimitive {
  const { status, headers, body } = toHttpResponse(response);
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return fromHttpResponse({ status, headers: lower, body });
}

describe('response primitives over HTTP (TS-0009 6)', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(responsePrimitive, (response) => {
        expect(fromServer(response)).toEqual(response);
      }),
      { numRuns: 500 },
    );
  });

  it.each(RESPONSE_HEADERS.map((row) => [row.header, row.parameter, row.clause, row.form] as const))(
    'carry %s as %s (%s)',
    (header, parameter, _clause, form) => {
      const value = form === 'integer' ? 2000 : 'value';
      const http = toHttpResponse({ rsc: 2000, [parameter]: value });
      expect(http.headers[header]).toBe(String(value));
      expect(fromServer({ rsc: 2000, [parameter]: value })).toHaveProperty(parameter, value);
    },
  );

  it('say where a created resource is in Content-Location (6.4.4)', () => {
    const http = toHttpResponse({ rsc: 2001, pc: { 'm2m:uri': '/id-in/cse-in/x' } });
    expect(http).toMatchObject({ status: 201, headers: { 'Content-Location': '/~/id-in/cse-in/x' } });
  });

  it('are decided by X-M2M-RSC, never by the HTTP status (6.4.17)', () => {
    expect(fromHttpResponse({ status: 500, headers: { 'x-m2m-rsc': '2001' } }).rsc).toBe(2001);
    expect(fromHttpResponse({ status: 200, headers: { 'x-m2m-rsc': '4105' } }).rsc).toBe(4105);
  });

  it('may have whole numbers as 2001.0 and 3.0, as tinyIoT writes them', () => {
    const headers = { 'x-m2m-rsc': '2001.0', 'x-m2m-cts': '1.0', 'x-m2m-cto': '20.0' };
    const body = Buffer.from('{"m2m:cnt":{"ty":3.0,"mni":10.0}}');
    expect(fromHttpResponse({ status: 201, headers, body })).toEqual({
      rsc: 2001,
      cnst: 1,
      cnot: 20,
      pc: { 'm2m:cnt': { ty: 3, mni: 10 } },
    });
  });

  it('keep the words of a refusal that are not JSON', () => {
    expect(fromHttpResponse({ status: 500, headers: { 'x-m2m-rsc': '5000' }, body: '<h1>oops</h1>' }).pc).toBe(
      '<h1>oops</h1>',
    );
  });

  it.each([
    ['without X-M2M-RSC', { status: 404, headers: {}, body: '<html>' }, 'HTTP 404 without X-M2M-RSC'],
    ['with an X-M2M-RSC that is no number', { status: 200, headers: { 'x-m2m-rsc': 'fine' } }, '"fine"'],
    ['with a code of no class', { status: 200, headers: { 'x-m2m-rsc': '200' } }, '"200"'],
    ['that are no JSON', { status: 200, headers: { 'x-m2m-rsc': '2000' }, body: '<xml/>' }, 'not JSON'],
  ])('%s are no answer of a CSE', (_name, http, words) => {
    expect(() => fromHttpResponse(http)).toThrow(
      expect.objectContaining({ code: 'cse/not-a-cse', message: expect.stringContaining(words) }),
    );
  });

  it('that are garbage are refused with cse/not-a-cse and nothing else', () => {
    const header = maybe(fc.oneof(fc.string(), fc.array(fc.string()), fc.constantFrom('2000', '2001.0', '4105')));
    const garbage = fc.record({
      status: fc.integer(),
      headers: fc.record(Object.fromEntries(RESPONSE_HEADERS.map((row) => [row.key, header]))),
      body: maybe(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array(), fc.json())),
    });
    fc.assert(
      fc.property(garbage, (http) => {
        try {
          expect(fromHttpResponse(http).rsc).toBeGreaterThanOrEqual(1000);
        } catch (error) {
          expect(error).toMatchObject({ code: 'cse/not-a-cse' });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('nested a million deep do no harm', () => {
    const body = '['.repeat(1_000_000);
    const headers = { 'x-m2m-rsc': '2000' };
    expect(() => fromHttpResponse({ status: 200, headers, body })).toThrow(CseError);
    expect(fromHttpResponse({ status: 200, headers, body: body + ']'.repeat(1_000_000) }).rsc).toBe(2000);
  });
});
