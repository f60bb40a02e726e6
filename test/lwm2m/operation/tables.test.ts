import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../common/index.ts';
import {
  NOTIFICATION_ATTRIBUTES,
  ObjectModels,
  OPERATION_RULES,
  type Operation,
  operationFault,
  type Path,
  parsePath,
  printLinkFormat,
  type Registration,
} from '../../../lwm2m/index.ts';
import { outcomeOfReply } from '../../../lwm2m/operation/coap-reply.ts';
import { coapRequest } from '../../../lwm2m/operation/coap-request.ts';
import type { DeviceFacts } from '../../../lwm2m/operation/device-facts.ts';
import { readDiscoverAnswer } from '../../../lwm2m/operation/discover-answer.ts';
import { executeArgumentsFault } from '../../../lwm2m/operation/execute-arguments.ts';
import { attributesFault, attributesQuery } from '../../../lwm2m/operation/notification-attributes.ts';
import { aRegistration, objectLinks } from '../../support/registration.ts';

const id = fc.integer({ min: 0, max: 65_534 });
const aPath: fc.Arbitrary<Path> = fc.oneof(
  fc.record({ objectId: id }),
  fc.record({ objectId: id, instanceId: id }),
  fc.record({ objectId: id, instanceId: id, resourceId: id }),
  fc.record({ objectId: id, instanceId: id, resourceId: id, resourceInstanceId: id }),
);

const registration = (parts: Partial<Registration> = {}, formats: readonly number[] = []): Registration =>
  aRegistration({ objectLinks: objectLinks([], formats), ...parts });

function facts(parts: Partial<Registration> = {}): DeviceFacts {
  return { registration: registration(parts), models: ObjectModels.official(), now: 0 };
}

