import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IpeError } from '../../../common/index.ts';
import { decodeContent, ObjectModels } from '../../../lwm2m/index.ts';
import { HeldClock } from '../../support/held-clock.ts';
import { account, ONE_ACCOUNT, World, willing } from './bootstrap-world.ts';

let world: World;
beforeEach(async () => {
  world = await World.start();
});
afterEach(() => world.stop());

const models = ObjectModels.official();

/** Values by path that a request wrote. */
function written(request: { contentFormat?: number; payload: Buffer; path: readonly string[] }) {
  const [objectId = 0, instanceId = 0] = request.path.map(Number);
  const base = { objectId, instanceId };
  const nodes = decodeContent(request.contentFormat, request.payload, { base, find: (id) => models.find(id) });
  return Object.fromEntries(nodes.map(({ path, value }) => [path.resourceId, value]));
}

describe('a bootstrap session', () => {
  it('goes Discover, Delete, Write, Finish, and each waits for the answer to the one before (LwM2M 1.1 6.1.4)', async () => {
    const client = await world.client();
    expect(await client.request('ep=dev', 'pct=112')).toMatchObject({ code: '2.04' });
    expect(await world.ended()).toEqual([{ kind: 'finished', version: '1.1', written: 2, tolerated: [] }]);
    expect(client.asked).toEqual(['GET /', 'DELETE /', 'PUT /0/1', 'PUT /1/0', 'POST /bs']);
    expect(client.requests[0]).toMatchObject({ accept: 40 });
  });

  it.each([
    ['a client of 1.0 gets TLV', ['ep=dev'], '</0/0>', 11542],
    ['a client that prefers SenML CBOR gets it', ['ep=dev', 'pct=112'], '</>;lwm2m=1.1,</0/0>', 112],
    ['a client that prefers SenML JSON gets it', ['ep=dev', 'pct=110'], '</>;lwm2m=1.1,</0/0>', 110],
    ['a client that prefers LwM2M CBOR gets it', ['ep=dev', 'pct=11544'], '</>;lwm2m=1.2,</0/0>', 11544],
  ])('%s (LwM2M 1.0 6.4, 1.1 6.1.7.1)', async (_name, query, links, format) => {
    const client = await world.client(willing(links));
    await client.request(...query);
    await world.ended();
    const writes = client.requests.filter(({ method }) => method === 'PUT');
    expect(writes.map(({ contentFormat }) => contentFormat)).toEqual([format, format]);
    expect(written(writes[0]!)).toEqual({ 0: 'coap://192.0.2.1', 1: false, 2: 3, 10: 1 });
    expect(written(writes[1]!)).toEqual({ 0: 1, 1: 300, 7: format === 11542 ? 'UQ' : 'U' });
  });

  it('a client that said no format and refuses TLV gets SenML', async () => {
    const refusing = willing('</0/0>');
    const client = await world.client((asked, request) =>
      request.contentFormat === 11542 ? { code: '4.15' } : refusing(asked, request),
    );
    await client.request('ep=dev');
    expect(await world.ended()).toMatchObject([{ kind: 'finished', written: 2 }]);
    expect(client.requests.filter(({ method }) => method === 'PUT').map(({ contentFormat }) => contentFormat)).toEqual([
      11542, 112, 112,
    ]);
  });

  it('the account of the Bootstrap-Server is never deleted nor written over, wherever it is (LwM2M 1.1 6.1.7.6)', async () => {
    world.plan = async () => ({
      deletes: [{ objectId: 0 }, { objectId: 1 }],
      instances: [...account(1, { instanceId: 2 }), ...account(5)],
    });
    const client = await world.client(willing('</>;lwm2m=1.1,</0/0>;ssid=7,</0/2>,</1/0>;ssid=7,</3/0>'));
    await client.request('ep=dev', 'pct=112');
    await world.ended();
    expect(client.asked).toEqual([
      'GET /',
      'DELETE /0/0',
      'DELETE /1',
      'PUT /0/0',
      'PUT /1/0',
      'PUT /0/1',
      'PUT /1/1',
      'POST /bs',
    ]);
  });

  it('an account that stays is written where it is', async () => {
    world.plan = async () => ({ deletes: [], instances: account(7) });
    const client = await world.client(willing('</>;lwm2m=1.1,</0/0>,</0/3>;ssid=7,</1/4>;ssid=7'));
    await client.request('ep=dev', 'pct=112');
    await world.ended();
    expect(client.asked).toEqual(['GET /', 'PUT /0/3', 'PUT /1/4', 'POST /bs']);
  });

  it('a client that knows no Discover is served all the same, instance 0 of object 0 left alone', async () => {
    const client = await world.client(willing('', { 'GET /': { code: '4.05' } }));
    await client.request('ep=dev');
    expect(await world.ended()).toMatchObject([{ kind: 'finished', version: '1.0', tolerated: ['discover /: 4.05'] }]);
    expect(client.asked).toEqual(['GET /', 'DELETE /', 'PUT /0/1', 'PUT /1/0', 'POST /bs']);
  });

  it('the version that 1.0 puts before its links is understood (LwM2M 1.0 5.2.7.3)', async () => {
    const client = await world.client(willing('lwm2m="1.0",</0/0>,</0/1>;ssid=101,</1/0>;ssid=101'));
    await client.request('ep=dev');
    expect(await world.ended()).toMatchObject([{ kind: 'finished', version: '1.0', tolerated: [] }]);
  });

  it('reads what it is told to read first, and is content without (LwM2M 1.1 6.1.7.3)', async () => {
    world.plan = async () => ({ ...ONE_ACCOUNT, reads: [{ objectId: 1 }, { objectId: 2 }] });
    const client = await world.client(willing('</0/0>', { 'GET /1': { code: '4.01' }, 'GET /2': { code: '4.04' } }));
    await client.request('ep=dev', 'pct=112');
    expect(await world.ended()).toMatchObject([{ kind: 'finished', tolerated: ['read /1: 4.01'] }]);
    expect(client.requests[1]).toMatchObject({ method: 'GET', accept: 112 });
  });

  it('a Delete that is refused ends nothing; a Write or Finish that is refused does', async () => {
    const stubborn = await world.client(willing('</0/0>', { 'DELETE /': { code: '4.05' } }));
    await stubborn.request('ep=stubborn');
    await world.ended(1);
    const refusing = await world.client(willing('</0/0>', { 'PUT /1/0': { code: '4.00', payload: 'no' } }));
    await refusing.request('ep=refusing');
    await world.ended(2);
    const inconsistent = await world.client(willing('</0/0>', { 'POST /bs': { code: '4.06' } }));
    await inconsistent.request('ep=inconsistent');
    expect(await world.ended(3)).toEqual([
      { kind: 'finished', version: '1.0', written: 2, tolerated: ['delete /: 4.05'] },
      { kind: 'refused', operation: 'write /1/0', code: '4.00 no' },
      { kind: 'refused', operation: 'finish', code: '4.06' },
    ]);
    expect(refusing.asked).not.toContain('POST /bs');
  });
});

