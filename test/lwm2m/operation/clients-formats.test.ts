import { describe, expect, test } from 'vitest';
import { type Operation, type Outcome, parsePath, type Report } from '../../../lwm2m/index.ts';
import { connect, pair, serve } from './bench-of-devices.ts';
import { content, type Script, type ScriptedAnswer, type ServerRequest } from './scripted-device.ts';

const TLV = 11542;
const JSON_FORMAT = 11543;
const SENML_JSON = 110;
const SENML_CBOR = 112;
const LWM2M_CBOR = 11544;
const ALL_FORMATS = '</>;rt="oma.lwm2m";ct="110 112 11542 11543",</3/0>,</3303/0>';
const NOT_ACCEPTABLE: ScriptedAnswer = { code: '4.06' };

const read = (path: string, format?: number): Operation => ({
  type: 'read',
  path: parsePath(path),
  ...(format === undefined ? undefined : { format }),
});
const write = (path: string, value: string | number): Operation => ({
  type: 'write',
  path: parsePath(path),
  mode: 'replace',
  nodes: [{ path: parsePath(path), value }],
});
const values = (outcome: Outcome) =>
  outcome.kind === 'success'
    ? outcome.nodes?.map(({ path, value }) => [Object.values(path).join('/'), value])
    : outcome;
const accepts = (requests: readonly ServerRequest[]) => requests.map(({ accept }) => accept);

/** A resource TLV with a text of up to seven bytes. */
const tlvText = (id: number, text: string) => Buffer.concat([Buffer.from([0xc0 | text.length, id]), Buffer.from(text)]);

describe('requests to devices', () => {
  test('carry no Uri-Host and no other option that a device may not know', async () => {
    const { device, perform } = await pair(() => content('Anna', 0));
    await perform(read('/3/0/0'));
    await perform({ type: 'discover', path: parsePath('/3') });
    await perform(write('/3/0/15', 'UTC'));
    const known = new Set(['Uri-Path', 'Accept', 'Content-Format', 'Observe', 'Uri-Query']);
    expect(device.requests.flatMap(({ options }) => options).filter((name) => !known.has(String(name)))).toEqual([]);
  });

  test('a device that answers 4.02 to what it does not know has refused, and is not asked in a circle', async () => {
    const { device, perform } = await pair(() => ({ code: '4.02' }));
    expect(await perform(read('/3/0/0'))).toEqual({ kind: 'refused', code: '4.02' });
    expect(device.requests).toHaveLength(1);
  });
});

describe('without Accept, which is how a device is asked that lists no formats', () => {
  test('a single resource may come as TLV', async () => {
    const { device, perform } = await pair(() => content(tlvText(0, 'Anna'), TLV));
    const outcome = await perform(read('/3/0/0'));
    expect(values(outcome)).toEqual([['3/0/0', 'Anna']]);
    expect(outcome).toMatchObject({ code: '2.05', content: { format: TLV } });
    expect(accepts(device.requests)).toEqual([undefined]);
  });

  test('a single resource may come as text', async () => {
    const { perform } = await pair(() => content('95', 0));
    expect(values(await perform(read('/3/0/9')))).toEqual([['3/0/9', 95]]);
  });

  test('a single resource may come as text without Content-Format', async () => {
    const { perform } = await pair(() => content('95'), { version: '1.0' });
    const outcome = await perform(read('/3/0/9'));
    expect(values(outcome)).toEqual([['3/0/9', 95]]);
    expect(outcome).toMatchObject({ content: { format: 0, payload: Buffer.from('95') } });
  });

  test('an instance may come as TLV', async () => {
    const { perform } = await pair(() => content(Buffer.concat([tlvText(0, 'Anna'), tlvText(1, 'X')]), TLV));
    expect(values(await perform(read('/3/0')))).toEqual([
      ['3/0/0', 'Anna'],
      ['3/0/1', 'X'],
    ]);
  });

  test('an instance may come as SenML CBOR', async () => {
    // [{-2: "/3/0/", 0: "0", 3: "Anna"}, {0: "9", 2: 95}]
    const payload = Buffer.from('82a321652f332f302f0061300364416e6e61a20061390218 5f'.replaceAll(' ', ''), 'hex');
    const { perform } = await pair(() => content(payload, SENML_CBOR));
    expect(values(await perform(read('/3/0')))).toEqual([
      ['3/0/0', 'Anna'],
      ['3/0/9', 95],
    ]);
  });
});