describe('the table of operations', () => {
  test('every row has the clause it comes from', () => {
    for (const [type, row] of Object.entries(OPERATION_RULES)) {
      expect(row.type).toBe(type);
      expect(row.clause).toMatch(/^LwM2M 1\.[012] \d/);
    }
  });

  test('LwM2M 1.0 has no resource instances, LwM2M 1.1 has', () => {
    const path = parsePath('/3/0/6/1');
    const nodes = [{ path, value: 1 }];
    const operations: Operation[] = [
      { type: 'read', path },
      { type: 'observe', path },
      { type: 'write', path, mode: 'replace', nodes },
      { type: 'write-attributes', path, attributes: { pmin: 1 } },
    ];
    for (const operation of operations) {
      expect(operationFault(operation, '1.0')).toMatch(/needs LwM2M 1.1/);
      expect(operationFault(operation, '1.1')).toBeUndefined();
    }
  });

  test.each<[string, Operation]>([
    ['Execute of an instance', { type: 'execute', path: parsePath('/3/0') }],
    ['Write of an object', { type: 'write', path: parsePath('/3'), mode: 'replace', nodes: [] }],
    ['Delete of a resource', { type: 'delete', path: parsePath('/3/0/1') }],
    ['Discover of a resource instance', { type: 'discover', path: parsePath('/3/0/6/1') }],
    ['Discover with a depth before 1.2', { type: 'discover', path: parsePath('/3'), depth: 1 }],
    [
      'Write in part of a resource',
      { type: 'write', path: parsePath('/3/0/1'), mode: 'partial', nodes: [{ path: parsePath('/3/0/1'), value: 1 }] },
    ],
    [
      'Write of a value of another instance',
      { type: 'write', path: parsePath('/3/0'), mode: 'replace', nodes: [{ path: parsePath('/3/1/1'), value: 1 }] },
    ],
    ['a Write of nothing', { type: 'write', path: parsePath('/3/0'), mode: 'replace', nodes: [] }],
    ['a Read as link format', { type: 'read', path: parsePath('/3/0'), format: 40 }],
    ['a Read in a format that is none', { type: 'read', path: parsePath('/3/0'), format: 4711 }],
    ['a composite Read of nothing', { type: 'read-composite', paths: [] }],
    ['an id that is none', { type: 'read', path: { objectId: 65_535 } }],
    [
      'a Create of two instances',
      {
        type: 'create',
        path: parsePath('/3303'),
        nodes: [
          { path: parsePath('/3303/0/1'), value: 1 },
          { path: parsePath('/3303/1/1'), value: 1 },
        ],
      },
    ],
  ])('%s is refused before it is sent', (_, operation) => {
    expect(operationFault(operation, '1.1')).toEqual(expect.any(String));
  });

  test('the path of a request is the operation’s, behind the root path', () => {
    fc.assert(
      fc.property(aPath, fc.constantFrom('/', '/lwm2m', '/a/b'), (path, rootPath) => {
        const { objectLinks } = registration();
        const request = coapRequest(
          { type: 'read', path },
          undefined,
          facts({ objectLinks: { ...objectLinks, rootPath } }),
        );
        const root = rootPath.split('/').filter((segment) => segment !== '');
        expect(request).toEqual({ method: 'GET', path: [...root, ...Object.values(path).map(String)] });
      }),
    );
  });

  test('a reply of any kind gives an outcome', () => {
    const code = fc.tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 0, max: 31 }));
    fc.assert(
      fc.property(
        aPath,
        code,
        fc.uint8Array({ maxLength: 40 }),
        fc.option(fc.constantFrom(0, 40, 42, 60, 110, 112, 11542, 11543, 11544, 4711), { nil: undefined }),
        fc.constantFrom('read', 'observe', 'discover', 'delete', 'execute'),
        (path, [major, minor], bytes, contentFormat, type) => {
          const reply = {
            code: `${major}.${String(minor).padStart(2, '0')}` as const,
            locationPath: [],
            payload: Buffer.from(bytes),
            ...(contentFormat === undefined ? undefined : { contentFormat }),
          };
          const { kind } = outcomeOfReply({ type, path } as Operation, reply as never, undefined, facts());
          expect(['success', 'refused', 'invalid']).toContain(kind);
          if (major >= 4) expect(kind).toBe('refused');
        },
      ),
    );
  });

  test('values of other paths than the one asked for are not taken', () => {
    const payload = Buffer.from('[{"n":"/3/0/0","vs":"a"},{"n":"/3/1/0","vs":"b"},{"n":"/1/0/1","v":1}]');
    const reply = { code: '2.05', locationPath: [], payload, contentFormat: 110 } as const;
    const asked = (operation: Operation) => outcomeOfReply(operation, reply, 110, facts());
    expect(asked({ type: 'read', path: parsePath('/3/0') })).toMatchObject({ kind: 'invalid' });
    const composite = asked({ type: 'read-composite', paths: [parsePath('/3/0'), parsePath('/1/0')] });
    expect(composite.kind === 'success' && composite.nodes?.map(({ value }) => value)).toEqual(['a', 1]);
  });
});

describe('arguments of Execute (LwM2M 1.0 5.4.5)', () => {
  test.each(['', '5', "2='10.3'", "7,0='https://www.oma.org'", "0='',1", "3='a b'"])('%s is one', (text) => {
    expect(executeArgumentsFault(text, '1.1')).toBeUndefined();
  });

  test.each(['a', '10', "1='a", "1=a'", "1='it''s'", `1='"'`, "1='\\'", '1,', ',1', "1=''2", "1='\u00e4'", "1='\n'"])(
    '%j is none',
    (text) => {
      expect(executeArgumentsFault(text, '1.1')).toEqual(expect.any(String));
    },
  );

  test('a digit stands once from 1.2 on', () => {
    expect(executeArgumentsFault("1,1='2'", '1.2')).toBe('an argument stands once');
    expect(executeArgumentsFault("1='2',2", '1.2')).toBeUndefined();
  });
});

