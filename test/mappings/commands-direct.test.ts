import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ContentInstance, parseTimestamp } from '../../cse-client/index.ts';
import {
  decodeContent,
  encodeContent,
  formatPath,
  ObjectModels,
  type Path,
  parsePath,
  valueFromJson,
  valueToJson,
} from '../../lwm2m/index.ts';
import {
  CONTENT_INFORMATION,
  type DirectCommandCodec,
  directCommandKind,
  ENCAPSULATION_LABEL,
  encapsulatedInstance,
  encodedContent,
  type InstancePath,
  PARTIAL_WRITE_LABEL,
  readDirectCommand,
} from '../../mappings/index.ts';

const models = ObjectModels.official();
const definition = ({ objectId }: Path) => models.find(objectId);
const resourceOf = (path: Path) =>
  path.resourceId === undefined ? undefined : definition(path)?.resources.get(path.resourceId);
const codec: DirectCommandCodec = {
  parsePath,
  formatPath,
  toValue: (path, json) => valueFromJson(resourceOf(path), json),
  toJson: (path, value) => valueToJson(resourceOf(path), value),
  parseTime: parseTimestamp,
  decode: ({ format, payload }, base) =>
    decodeContent(format, payload, { base, find: (objectId) => models.find(objectId) }),
};
const path = (text: string) => parsePath(text) as InstancePath;
const read = (where: string, instance: object) => {
  const at = path(where);
  const kind = directCommandKind(at, definition(at)) ?? 'write';
  return readDirectCommand({ ri: 'cin1', ...instance } as unknown as ContentInstance, {
    path: at,
    kind,
    resource: resourceOf(at),
    codec,
  });
};
const asked = (where: string, instance: object) => read(where, instance).asked;

describe('what may be asked in a container', () => {
  it.each([
    ['/3311/0/5850', 'write'],
    ['/3/0/4', 'execute'],
    ['/3303/0/5700', undefined],
    ['/5/0/0', 'write'],
    ['/3/0/11/0', undefined],
    ['/32769/0/1', 'write'],
    ['/3311/0/26241', 'write'],
    ['/3311/0', 'encapsulated'],
  ])('of %s is %s, by the operations of the object model (TS-0014 6.4.1)', (where, kind) => {
    expect(directCommandKind(path(where), definition(path(where)))).toBe(kind);
  });
});

describe('a contentInstance in a writable container', () => {
  it.each([
    ['/3311/0/5850', true, true],
    ['/3311/0/5850', 'true', true],
    ['/3311/0/5850', '0', false],
    ['/3311/0/5851', 42, 42],
    ['/3311/0/5851', '42', 42],
    ['/3308/0/5900', '21.5', 21.5],
    ['/3308/0/5900', 21.5, 21.5],
    ['/3/0/14', '+01:00', '+01:00'],
    ['/3/0/13', 1_700_000_000, 1_700_000_000],
    ['/5/0/0', 'AQID', Buffer.from([1, 2, 3])],
    ['/32769/0/1', 7.5, 7.5],
    ['/32769/0/1', 'seven', 'seven'],
  ])('of %s with content %j is a Write of %j', (where, con, value) => {
    const nodes = [{ path: path(where), value }];
    expect(asked(where, { con })).toEqual({ operation: { type: 'write', path: path(where), mode: 'replace', nodes } });
  });

  it('an object link is text or its two ids', () => {
    const value = { objectId: 3, instanceId: 0 };
    for (const con of ['3:0', value])
      expect(asked('/1/0/10', { con })).toMatchObject({ operation: { nodes: [{ value }] } });
  });

  it('the instances of a multiple resource are an object, or a text that holds one', () => {
    const expected = [
      { path: path('/8/0/1/0'), value: 'a' },
      { path: path('/8/0/1/2'), value: 'b' },
    ];
    const content = { 0: 'a', 2: 'b' };
    for (const con of [content, JSON.stringify(content)]) {
      expect(asked('/8/0/1', { con })).toMatchObject({ operation: { nodes: expected } });
    }
  });

  it('bytes for a resource that the object model does not know are told by contentInfo', () => {
    const bytes = { con: 'AQID', cnf: 'application/octet-stream:2' };
    expect(asked('/32769/0/1', bytes)).toMatchObject({ operation: { nodes: [{ value: Buffer.from([1, 2, 3]) }] } });
  });

  it.each([
    ['/3311/0/5850', 'maybe'],
    ['/3311/0/5850', undefined],
    ['/3311/0/5850', null],
    ['/3311/0/5851', 'bright'],
    ['/3311/0/5851', { 0: 'x' }],
    ['/5/0/0', 'no base64!'],
    ['/32769/0/1', null],
  ])('of %s with content %j has a reason', (where, con) => {
    expect(asked(where, { con })).toEqual({ reason: expect.stringMatching(/.{8}/) });
  });
});