describe('an Accept that a device does not support', () => {
  const instead: Script = ({ accept }) => (accept === undefined ? content('Anna', 0) : NOT_ACCEPTABLE);

  test('4.06: the next format is tried, and the refused one never again', async () => {
    const script: Script = ({ accept }) => (accept === TLV ? content(tlvText(0, 'Anna'), TLV) : NOT_ACCEPTABLE);
    const { device, perform } = await pair(script, { links: ALL_FORMATS });
    for (let i = 0; i < 3; i += 1) expect(values(await perform(read('/3/0/0')))).toEqual([['3/0/0', 'Anna']]);
    expect(values(await perform(read('/3/0')))).toEqual([['3/0/0', 'Anna']]);
    expect(accepts(device.requests)).toEqual([SENML_CBOR, SENML_JSON, TLV, TLV, TLV, TLV]);
  });

  test('5.00: the device chooses, and the format is not asked for again at that level', async () => {
    const script: Script = ({ accept }) => (accept === undefined ? content('Anna', 0) : { code: '5.00' });
    const { device, perform } = await pair(script, { links: ALL_FORMATS });
    expect(values(await perform(read('/3/0/0')))).toEqual([['3/0/0', 'Anna']]);
    expect(accepts(device.requests)).toEqual([SENML_CBOR, undefined]);
  });

  test('5.00 for an opaque reading of a string: the value comes all the same', async () => {
    const script: Script = ({ accept }) => (accept === 42 ? { code: '5.00' } : content('Anna', 0));
    const { device, perform } = await pair(script);
    for (let i = 0; i < 2; i += 1) expect(values(await perform(read('/3/0/0', 42)))).toEqual([['3/0/0', 'Anna']]);
    expect(accepts(device.requests)).toEqual([42, undefined, undefined]);
  });

  test('5.00 for TLV of a resource instance: the value comes all the same, and its resource is still asked for in TLV', async () => {
    const script: Script = ({ accept, path }) => {
      if (path === '/3/0/6') return content(tlvText(6, 'x').fill(1, 2), accept);
      return accept === TLV ? { code: '5.00' } : content('1', 0);
    };
    const { device, perform } = await pair(script, { links: '</>;ct=11542,</3/0>' });
    expect(values(await perform(read('/3/0/6/0')))).toEqual([['3/0/6/0', 1]]);
    expect(values(await perform(read('/3/0/6')))).toEqual([['3/0/6', 1]]);
    expect(accepts(device.requests)).toEqual([TLV, undefined, TLV]);
  });

  test('no answer at all: the device chooses after a short wait, and is not asked so again', async () => {
    const script: Script = ({ accept }) => (accept === undefined ? content('Anna', 0) : undefined);
    const { device, perform } = await pair(script, { links: '</>;ct=112,</3/0>' });
    for (let i = 0; i < 2; i += 1) expect(values(await perform(read('/3/0/0')))).toEqual([['3/0/0', 'Anna']]);
    expect(accepts(device.requests)).toEqual([SENML_CBOR, undefined, undefined]);
  });

  test('a device that is silent whatever it is asked has refused no format', async () => {
    let present = false;
    const { device, perform } = await pair(
      () => (present ? content('[{"n":"/3/0/0","vs":"Anna"}]', SENML_JSON) : undefined),
      {
        links: '</>;ct=110,</3/0>',
      },
    );
    expect(await perform(read('/3/0/0'), { deadline: 200 })).toEqual({ kind: 'timeout' });
    present = true;
    expect(values(await perform(read('/3/0/0')))).toEqual([['3/0/0', 'Anna']]);
    expect(accepts(device.requests)).toEqual([SENML_JSON, undefined, SENML_JSON]);
  });

  test('another format than asked: it is read as what it is, and asked for once', async () => {
    const { device, perform } = await pair(() => content('Anna', 0), { links: ALL_FORMATS });
    for (let i = 0; i < 2; i += 1) expect(values(await perform(read('/3/0/0')))).toEqual([['3/0/0', 'Anna']]);
    expect(device.requests).toHaveLength(2);
  });

  test('a format that worked is trusted: an error is then the answer', async () => {
    let broken = false;
    const script: Script = () => (broken ? { code: '5.00' } : content('[{"n":"/3/0/0","vs":"Anna"}]', SENML_JSON));
    const { device, perform } = await pair(script, { links: '</>;ct=110,</3/0>' });
    await perform(read('/3/0/0'));
    broken = true;
    expect(await perform(read('/3/0/0'))).toEqual({ kind: 'refused', code: '5.00' });
    expect(device.requests).toHaveLength(2);
  });

  test('what one device refuses another is still asked', async () => {
    const { port, perform, server } = await pair(instead, { links: '</>;ct=110,</3/0>' });
    await perform(read('/3/0/0'));
    const other = await connect(port, instead);
    await other.register({ endpoint: 'other', links: '</>;ct=110,</3/0>' });
    await server.perform('other', read('/3/0/0'));
    expect(accepts(other.requests)).toEqual([SENML_JSON, undefined]);
  });

  test('what a device showed is still known when it registers again and lists the same formats', async () => {
    const { device, perform } = await pair(instead, { links: '</>;ct=110,</3/0>' });
    await perform(read('/3/0/0'));
    await device.register({ links: '</>;ct=110,</3/0>' });
    await perform(read('/3/0/0'));
    await device.register({ links: '</>;ct=112,</3/0>' });
    await perform(read('/3/0/0'));
    expect(accepts(device.requests)).toEqual([SENML_JSON, undefined, undefined, SENML_CBOR, undefined]);
  });
});