describe('notification attributes (LwM2M 1.1 5.1.2)', () => {
  const path = parsePath('/3303/0/5700');

  test('a value is set, null takes it back', () => {
    expect(attributesQuery({ pmin: 10, pmax: 60, gt: -1.5, st: null })).toEqual([
      'pmin=10',
      'pmax=60',
      'gt=-1.5',
      'st',
    ]);
  });

  test('numbers go out as decimals that read the same', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (gt) => {
        const text = attributesQuery({ gt })[0]!.slice(3);
        expect(text).toMatch(/^-?\d+(\.\d+)?$/);
        if (Math.abs(gt) >= 1e-6 || gt === 0) expect(Number(text)).toBeCloseTo(gt, 12);
      }),
    );
  });

  test.each([
    [{}],
    [{ pmin: -1 }],
    [{ pmin: 1.5 }],
    [{ pmin: 60, pmax: 10 }],
    [{ gt: 10, lt: 20 }],
    [{ gt: 20, lt: 10, st: 5 }],
    [{ st: 0 }],
    [{ gt: Number.NaN }],
    [{ edge: 2 }],
  ])('%j would be refused', (attributes) => {
    expect(attributesFault(attributes, path, '1.2')).toEqual(expect.any(String));
  });

  test('thresholds belong to resources, periods to any level', () => {
    for (const { name, levels } of NOTIFICATION_ATTRIBUTES) {
      expect(attributesFault({ [name]: 1 }, path, '1.2')).toBeUndefined();
      expect(attributesFault({ [name]: 1 }, { objectId: 3303 }, '1.2') === undefined).toBe(levels.includes(1));
    }
  });

  test('a device is not asked for attributes of a later version', () => {
    expect(attributesFault({ epmin: 1 }, path, '1.0')).toMatch(/needs LwM2M 1.1/);
    expect(attributesFault({ con: 1 }, path, '1.1')).toMatch(/needs LwM2M 1.2/);
  });
});

describe('the answer to a Discover', () => {
  const read = (text: string, base = '/3', root = '/') => readDiscoverAnswer(Buffer.from(text), parsePath(base), root);

  test('says version, dimension, Short Server ID and server URI', () => {
    const [object] = read('</3>;ver="1.2"');
    expect(object?.version).toBe('1.2');
    const [, server] = read('</1>,</1/0>;ssid=101', '/1');
    expect(server?.shortServerId).toBe(101);
    const [, security] = read('</0>,</0/1>;ssid=101;uri="coaps://server_1.example.com"', '/0');
    expect(security).toMatchObject({ shortServerId: 101, serverUri: 'coaps://server_1.example.com' });
    expect(read('</3/0/7>;dim=8;pmin=10', '/3/0/7')[0]).toMatchObject({ dimension: 8, attributes: { pmin: 10 } });
  });

  test('is read with and without the alternate root path', () => {
    const expected = read('</3/0/1>', '/3/0/1');
    expect(read('</lwm2m/3/0/1>', '/3/0/1', '/lwm2m')).toEqual(expected);
    expect(read('</3/0/1>', '/3/0/1', '/lwm2m')).toEqual(expected);
  });

  test('leaves out what is not below the path and what is no path', () => {
    expect(
      read('</>;rt="oma.lwm2m",</5/0>,</.well-known/core>,</3/0/0/0/0>,</3/x>,</3>').map(({ path }) => path),
    ).toEqual([{ objectId: 3 }]);
  });

  test('attributes that are no numbers are left out', () => {
    expect(read('</3>;pmin=a;pmax;gt=1e3;lt=-2.5;pmin=4')[0]?.attributes).toEqual({ lt: -2.5, pmin: 4 });
  });

  test('lists every path once, in order, with all levels above it down from the base', () => {
    fc.assert(
      fc.property(fc.array(aPath, { maxLength: 20 }), (paths) => {
        const links = printLinkFormat(
          paths.map((path) => ({ target: `/3/${Object.values(path).slice(0, 3).join('/')}`, attributes: [] })),
        );
        const found = read(links).map(({ path }) => Object.values(path));
        expect(new Set(found.map(String)).size).toBe(found.length);
        for (const ids of found) {
          if (ids.length > 1) expect(found.map(String)).toContain(String(ids.slice(0, -1)));
        }
      }),
    );
  });

  test('any bytes give links or a DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readDiscoverAnswer(bytes, { objectId: 3 }, '/');
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });
});
