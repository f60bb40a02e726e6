import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTimestamp, STATUS_CODES } from '../../cse-client/index.ts';
import {
  formatPath,
  type Node,
  ObjectModels,
  type Outcome,
  type Path,
  parsePath,
  valueFromJson,
  valueToJson,
} from '../../lwm2m/index.ts';
import {
  COMMANDS,
  type CommandCodec,
  commandResponse,
  expiredCommand,
  interruptedCommand,
  progress,
  readCommand,
  refusedCommand,
} from '../../mappings/index.ts';

const models = ObjectModels.official();
const definition = ({ objectId, resourceId }: Path) =>
  resourceId === undefined ? undefined : models.find(objectId)?.resources.get(resourceId);
const codec: CommandCodec = {
  parsePath,
  formatPath,
  toValue: (path, json) => valueFromJson(definition(path), json),
  toJson: (path, value) => valueToJson(definition(path), value),
  parseTime: parseTimestamp,
};
const read = (content: unknown) => readCommand(content, 'cin1', codec);
const asked = (content: unknown) => read(content).asked;
const TIME = '20261201T120000';
const path = (text: string) => parsePath(text);

describe('requests', () => {
  it.each([
    ['read', '/3303/0/5700', undefined, { type: 'read', path: path('/3303/0/5700') }],
    ['discover', '/3', undefined, { type: 'discover', path: path('/3') }],
    [
      'write',
      '/3311/0/5850',
      true,
      {
        type: 'write',
        path: path('/3311/0/5850'),
        mode: 'replace',
        nodes: [{ path: path('/3311/0/5850'), value: true }],
      },
    ],
    [
      'write-partial',
      '/3311/0',
      { 5850: false, 5851: 7 },
      {
        type: 'write',
        path: path('/3311/0'),
        mode: 'partial',
        nodes: [
          { path: path('/3311/0/5850'), value: false },
          { path: path('/3311/0/5851'), value: 7 },
        ],
      },
    ],
    [
      'write',
      '/3/0/11',
      { 0: 1, 3: 2 },
      {
        type: 'write',
        path: path('/3/0/11'),
        mode: 'replace',
        nodes: [
          { path: path('/3/0/11/0'), value: 1 },
          { path: path('/3/0/11/3'), value: 2 },
        ],
      },
    ],
    ['execute', '/3/0/4', undefined, { type: 'execute', path: path('/3/0/4'), arguments: '' }],
    ['execute', '/5/0/2', "0='a'", { type: 'execute', path: path('/5/0/2'), arguments: "0='a'" }],
    [
      'create',
      '/3311',
      { 5850: true },
      { type: 'create', path: path('/3311'), nodes: [{ path: path('/3311/0/5850'), value: true }] },
    ],
    ['create', '/3311/4', undefined, { type: 'create', path: path('/3311/4'), nodes: [] }],
    ['delete', '/3311/4', undefined, { type: 'delete', path: path('/3311/4') }],
    [
      'write-attributes',
      '/3303/0/5700',
      { pmin: 1, gt: null },
      { type: 'write-attributes', path: path('/3303/0/5700'), attributes: { pmin: 1, gt: null } },
    ],
    ['observe', '/3303/0', undefined, { type: 'observe', path: path('/3303/0') }],
    ['cancel-observe', '/3303/0', undefined, { type: 'cancel-observe', path: path('/3303/0') }],
    [
      'read-composite',
      ['/3/0/9', '/3303'],
      undefined,
      { type: 'read-composite', paths: [path('/3/0/9'), path('/3303')] },
    ],
    [
      'write-composite',
      undefined,
      { '/3/0/14': '+01:00' },
      { type: 'write-composite', nodes: [{ path: path('/3/0/14'), value: '+01:00' }] },
    ],
  ])('%s %s %j is that operation', (operation, where, value, expected) => {
    const request = {
      operation,
      ...(where === undefined ? {} : { path: where }),
      ...(value === undefined ? {} : { value }),
    };
    expect(asked(request)).toEqual({ operation: expected });
  });

  it('every operation that commands name is tested above or known by its row', () => {
    expect(COMMANDS.map(({ name }) => name)).toEqual([
      ...['read', 'discover', 'write', 'write-partial', 'write-attributes', 'execute', 'create', 'delete'],
      ...['observe', 'cancel-observe', 'read-composite', 'write-composite'],
    ]);
  });

  it('is an object or a text that holds one; id and expires are read', () => {
    const request = { id: 42, operation: 'read', path: '/3', expires: TIME };
    for (const content of [request, JSON.stringify(request)]) {
      expect(read(content)).toMatchObject({ id: '42', path: '/3', expires: Date.parse('2026-12-01T12:00:00Z') });
    }
    expect(read({ operation: 'read', path: '/3' })).toMatchObject({ id: 'cin1', expires: undefined });
  });

  it('a resource that the object model does not know takes the type of the JSON', () => {
    for (const value of [1.5, 'x', true]) {
      const request = { operation: 'write', path: '/32769/0/1', value };
      expect(asked(request)).toMatchObject({ operation: { nodes: [{ value }] } });
    }
  });

  it.each([
    ['no object', 5],
    ['no JSON', '{'],
    ['no operation', {}],
    ['an operation that there is not', { operation: 'fly', path: '/3' }],
    ['no path', { operation: 'read' }],
    ['a path of another kind', { operation: 'read', path: 3 }],
    ['a list where one is meant', { operation: 'read', path: ['/3'] }],
    ['one where a list is meant', { operation: 'read-composite', path: '/3' }],
    ['a value where none belongs', { operation: 'delete', path: '/3311/0', value: 1 }],
    ['no value', { operation: 'write', path: '/3311/0/5850' }],
    ['a value of another type', { operation: 'write', path: '/3311/0/5850', value: 'maybe' }],
    ['a bare value of an instance', { operation: 'write', path: '/3311/0', value: 5 }],
    ['a whole object written', { operation: 'write', path: '/3311', value: {} }],
    ['a misspelled member', { operation: 'read', path: '/3', expire: TIME }],
    ['an expiration that is none', { operation: 'read', path: '/3', expires: '2026' }],
    ['an id that is none', { id: {}, operation: 'read', path: '/3' }],
    ['attributes that are no numbers', { operation: 'write-attributes', path: '/3/0', value: { pmin: 'x' } }],
  ])('%s has a reason', (_what, content) => {
    expect(asked(content)).toEqual({ reason: expect.stringMatching(/.{10}/) });
  });

  it('whatever JSON comes, it is an operation or has a reason', () => {
    const path = fc.oneof(fc.constantFrom('/3', '/3311/0', '/3311/0/5850', '/3/0/11/1'), fc.jsonValue());
    const request = fc.record(
      {
        id: fc.jsonValue(),
        operation: fc.oneof(fc.constantFrom(...COMMANDS.map(({ name }) => name)), fc.jsonValue()),
        path,
        value: fc.oneof(fc.jsonValue(), fc.dictionary(fc.nat(70_000).map(String), fc.jsonValue())),
        expires: fc.oneof(fc.constant(TIME), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(request, fc.jsonValue(), fc.string()), (content) => {
        const { id, asked } = read(content);
        expect(typeof id).toBe('string');
        if ('reason' in asked) expect(asked.reason).not.toBe('');
        else expect(asked.operation.type).toBeTypeOf('string');
      }),
    );
  });
});

describe('responses', () => {
  const command = read({ id: 'a', operation: 'read', path: '/3311/0' });
  const operation = { type: 'read', path: path('/3311/0') } as const;
  const respond = (outcome: Outcome, sent = true) => commandResponse(command, operation, outcome, sent, codec, TIME);
  const nodes: Node[] = [
    { path: path('/3311/0/5850'), value: true },
    { path: path('/3311/0/5706/1'), value: 'red' },
    { path: path('/3311/0/9999'), value: 2n ** 60n },
  ];

  it('a success has its code, its values by their numbers, and that code in oneM2M', () => {
    expect(respond({ kind: 'success', code: '2.05', nodes })).toEqual({
      id: 'a',
      state: 'done',
      code: '2.05',
      rsc: 2000,
      value: { 5706: { 1: 'red' }, 5850: true, 9999: '1152921504606846976' },
      path: '/3311/0',
      time: TIME,
    });
    const single = { type: 'read', path: path('/3311/0/5850') } as const;
    const outcome: Outcome = { kind: 'success', code: '2.05', nodes: nodes.slice(0, 1) };
    expect(commandResponse(command, single, outcome, true, codec, TIME).value).toBe(true);
    const composite = { type: 'read-composite', paths: [path('/3311')] } as const;
    expect(commandResponse(command, composite, outcome, true, codec, TIME).value).toEqual({ '/3311/0/5850': true });
  });

  it('Create tells the path of the instance, Discover the links', () => {
    expect(respond({ kind: 'success', code: '2.01', path: path('/3311/7') })).toMatchObject({
      rsc: 2001,
      path: '/3311/7',
    });
    const links = [{ path: path('/3311/0/5850'), attributes: { pmin: 3 }, inherited: {}, dimension: 2 }];
    expect(respond({ kind: 'success', code: '2.05', links }).value).toEqual([
      { path: '/3311/0/5850', attributes: { pmin: 3 }, dimension: 2 },
    ]);
  });

  it('every outcome has one final state and a response status code of TS-0004', () => {
    const kinds = ['timeout', 'reset', 'asleep', 'gone', 'cancelled', 'expired', 'superseded'] as const;
    const codes = ['4.00', '4.01', '4.03', '4.04', '4.05', '4.06', '4.08', '4.12', '4.13', '4.15', '5.00', '5.03'];
    const outcomes: Outcome[] = [
      ...kinds.map((kind) => ({ kind })),
      ...codes.map((code) => ({ kind: 'refused', code }) as Outcome),
      { kind: 'invalid', reason: 'because' },
      { kind: 'success', code: '2.04' },
    ];
    for (const outcome of outcomes) {
      for (const sent of [true, false]) {
        const { state, rsc, reason, code } = respond(outcome, sent);
        expect(['done', 'failed', 'expired']).toContain(state);
        expect(Object.keys(STATUS_CODES)).toContain(String(rsc));
        if (code === undefined) expect(reason).toMatch(/./);
      }
    }
  });

  it.each([
    ['timeout', false, 'expired', 4008],
    ['timeout', true, 'failed', 4008],
    ['expired', false, 'expired', 4008],
    ['expired', true, 'failed', 4008],
    ['reset', false, 'failed', 6003],
    ['reset', true, 'failed', 6003],
    ['asleep', false, 'failed', 6003],
    ['asleep', true, 'failed', 6003],
    ['gone', false, 'failed', 6005],
    ['gone', true, 'failed', 6005],
    ['cancelled', false, 'failed', 5103],
    ['cancelled', true, 'failed', 5103],
    ['superseded', false, 'failed', 5103],
    ['superseded', true, 'failed', 5103],
  ] as const)('no answer (%s), sent: %s: the command is %s with %i, whenever it expires', (kind, sent, state, rsc) => {
    for (const expires of [undefined, 1]) {
      const response = commandResponse({ ...command, expires }, operation, { kind }, sent, codec, TIME);
      expect(response).toMatchObject({ state, rsc });
      const mayHaveHappened = /may have been carried out/.test(response.reason ?? '');
      expect(mayHaveHappened).toBe(sent && kind !== 'reset');
      if (state === 'expired') expect(sent).toBe(false);
    }
  });

  it('an answer that cannot be read may stand for what has been carried out; what was never asked does not', () => {
    const invalid: Outcome = { kind: 'invalid', reason: 'no TLV' };
    expect(respond(invalid)).toMatchObject({ state: 'failed', rsc: 5000, reason: expect.stringContaining('may have') });
    expect(respond(invalid, false)).toMatchObject({ state: 'failed', rsc: 4000, reason: 'no TLV' });
  });

  it('what was never put to the device says so', () => {
    expect(progress(command, 'queued', TIME)).toMatchObject({ id: 'a', state: 'queued', rsc: 1000 });
    expect(refusedCommand(command, 'no', TIME)).toMatchObject({ state: 'failed', rsc: 4000, reason: 'no' });
    expect(expiredCommand(command, TIME)).toMatchObject({ state: 'expired', rsc: 4008 });
    expect(interruptedCommand(command, TIME)).toMatchObject({ state: 'failed', rsc: 4008 });
  });
});
