import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { IpeError } from '../../../common/index.ts';
import {
  type Dispatcher,
  ObjectModels,
  type Operation,
  parsePath,
  type WaitingOperation,
} from '../../../lwm2m/index.ts';
import { objectXml } from '../model/object-file.ts';
import { connect, pair, serve } from './bench-of-devices.ts';
import { content, type Script, type ServerRequest } from './scripted-device.ts';

const read = (path: string): Operation => ({ type: 'read', path: parsePath(path) });
const node = (path: string, value: string | number) => ({ path: parsePath(path), value });
const asText = ({ method, path, query }: ServerRequest) => [method, path, ...query].join(' ');

describe('operations on the wire (LwM2M 1.1 Transport 6.4.3)', () => {
  const everything: Script = ({ method, observe }) => {
    if (method === 'GET' || method === 'FETCH')
      return content('[{"n":"/3/0/9","v":1}]', 110, observe === 0 ? 7 : undefined);
    if (method === 'DELETE') return { code: '2.02' };
    return { code: '2.04' };
  };

  test.each<[string, Operation, string]>([
    ['Read is a GET', read('/3/0/9'), 'GET /3/0/9'],
    ['Observe is a GET', { type: 'observe', path: parsePath('/3/0') }, 'GET /3/0'],
    [
      'Write that replaces is a PUT',
      { type: 'write', path: parsePath('/3/0/15'), mode: 'replace', nodes: [node('/3/0/15', 'UTC')] },
      'PUT /3/0/15',
    ],
    [
      'Write in part is a POST of the instance',
      { type: 'write', path: parsePath('/3/0'), mode: 'partial', nodes: [node('/3/0/15', 'UTC')] },
      'POST /3/0',
    ],
    [
      'Write-Attributes is a PUT without payload',
      { type: 'write-attributes', path: parsePath('/3/0/9'), attributes: { pmin: 5, gt: 1.5, lt: null } },
      'PUT /3/0/9 pmin=5 gt=1.5 lt',
    ],
    [
      'Execute is a POST of the resource',
      { type: 'execute', path: parsePath('/3/0/4'), arguments: "1='a'" },
      'POST /3/0/4',
    ],
    ['Delete is a DELETE', { type: 'delete', path: parsePath('/3303/1') }, 'DELETE /3303/1'],
    ['Read-Composite is a FETCH of the root', { type: 'read-composite', paths: [parsePath('/3/0/9')] }, 'FETCH /'],
    [
      'Write-Composite is an iPATCH of the root',
      { type: 'write-composite', nodes: [node('/3/0/15', 'UTC')] },
      'iPATCH /',
    ],
  ])('%s', async (_, operation, expected) => {
    const { device, perform } = await pair(everything);
    expect(await perform(operation)).toMatchObject({ kind: 'success' });
    expect(device.requests.map(asText)).toEqual([expected]);
  });

  test('Discover asks for link format, from 1.2 on to a depth', async () => {
    const { device, perform } = await pair(() => content('</3>', 40), { version: '1.2' });
    expect(await perform({ type: 'discover', path: parsePath('/3'), depth: 2 })).toMatchObject({ kind: 'success' });
    expect(device.requests[0]).toMatchObject({ method: 'GET', path: '/3', query: ['depth=2'], accept: 40 });
  });

  test('Execute carries its arguments as text, and nothing where there are none', async () => {
    const { device, perform } = await pair(everything);
    await perform({ type: 'execute', path: parsePath('/3/0/4'), arguments: "5,2='10.3'" });
    await perform({ type: 'execute', path: parsePath('/3/0/4') });
    expect(device.requests[0]).toMatchObject({ contentFormat: 0, payload: Buffer.from("5,2='10.3'") });
    expect(device.requests[1]).toMatchObject({ contentFormat: undefined, payload: Buffer.alloc(0) });
  });

  test('Create of a named instance wraps its resources, one that the device numbers does not (LwM2M 1.1 6.3.6)', async () => {
    const { device, perform } = await pair(() => ({ code: '2.01' }), { version: '1.0' });
    const nodes = [node('/3303/5/5701', 'Cel')];
    const named = await perform({ type: 'create', path: parsePath('/3303/5'), nodes });
    expect(named).toMatchObject({ kind: 'success', path: { objectId: 3303, instanceId: 5 } });
    expect(await perform({ type: 'create', path: parsePath('/3303'), nodes })).toEqual({
      kind: 'success',
      code: '2.01',
    });
    await perform({ type: 'create', path: parsePath('/3303/7'), nodes: [] });
    expect(device.requests.map(asText)).toEqual(['POST /3303', 'POST /3303', 'POST /3303']);
    expect(device.requests.map(({ payload }) => payload.toString('hex'))).toEqual([
      '0605e3164543656c',
      'e3164543656c',
      '0007',
    ]);
  });

  test('Create in a format that cannot leave the number out takes the first that the device does not list', async () => {
    const script: Script = ({ contentFormat }) => ({ code: contentFormat === 110 ? '2.01' : '4.15' });
    const { perform } = await pair(script, { links: '</>;ct=110,</3/0>,</3303/0>,</3303/1>' });
    const create: Operation = { type: 'create', path: parsePath('/3303'), nodes: [node('/3303/0/5701', 'Cel')] };
    expect(await perform(create)).toMatchObject({ kind: 'success', path: { objectId: 3303, instanceId: 2 } });
  });

  test('everything is asked below the alternate root path', async () => {
    const { device, perform } = await pair(everything, { links: '</lwm2m>;rt="oma.lwm2m",</lwm2m/3/0>' });
    await perform(read('/3/0/9'));
    await perform({ type: 'read-composite', paths: [parsePath('/3/0/9')] });
    expect(device.requests.map(asText)).toEqual(['GET /lwm2m/3/0/9', 'FETCH /lwm2m']);
    expect(device.requests[1]?.payload.includes('/lwm2m/3/0/9')).toBe(true);
  });

  test('an answer in blocks is one answer', async () => {
    const whole = Buffer.alloc(1_500, 'x');
    const { device, perform } = await pair(({ options }) =>
      options.includes('Block2')
        ? { code: '2.05', format: 0, payload: whole.subarray(1_024), block2: 0x16 }
        : { code: '2.05', format: 0, payload: whole.subarray(0, 1_024), block2: 0x0e },
    );
    const outcome = await perform(read('/3/0/0'));
    expect(outcome).toMatchObject({ kind: 'success', content: { format: 0, payload: whole } });
    expect(device.requests).toHaveLength(2);
  });

  test('object definitions that are replaced count from the next answer on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'definitions-'));
    await writeFile(join(folder, '33000.xml'), objectXml({ id: 33_000 }));
    let models = ObjectModels.official();
    const tlv = Buffer.from([0x86, 0x07, 0x41, 0x00, 0x05, 0x41, 0x01, 0x07]);
    const { perform } = await pair(() => content(tlv, 11542), { links: '</33000/0>' }, { models: () => models });
    const answer = () => perform({ type: 'read', path: parsePath('/33000/0') });
    expect(await answer()).toMatchObject({ nodes: [{ value: Buffer.from([5]) }, { value: Buffer.from([7]) }] });
    models = await models.withFolder(folder);
    await rm(folder, { recursive: true });
    expect(await answer()).toMatchObject({ nodes: [{ value: 5 }, { value: 7 }] });
  });
});