describe('a contentInstance in an executable container', () => {
  it.each([
    ['0', '0'],
    ["0='a',1", "0='a',1"],
    [5, '5'],
    ['', ''],
    [true, ''],
    ['true', ''],
    [undefined, ''],
  ])('with content %j is an Execute with the arguments %j', (con, args) => {
    const operation = { type: 'execute', path: path('/3/0/4'), arguments: args };
    expect(asked('/3/0/4', con === undefined ? {} : { con })).toEqual({ operation });
  });

  it('what is no arguments has a reason', () => {
    expect(asked('/3/0/4', { con: { now: true } })).toEqual({ reason: expect.stringContaining('arguments') });
  });
});

describe('an encapsulated instance (TS-0014 7.2)', () => {
  const base = path('/3311/0');
  const nodes = [
    { path: path('/3311/0/5850'), value: true },
    { path: path('/3311/0/5851'), value: 7 },
  ];
  const find = (objectId: number) => models.find(objectId);

  it.each([110, 112, 11542, 11543, 11544])('in content format %i is a Write of the instance', (format) => {
    const encoded = encodeContent(format, nodes, { base, find });
    const { con, cnf, lbl } = encapsulatedInstance({ format, payload: encoded });
    const operation = { type: 'write', path: base, mode: 'replace', nodes, format };
    expect(asked('/3311/0', { con, cnf, lbl })).toEqual({ operation });
    const partial = [ENCAPSULATION_LABEL, PARTIAL_WRITE_LABEL];
    expect(asked('/3311/0', { con, cnf, lbl: partial })).toMatchObject({
      operation: { mode: 'partial' },
    });
  });

  it('without contentInfo it is TLV, and JSON may be the object that it is', () => {
    const payload = encodeContent(11542, nodes, { base, find });
    const lbl = [ENCAPSULATION_LABEL];
    expect(asked('/3311/0', { con: payload.toString('base64'), lbl })).toMatchObject({ operation: { format: 11542 } });
    const con: unknown = JSON.parse(encodeContent(110, nodes, { base, find }).toString());
    expect(asked('/3311/0', { con, cnf: 'application/senml+json:0', lbl })).toMatchObject({ operation: { nodes } });
  });

  it.each([
    ['no label', { con: '[]', cnf: 'application/senml+json:0' }],
    ['a format that is none', { con: '[]', cnf: 'application/xml:0', lbl: [ENCAPSULATION_LABEL] }],
    ['no JSON', { con: '[', cnf: 'application/senml+json:0', lbl: [ENCAPSULATION_LABEL] }],
    ['no base64', { con: '*', cnf: 'application/vnd.oma.lwm2m+tlv:2', lbl: [ENCAPSULATION_LABEL] }],
    ['no content', { cnf: 'application/senml+json:0', lbl: [ENCAPSULATION_LABEL] }],
  ])('with %s has a reason', (_what, instance) => {
    expect(asked('/3311/0', instance)).toEqual({ reason: expect.stringMatching(/.{8}/) });
  });

  it('every contentInfo that the bridge writes is read back', () => {
    const payload = Buffer.from('[{"n":"x"}]');
    for (const { format } of CONTENT_INFORMATION) {
      const { con, cnf } = encapsulatedInstance({ format, payload });
      expect(encodedContent(con, cnf ?? undefined).payload).toEqual(payload);
    }
  });
});

it('whatever contentInstance comes, it is an operation or has a reason, under the resource ID', () => {
  const where = fc.constantFrom('/3311/0/5850', '/3/0/4', '/3311/0', '/5/0/0', '/32769/0/1', '/3/0/11', '/3/0/11/1');
  const cnf = fc.option(
    fc.oneof(fc.string(), fc.constantFrom(...CONTENT_INFORMATION.map(({ contentInfo }) => contentInfo))),
    { nil: undefined },
  );
  const lbl = fc.constantFrom(undefined, [ENCAPSULATION_LABEL], ['x']);
  const con = fc.oneof(fc.jsonValue(), fc.base64String(), fc.string(), fc.constant(undefined));
  fc.assert(
    fc.property(where, con, cnf, lbl, (at, content, info, labels) => {
      const command = read(at, { con: content, cnf: info, lbl: labels });
      expect(command.id).toBe('cin1');
      if ('reason' in command.asked) expect(command.asked.reason).not.toBe('');
      else expect(command.asked.operation.type).toMatch(/^(write|execute)$/);
    }),
  );
});
