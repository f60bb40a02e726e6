import { describe, expect, test } from 'vitest';
import { type Operation, type Outcome, parsePath } from '../../../lwm2m/index.ts';
import { pair } from './bench-of-devices.ts';
import { content, type Script, type ServerRequest } from './scripted-device.ts';

const SENML_JSON = 110;
const SENML_CBOR = 112;
const ALL_FORMATS = '</>;rt="oma.lwm2m";ct="110 112 11542 11543",</3/0>,</3303/0>';

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
const formats = (requests: readonly ServerRequest[]) => requests.map(({ contentFormat }) => contentFormat);

describe('composite operations that a device acknowledges and never answers', () => {
  const names = { type: 'read-composite', paths: [parsePath('/3/0/0'), parsePath('/3/0/9')] } as const;
  const single: Script = ({ method, path }) => {
    if (method === 'FETCH' || method === 'iPATCH') return { how: 'empty' };
    if (method !== 'GET') return { code: '2.04' };
    return path === '/3/0/0' ? content('Anna', 0, 3) : content('95', 0, 3);
  };

  test('Read-Composite becomes single Reads after a short wait, and later ones at once', async () => {
    const { device, perform } = await pair(single);
    for (let i = 0; i < 2; i += 1) {
      expect(values(await perform(names))).toEqual([
        ['3/0/0', 'Anna'],
        ['3/0/9', 95],
      ]);
    }
    expect(device.requests.map(({ method }) => method)).toEqual(['FETCH', 'GET', 'GET', 'GET', 'GET']);
  });

  test('Observe-Composite becomes single observations, and their cancellation too', async () => {
    const { server, device, perform } = await pair(single);
    const outcome = await perform({ ...names, type: 'observe-composite' });
    expect(outcome).toMatchObject({ kind: 'success', observing: true });
    expect(server.observations('device').map(({ paths }) => paths.length)).toEqual([1, 1]);
    await perform({ ...names, type: 'cancel-observe-composite' });
    expect(server.observations('device')).toEqual([]);
    expect(device.requests.slice(-2).map(({ observe }) => observe)).toEqual([1, 1]);
  });

  test('Write-Composite of one instance becomes a Write of it in part', async () => {
    const { device, perform } = await pair(single);
    const nodes = [
      { path: parsePath('/3/0/14'), value: '+01:00' },
      { path: parsePath('/3/0/15'), value: 'Europe/Rome' },
    ];
    expect(await perform({ type: 'write-composite', nodes })).toMatchObject({ kind: 'success', code: '2.04' });
    expect(device.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['iPATCH /', 'POST /3/0']);
  });

  test('Write-Composite of several instances has no other form', async () => {
    const { device, perform } = await pair(single);
    await perform(names);
    const nodes = [
      { path: parsePath('/1/0/1'), value: 60 },
      { path: parsePath('/3/0/15'), value: 'Europe/Rome' },
    ];
    expect(await perform({ type: 'write-composite', nodes })).toMatchObject({ kind: 'invalid' });
    expect(device.requests.map(({ method }) => method)).toEqual(['FETCH', 'GET', 'GET']);
  });

  test('a device that is silent to everything is not taken for one without composite operations', async () => {
    let present = false;
    const payload = '[{"n":"/3/0/0","vs":"Anna"},{"n":"/3/0/9","v":95}]';
    const { device, perform } = await pair(() => (present ? content(payload, SENML_JSON) : undefined));
    expect(await perform(names, { deadline: 200 })).toEqual({ kind: 'timeout' });
    present = true;
    expect(values(await perform(names))).toHaveLength(2);
    expect(device.requests.at(-1)?.method).toBe('FETCH');
  });

  test('a LwM2M 1.0 device is asked singly from the start', async () => {
    const { device, perform } = await pair(single, { version: '1.0' });
    expect(values(await perform(names))).toHaveLength(2);
    expect(device.requests.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });
});

describe('Discover', () => {
  const discover = (path: string): Operation => ({ type: 'discover', path: parsePath(path) });
  const links = async (payload: string, path = '/3') => {
    const { perform } = await pair(() => content(payload, 40));
    return perform(discover(path));
  };

  test('may list `</3>,</3/0/0>` without `</3/0>`', async () => {
    expect(await links('</3>,</3/0/0>')).toEqual({
      kind: 'success',
      code: '2.05',
      links: [
        { path: { objectId: 3 }, attributes: {}, inherited: {} },
        { path: { objectId: 3, instanceId: 0 }, attributes: {}, inherited: {}, implied: true },
        { path: { objectId: 3, instanceId: 0, resourceId: 0 }, attributes: {}, inherited: {} },
      ],
    });
  });

  test('keeps inherited attributes apart from those of the resource itself', async () => {
    const outcome = await links('</3>;pmin=10;ver=1.1,</3/0>;pmax=60,</3/0/7>;pmin=5;dim=8;gt=50,</3/0/8>', '/3');
    if (outcome.kind !== 'success') throw new Error(outcome.kind);
    expect(outcome.links?.map(({ attributes, inherited }) => [attributes, inherited])).toEqual([
      [{ pmin: 10 }, {}],
      [{ pmax: 60 }, { pmin: 10 }],
      [{ pmin: 5, gt: 50 }, { pmax: 60 }],
      [{}, { pmin: 10, pmax: 60 }],
    ]);
    expect(outcome.links?.[0]?.version).toBe('1.1');
    expect(outcome.links?.[2]?.dimension).toBe(8);
  });

  test('may be answered 2.05 for an object that the device does not have', async () => {
    expect(await links('', '/9999')).toEqual({ kind: 'success', code: '2.05', links: [] });
  });
});

describe('a Write in a format that a device does not support', () => {
  test.each(['4.04', '4.06', '4.15', '4.00'])(
    '%s: it is written in the next, and from then on at once',
    async (code) => {
      const script: Script = ({ contentFormat }) => ({ code: contentFormat === SENML_JSON ? '2.04' : code });
      const { device, perform } = await pair(script, { links: ALL_FORMATS });
      for (let i = 0; i < 2; i += 1)
        expect(await perform(write('/3/0/15', 'UTC'))).toEqual({ kind: 'success', code: '2.04' });
      expect(formats(device.requests)).toEqual([SENML_CBOR, SENML_JSON, SENML_JSON]);
    },
  );

  test('a refusal that is no matter of format comes back as it is, after one other try', async () => {
    const { device, perform } = await pair(() => ({ code: '4.04', payload: 'no such resource' }), {
      links: ALL_FORMATS,
    });
    expect(await perform(write('/3/0/15', 'UTC'))).toEqual({
      kind: 'refused',
      code: '4.04',
      reason: 'no such resource',
    });
    expect(device.requests).toHaveLength(2);
  });

  test('a Write always says its Content-Format: one without it was seen to do nothing, or worse', async () => {
    const { device, perform } = await pair(() => ({ code: '2.04' }));
    await perform(write('/3/0/15', 'UTC'));
    await perform({ ...write('/3/0/15', 'UTC'), type: 'write', mode: 'partial', path: parsePath('/3/0') } as Operation);
    await perform({
      type: 'create',
      path: parsePath('/3303'),
      nodes: [{ path: parsePath('/3303/0/5701'), value: 'Cel' }],
    });
    expect(formats(device.requests)).not.toContain(undefined);
  });

  test('a Write without answer is not sent again in another format', async () => {
    const { device, perform } = await pair(() => undefined, { links: ALL_FORMATS });
    expect(await perform(write('/3/0/15', 'UTC'), { deadline: 150 })).toEqual({ kind: 'timeout' });
    expect(device.requests).toHaveLength(1);
  });
});

describe('what devices do beside answering', () => {
  test('an Update that a Write of the lifetime sets off does not wait for the answer to it', async () => {
    const { server, device, perform } = await pair(() => undefined);
    const written = perform(write('/1/0/1', 90));
    await device.asked(1);
    expect(await device.update(['lt=90'])).toBe('2.04');
    device.answer(device.requests[0]!, { code: '2.04' });
    expect(await written).toMatchObject({ kind: 'success', code: '2.04' });
    expect(server.registrations.byEndpoint('device')?.lifetime).toBe(90);
  });

  test('a Write of the lifetime may change it in silence: the registration is what the device says of it', async () => {
    const { server, perform } = await pair(() => ({ code: '2.04' }));
    expect(await perform(write('/1/0/1', 90))).toMatchObject({ kind: 'success' });
    expect(server.registrations.byEndpoint('device')?.lifetime).toBe(600);
  });

  test('an Execute of /1/0/8 that is acknowledged and sets off no Update has succeeded', async () => {
    const { device, perform } = await pair(() => ({ code: '2.04' }));
    expect(await perform({ type: 'execute', path: parsePath('/1/0/8') })).toEqual({ kind: 'success', code: '2.04' });
    expect(device.requests[0]).toMatchObject({ method: 'POST', path: '/1/0/8', contentFormat: undefined });
  });

  test('Create: Location-Path and the Update with the new list describe one instance', async () => {
    const { server, device, perform } = await pair(() => ({ code: '2.01', location: ['3303', '4'] }));
    const nodes = [{ path: parsePath('/3303/0/5701'), value: 'Cel' }];
    const outcome = await perform({ type: 'create', path: parsePath('/3303'), nodes });
    expect(outcome).toEqual({ kind: 'success', code: '2.01', path: { objectId: 3303, instanceId: 4 } });
    const { code } = await device.ask('POST', device.location, { format: 40, payload: '</3/0>,</3303/0>,</3303/4>' });
    expect(code).toBe('2.04');
    expect(server.registrations.byEndpoint('device')?.objectLinks.links).toHaveLength(3);
  });

  test('a large Write is not interrupted: while a device has half of it, nothing else is asked', async () => {
    const bytes = Buffer.alloc(3_000, 7);
    const blocks: number[] = [];
    const { device, perform } = await pair(({ method, options }) => {
      if (method === 'GET') return content('1', 0);
      expect(options).toContain('Block1');
      return undefined;
    });
    const written = perform({
      type: 'write',
      path: parsePath('/5/0/0'),
      mode: 'replace',
      nodes: [{ path: parsePath('/5/0/0'), value: bytes }],
      format: 42,
    });
    const asked = perform(read('/3/0/9'));
    for (let block = 0; block < 3; block += 1) {
      await device.asked(block + 1);
      blocks.push(device.requests[block]!.payload.length);
      device.answerBlock(device.requests[block]!, block < 2 ? '2.31' : '2.04');
    }
    expect(await written).toMatchObject({ kind: 'success', code: '2.04' });
    expect(values(await asked)).toEqual([['3/0/9', 1]]);
    expect(blocks).toEqual([1024, 1024, 952]);
    expect(device.requests.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'PUT', 'GET']);
  });

  test('what is not safe goes out once and then as often as RFC 7252 4.2 says, under one message id', async () => {
    const { device, perform } = await pair(() => undefined, {}, { transmission: { ackTimeout: 20, maxRetransmit: 2 } });
    expect(await perform({ type: 'execute', path: parsePath('/3/0/4') })).toEqual({ kind: 'timeout' });
    expect(device.requests).toHaveLength(1);
    expect(device.copies).toBe(2);
  });

  test('an answer may come separately, or in a message of its own without an acknowledgement', async () => {
    for (const how of ['separate', 'non'] as const) {
      const { perform } = await pair(() => ({ ...content('95', 0), how }));
      expect(values(await perform(read('/3/0/9')))).toEqual([['3/0/9', 95]]);
    }
  });
});