describe('the outcome is a value', () => {
  test('refused: code and diagnostic text of the device, one short line of it', async () => {
    const { perform } = await pair(() => ({ code: '4.01', payload: 'no\nright' }));
    expect(await perform(read('/3/0/0'))).toEqual({ kind: 'refused', code: '4.01', reason: 'no?right' });
  });

  test('reset', async () => {
    const { perform } = await pair(() => ({ how: 'reset' }));
    expect(await perform(read('/3/0/0'))).toEqual({ kind: 'reset' });
  });

  test('timeout: the deadline passes', async () => {
    const { perform } = await pair(() => undefined);
    expect(await perform(read('/3/0/0'), { deadline: 30 })).toEqual({ kind: 'timeout' });
  });

  test('timeout: the retransmissions of RFC 7252 4.2 are over', async () => {
    const { perform } = await pair(() => undefined, {}, { transmission: { ackTimeout: 10, maxRetransmit: 1 } });
    expect(await perform(read('/3/0/0'))).toEqual({ kind: 'timeout' });
  });

  test('cancelled: before and while it is under way', async () => {
    const { device, perform } = await pair(() => undefined);
    expect(await perform(read('/3/0/0'), { signal: AbortSignal.abort() })).toEqual({ kind: 'cancelled' });
    const controller = new AbortController();
    const outcome = perform(read('/3/0/0'), { signal: controller.signal });
    await device.asked(1);
    controller.abort();
    expect(await outcome).toEqual({ kind: 'cancelled' });
  });

  test('gone: nobody of that name is registered', async () => {
    const { server } = await serve();
    expect(await server.perform('nobody', read('/3/0/0'))).toEqual({ kind: 'gone' });
  });

  test('gone: the device de-registers, for what is under way and for all that waits', async () => {
    const { device, perform } = await pair(() => undefined);
    const outcomes = Promise.all([perform(read('/3/0/0')), perform(read('/3/0/1')), perform(read('/3/0/2'))]);
    await device.asked(1);
    await device.deregister();
    expect(await outcomes).toEqual([{ kind: 'gone' }, { kind: 'gone' }, { kind: 'gone' }]);
    expect(device.requests).toHaveLength(1);
  });

  test('gone: a Register ends what is at the device; what waits is asked under the new registration', async () => {
    const { device, perform } = await pair(() => undefined);
    const first = perform(read('/3/0/0'));
    const second = perform(read('/3/0/9'));
    await device.asked(1);
    device.script = () => content('95', 0);
    await device.register();
    expect(await first).toEqual({ kind: 'gone' });
    expect(await second).toMatchObject({ kind: 'success' });
  });

  test('cancelled: the server stops', async () => {
    const { server, device, perform } = await pair(() => undefined);
    const outcomes = Promise.all([perform(read('/3/0/0')), perform(read('/3/0/1'))]);
    await device.asked(1);
    await server.stop(0);
    expect(await outcomes).toEqual([{ kind: 'cancelled' }, { kind: 'cancelled' }]);
    expect(await perform(read('/3/0/0'))).toEqual({ kind: 'cancelled' });
  });

  test.each([
    ['nothing', undefined],
    ['no type', {}],
    ['an unknown type', { type: 'explode', path: { objectId: 3 } }],
    ['no path', { type: 'read' }],
    ['an object without prototype', { type: 'constructor' }],
    ['nodes that are none', { type: 'write', path: { objectId: 3, instanceId: 0 }, mode: 'replace', nodes: 7 }],
  ])('invalid: %s in place of an operation', async (_, operation) => {
    const { device, perform } = await pair(() => undefined);
    expect(await perform(operation as never)).toMatchObject({ kind: 'invalid' });
    expect(device.requests).toEqual([]);
  });

  test('invalid: an answer that cannot be read', async () => {
    const { perform } = await pair(() => content('{', 110), { version: '1.0' });
    expect(await perform(read('/3/0/0'))).toMatchObject({ kind: 'invalid', reason: expect.any(String) });
  });

  test('invalid: a value that no format can express', async () => {
    const { device, perform } = await pair(() => ({ code: '2.04' }));
    const nodes = [{ path: parsePath('/3/0/13'), value: Number.NaN }];
    const outcome = await perform({ type: 'write', path: parsePath('/3/0/13'), mode: 'replace', nodes });
    expect(outcome).toMatchObject({ kind: 'invalid' });
    expect(device.requests).toEqual([]);
  });

  test('each is counted once, by its kind', async () => {
    const { server, perform } = await pair(() => content('95', 0));
    await perform(read('/3/0/9'));
    await perform(read('/3/0/9'), { signal: AbortSignal.abort() });
    expect(server.counters.operations).toMatchObject({ success: 1, cancelled: 1, timeout: 0 });
  });
});