describe('content as devices write it', () => {
  test('TLV of an instance may be wrapped in an object instance', async () => {
    const inner = tlvText(0, 'Anna');
    const { perform } = await pair(() => content(Buffer.concat([Buffer.from([0x08, 0x00, inner.length]), inner]), TLV));
    expect(values(await perform(read('/3/0')))).toEqual([['3/0/0', 'Anna']]);
  });

  test.each([
    ['with', '[{"bn":"/3/0/","n":"0","vs":"Anna"},{"n":"9","v":95}]', SENML_JSON],
    ['without', '[{"bn":"/3/0","n":"/0","vs":"Anna"},{"n":"/9","v":95}]', SENML_JSON],
    ['with', '{"bn":"/3/0/","e":[{"n":"0","sv":"Anna"},{"n":"9","v":95}]}', JSON_FORMAT],
    ['without', '{"bn":"/3/0","e":[{"n":"/0","sv":"Anna"},{"n":"/9","v":95}]}', JSON_FORMAT],
  ])('base names %s the final slash: %s', async (_, payload, format) => {
    const { perform } = await pair(() => content(payload, format));
    expect(values(await perform(read('/3/0')))).toEqual([
      ['3/0/0', 'Anna'],
      ['3/0/9', 95],
    ]);
  });

  test('a resource of a later object version than listed is typed all the same', async () => {
    // 5518 Timestamp, of 3303 since 1.1, from a device that lists 3303 without ver, which means 1.0.
    const tlv = Buffer.from([0xe4, 0x15, 0x8e, 0x51, 0x82, 0x42, 0x8f]);
    const { perform } = await pair(() => content(tlv, 11542), { version: '1.0', links: '</3/0>,</3303/0>' });
    const outcome = await perform(read('/3303/0'));
    expect(outcome).toMatchObject({ nodes: [{ path: parsePath('/3303/0/5518'), value: 0x5182_428f }] });
  });

  test('LwM2M CBOR may have maps of indefinite length', async () => {
    // {_ 3: {_ 0: {_ 0: "Anna", 9: 95}}}
    const payload = Buffer.from('bf03bf00bf0064416e6e6109185fffffff', 'hex');
    const { perform } = await pair(() => content(payload, LWM2M_CBOR), { version: '1.2' });
    expect(values(await perform(read('/3/0')))).toEqual([
      ['3/0/0', 'Anna'],
      ['3/0/9', 95],
    ]);
  });

  test('a Send may have a negative base time, and base fields in its first record only', async () => {
    const reports: Report[] = [];
    const { port } = await serve({ report: (report) => void reports.push(report) });
    const device = await connect(port);
    await device.register();
    const before = Date.now();
    const payload = '[{"bn":"/3303/0/","bt":-60,"n":"5700","v":1},{"n":"5700","t":30,"v":2}]';
    expect((await device.send(SENML_JSON, payload)).code).toBe('2.04');
    const [first, second] = reports[0]!.nodes;
    expect([first!.value, second!.value]).toEqual([1, 2]);
    expect(Math.abs(first!.time! - (before - 60_000))).toBeLessThan(5_000);
    expect(second!.time! - first!.time!).toBe(30_000);
  });
});