describe('clients that do not go the whole way', () => {
  it('one that starts again has one session: the older one ends at once', async () => {
    const client = await world.client(willing('</0/0>', { 'DELETE /': 'nothing' }));
    await client.request('ep=dev');
    await client.wasAsked('DELETE /');
    client.asked.length = 0;
    await client.request('ep=dev');
    expect(await world.ended()).toEqual([{ kind: 'overtaken' }]);
    await client.wasAsked('DELETE /');
    expect(world.server.service.size).toBe(1);
  });

  it('the same name from another address ends the older session, too', async () => {
    const first = await world.client(willing('</0/0>', { 'DELETE /': 'nothing' }));
    await first.request('ep=dev');
    await first.wasAsked('DELETE /');
    const second = await world.client();
    await second.request('ep=dev');
    expect(await world.ended(2)).toMatchObject([{ kind: 'overtaken' }, { kind: 'finished' }]);
    expect(first.asked).toEqual(['GET /', 'DELETE /']);
  });

  it('one that starts again while its credentials are being made has one session', async () => {
    let made: (plan: typeof ONE_ACCOUNT) => void = () => {};
    const first = new Promise<typeof ONE_ACCOUNT>((resolve) => {
      made = resolve;
    });
    world.plan = async () => (world.provided.length === 1 ? first : ONE_ACCOUNT);
    const client = await world.client();
    const slow = client.request('ep=dev');
    while (world.provided.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const other = await world.client();
    await other.request('ep=dev');
    await world.ended();
    made(ONE_ACCOUNT);
    expect(await slow).toMatchObject({ code: '5.03' });
    expect(client.asked).toEqual([]);
  });

  it('two at once are two sessions', async () => {
    const clients = await Promise.all([world.client(), world.client()]);
    await Promise.all(clients.map((client, index) => client.request(`ep=dev-${index}`)));
    expect(await world.ended(2)).toMatchObject([{ kind: 'finished' }, { kind: 'finished' }]);
    for (const client of clients) expect(client.asked).toHaveLength(5);
  });

  it('what could not be made for it is 5.00, and the client may come again', async () => {
    world.plan = async () => {
      throw new IpeError('credentials/locked', 'no');
    };
    const client = await world.client();
    expect(await client.request('ep=dev')).toMatchObject({ code: '5.00', text: '' });
    world.plan = async () => ONE_ACCOUNT;
    expect(await client.request('ep=dev')).toMatchObject({ code: '2.04' });
    await world.ended();
  });

  it('beyond the limit of sessions a client is told to come later, one of a session begun is not', async () => {
    await world.stop();
    world = await World.start({ limits: { sessions: 1, retryAfter: 30 } });
    const first = await world.client(willing('</0/0>', { 'DELETE /': 'nothing' }));
    await first.request('ep=first');
    const second = await world.client();
    expect(await second.request('ep=second')).toMatchObject({ code: '5.03', maxAge: 30 });
    expect(await first.request('ep=first')).toMatchObject({ code: '2.04' });
  });
});

describe('time', () => {
  it('a client that falls silent ends its session after the time of an operation', async () => {
    await world.stop();
    const clock = new HeldClock();
    world = await World.start({ times: { operation: 20_000, session: 60_000 } }, clock);
    const client = await world.client(willing('</0/0>', { 'PUT /0/1': 'nothing' }));
    await client.request('ep=dev');
    await step(clock, () => client.asked.includes('PUT /0/1'));
    clock.pass(19_000);
    expect(world.server.service.size).toBe(1);
    clock.pass(2_000);
    expect(await world.ended()).toMatchObject([{ kind: 'failed', operation: 'write /0/1', reason: /^coap\/timeout/ }]);
    expect(world.server.service.size).toBe(0);
  });

  it('a session that takes too long in all ends, whatever the client answers', async () => {
    await world.stop();
    const clock = new HeldClock();
    world = await World.start({ times: { operation: 20_000, session: 10_000 } }, clock);
    const client = await world.client(willing('</0/0>', { 'PUT /0/1': 'nothing' }));
    await client.request('ep=dev');
    await step(clock, () => client.asked.includes('PUT /0/1'));
    clock.pass(10_000);
    expect(await world.ended()).toEqual([{ kind: 'expired' }]);
  });

  it('a server that stops ends its sessions', async () => {
    const client = await world.client(willing('</0/0>', { 'DELETE /': 'nothing' }));
    await client.request('ep=dev');
    await client.wasAsked('DELETE /');
    await world.server.stop(0);
    expect(await world.ended()).toEqual([{ kind: 'stopped' }]);
  });
});

/** Lets pass the moment after which a session begins, and the turns of the sockets. */
async function step(clock: HeldClock, holds: () => boolean): Promise<void> {
  while (!holds()) {
    clock.pass(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
