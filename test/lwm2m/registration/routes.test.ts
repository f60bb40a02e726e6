import { describe, expect, test } from 'vitest';
import type { CoapRequest, CoapResponse, Link } from '../../../lwm2m/index.ts';
import { discoveryRoute, type Route, RouteTable } from '../../../lwm2m/registration/routes.ts';
import { post } from './desk.ts';

const link = (target: string, ...attributes: [string, string?][]): Link => ({
  target,
  attributes: attributes.map(([name, value]) => (value === undefined ? { name } : { name, value })),
});

const shown: readonly Route[] = [
  { path: ['rd'], methods: {}, link: link('/rd', ['rt', 'core.rd x.y'], ['ct', '40']) },
  { path: ['dp'], methods: {}, link: link('/dp', ['ct', '110 112'], ['title', 'a b'], ['obs']) },
  { path: ['hidden'], methods: {} },
];
const table = new RouteTable([
  { path: ['rd'], methods: { POST: () => ({ code: '2.01' }) } },
  { path: ['rd', '*'], methods: { DELETE: (_request, name) => ({ code: '2.02', payload: name }) } },
  discoveryRoute(shown),
]);

function ask(method: CoapRequest['method'], path: string, query: string[] = [], accept?: number): CoapResponse {
  const request = {
    ...post(query),
    method,
    path: path.split('/').slice(1),
    ...(accept === undefined ? undefined : { accept }),
  };
  return table.serve(request) as CoapResponse;
}

describe('a request finds its resource', () => {
  test('by its whole path; the variable segment is handed on', () => {
    expect(ask('POST', '/rd').code).toBe('2.01');
    expect(ask('DELETE', '/rd/xyz')).toEqual({ code: '2.02', payload: 'xyz' });
    expect(ask('DELETE', '/rd/*')).toEqual({ code: '2.02', payload: '*' });
  });

  test.each(['/', '/RD', '/rdx', '/rd/a/b', '/bs', '/dp', '/.well-known', '/__proto__'])(
    '%s is answered 4.04',
    (path) => {
      expect(ask('POST', path)).toEqual({ code: '4.04' });
    },
  );

  test('a method that it does not know is answered 4.05 (RFC 7252 5.8)', () => {
    expect(ask('GET', '/rd')).toEqual({ code: '4.05' });
    expect(ask('FETCH', '/rd')).toEqual({ code: '4.05' });
    expect(ask('POST', '/rd/xyz')).toEqual({ code: '4.05' });
    expect(ask('POST', '/.well-known/core')).toEqual({ code: '4.05' });
  });
});

describe('/.well-known/core (RFC 6690 4.1)', () => {
  const RD = '</rd>;rt="core.rd x.y";ct=40';
  const DP = '</dp>;ct="110 112";title="a b";obs';

  test.each<[string[], string[]]>([
    [[], [RD, DP]],
    [['rt=core.rd'], [RD]],
    [['rt=x.y'], [RD]],
    [['rt=core*'], [RD]],
    [['rt=core'], []],
    [['rt=*'], [RD]],
    [['ct=112'], [DP]],
    [['href=/rd'], [RD]],
    [['href=/*'], [RD, DP]],
    [['title=a b'], [DP]],
    [['title=a'], []],
    [['obs='], []],
    [['rt=core*', 'ct=40'], [RD]],
    [['rt=core*', 'ct=110'], []],
    [['anything'], [RD, DP]],
  ])('query %j', (query, expected) => {
    expect(ask('GET', '/.well-known/core', query)).toEqual({
      code: '2.05',
      contentFormat: 40,
      payload: expected.join(),
    });
  });

  test('is given as link format only', () => {
    expect(ask('GET', '/.well-known/core', [], 40).code).toBe('2.05');
    expect(ask('GET', '/.well-known/core', [], 50).code).toBe('4.06');
  });

  test('takes a bounded number of filters', () => {
    expect(ask('GET', '/.well-known/core', new Array(5).fill('rt=a')).code).toBe('4.00');
  });
});