describe('operations of one device', () => {
  test('are under way one at a time, in the order in which they were asked', async () => {
    let open = 0;
    let most = 0;
    const script: Script = (request, device) => {
      open += 1;
      most = Math.max(most, open);
      setImmediate(() => {
        open -= 1;
        device.answer(request, content('95', 0));
      });
      return undefined;
    };
    const { device, perform } = await pair(script);
    await Promise.all(Array.from({ length: 20 }, (_, id) => perform(read(`/3/0/${id}`))));
    expect(most).toBe(1);
    expect(device.requests.map(({ path }) => path)).toEqual(Array.from({ length: 20 }, (_, id) => `/3/0/${id}`));
  });

  test('commands go before background work that was asked earlier', async () => {
    const { device, perform } = await pair(() => content('95', 0));
    await Promise.all([
      perform(read('/3/0/0'), { urgency: 'background' }),
      perform(read('/3/0/1'), { urgency: 'background' }),
      perform(read('/3/0/2')),
    ]);
    expect(device.requests.map(({ path }) => path)).toEqual(['/3/0/0', '/3/0/2', '/3/0/1']);
  });

  test('that are too many are refused, and the others go on', async () => {
    const { device, perform } = await pair(() => undefined, {}, { limits: { operation: { waitingPerDevice: 2 } } });
    const asked = [0, 1, 2, 3].map((id) => perform(read(`/3/0/${id}`)));
    expect(await asked[3]).toMatchObject({ kind: 'invalid', reason: expect.stringContaining('too many') });
    await device.asked(1);
    device.script = () => content('95', 0);
    device.answer(device.requests[0]!, content('95', 0));
    for (const outcome of await Promise.all(asked.slice(0, 3))) expect(outcome.kind).toBe('success');
  });

  test('that are called off while they wait are never sent, and hold up nobody', async () => {
    const { device, perform } = await pair(() => undefined);
    const controller = new AbortController();
    const first = perform(read('/3/0/0'));
    const second = perform(read('/3/0/1'), { signal: controller.signal });
    const third = perform(read('/3/0/2'), { deadline: 20 });
    const fourth = perform(read('/3/0/3'));
    await device.asked(1);
    controller.abort();
    expect(await second).toEqual({ kind: 'cancelled' });
    expect(await third).toEqual({ kind: 'timeout' });
    device.script = () => content('95', 0);
    device.answer(device.requests[0]!, content('95', 0));
    expect((await first).kind).toBe('success');
    expect((await fourth).kind).toBe('success');
    expect(device.requests.map(({ path }) => path)).toEqual(['/3/0/0', '/3/0/3']);
  });

  test('do not wait for those of another device', async () => {
    const { server, port, perform } = await pair(() => undefined);
    const silent = perform(read('/3/0/0'), { deadline: 300 });
    const other = await connect(port, () => content('95', 0));
    await other.register({ endpoint: 'other' });
    expect((await server.perform('other', read('/3/0/9'))).kind).toBe('success');
    expect((await silent).kind).toBe('timeout');
  });

  test('take turns with those of other devices where only so many may be under way', async () => {
    const { server, port } = await serve({ limits: { operation: { underWay: 1 } } });
    const order: string[] = [];
    const names = ['a', 'b', 'c'];
    for (const endpoint of names) {
      const device = await connect(port, () => {
        order.push(endpoint);
        return content('95', 0);
      });
      await device.register({ endpoint });
    }
    await Promise.all(names.flatMap((name) => [0, 1].map(() => server.perform(name, read('/3/0/9')))));
    expect(order).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  test('go to the address of the last Update', async () => {
    const { port, device, perform } = await pair(() => content('1', 0));
    await perform(read('/3/0/9'));
    const moved = await connect(port, () => content('2', 0));
    moved.location = device.location;
    expect(await moved.update()).toBe('2.04');
    expect(await perform(read('/3/0/9'))).toMatchObject({ kind: 'success', nodes: [{ value: 2 }] });
    expect([device.requests.length, moved.requests.length]).toEqual([1, 1]);
  });

  test('go to the new address also when the Update was refused because our side has trouble', async () => {
    const { server, port } = await serve({}, { update: () => Promise.resolve({ code: '5.03' }) });
    const device = await connect(port, () => content('1', 0));
    await device.register();
    const moved = await connect(port, () => content('2', 0));
    moved.location = device.location;
    expect(await moved.update()).toBe('5.03');
    expect(await server.perform('device', read('/3/0/9'))).toMatchObject({ nodes: [{ value: 2 }] });
  });
});

describe('whatever stands between the asking and the speaking', () => {
  test('sees every operation, may keep it back, and carries it out with the address of that moment', async () => {
    const kept: { waiting: WaitingOperation; go: () => void }[] = [];
    const dispatcher = (next: Dispatcher): Dispatcher => ({
      dispatch: (waiting) =>
        new Promise((resolve) => kept.push({ waiting, go: () => void next.dispatch(waiting).then(resolve) })),
    });
    const { port, device, perform } = await pair(() => content('1', 0), {}, { dispatcher });
    const outcome = perform(read('/3/0/9'));
    expect(kept.map(({ waiting }) => [waiting.endpoint, waiting.operation.type])).toEqual([['device', 'read']]);
    const moved = await connect(port, () => content('2', 0));
    moved.location = device.location;
    await moved.update();
    kept[0]!.go();
    expect(await outcome).toMatchObject({ kind: 'success', nodes: [{ value: 2 }] });
    expect(device.requests).toEqual([]);
  });

  test('may carry an operation out again when it failed', async () => {
    let tries = 0;
    const dispatcher = (next: Dispatcher): Dispatcher => ({
      dispatch: async (waiting) => {
        const outcome = await next.dispatch(waiting);
        return outcome.kind === 'refused' ? next.dispatch(waiting) : outcome;
      },
    });
    const script: Script = () => (++tries === 1 ? { code: '5.03' } : content('1', 0));
    const { perform } = await pair(script, {}, { dispatcher });
    expect(await perform(read('/3/0/9'))).toMatchObject({ kind: 'success' });
    expect(tries).toBe(2);
  });

  test('need not settle what was called off: the caller has its outcome', async () => {
    const dispatcher = (): Dispatcher => ({ dispatch: () => new Promise(() => undefined) });
    const { device, perform } = await pair(() => undefined, {}, { dispatcher });
    const outcome = perform(read('/3/0/9'));
    await device.deregister();
    expect(await outcome).toEqual({ kind: 'gone' });
  });
});

test('a handler that fails leaves the address index and the operations as they are', async () => {
  const { server, port } = await serve({}, { update: () => Promise.reject(new IpeError('cse/timeout', 'away')) });
  const device = await connect(port, () => content('95', 0));
  await device.register();
  expect(await device.update()).toBe('5.00');
  expect((await server.perform('device', read('/3/0/9'))).kind).toBe('success');
});
