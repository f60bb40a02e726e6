import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DecodeError } from '../../../common/index.ts';
import { discoveredAccounts, readDiscoveredAccounts } from '../../../lwm2m/bootstrap/discovered-accounts.ts';
import { decodeContent, ObjectModels, parseBootstrapParameters } from '../../../lwm2m/index.ts';
import { account, type Client, ONE_ACCOUNT, World } from './bootstrap-world.ts';

let world: World;
let client: Client;
beforeAll(async () => {
  // Else texts that are much longer than the question are left out.
  world = await World.start({ coapLimits: { amplification: Number.POSITIVE_INFINITY } });
  client = await world.client();
});
afterAll(() => world.stop());

describe('a Bootstrap-Request (LwM2M 1.1 6.1.7.1)', () => {
  it.each([
    ['without ep', [], '4.00', 'ep is missing'],
    ['with an empty ep', ['ep='], '4.00', 'ep must be 1 to 255 bytes of UTF-8 without control characters, not ""'],
    ['with ep twice', ['ep=a', 'ep=b'], '4.00', 'ep is sent twice'],
    [
      'with a pct that is no number',
      ['ep=a', 'pct=json'],
      '4.00',
      'pct must be the number of a content format, not "json"',
    ],
    [
      'with more parameters than anybody needs',
      Array.from({ length: 33 }, (_, i) => `x${i}=`),
      '4.00',
      'more than 32 parameters',
    ],
  ])('%s is 4.00', async (_name, query, code, text) => {
    expect(await client.request(...query)).toMatchObject({ code, text });
  });

  it('with a preferred format that cannot be used is 4.15', async () => {
    expect(await client.request('ep=a', 'pct=0')).toMatchObject({ code: '4.15', text: expect.stringContaining('112') });
  });

  it('of which the handler says no is answered so', async () => {
    world.plan = async () => ({ code: '4.00', diagnostic: 'not you' });
    expect(await client.request('ep=a')).toMatchObject({ code: '4.00', text: 'not you' });
    world.plan = async () => ONE_ACCOUNT;
  });

  it('beyond what a source may ask in a second is 4.29, and nothing is provided', async () => {
    const other = await World.start({ requestRates: { perSource: 1 } });
    const flooding = await other.client(() => undefined);
    const codes: string[] = [];
    while (!codes.includes('4.29')) codes.push((await flooding.request('ep=')).code);
    expect(codes.slice(0, -1).every((code) => code === '4.00')).toBe(true);
    await other.stop();
  });

  it('passes over parameters that it does not know', async () => {
    const ended = world.results.length;
    expect(await client.request('ep=a', 'mac=1', 'flag')).toMatchObject({ code: '2.04' });
    await world.ended(ended + 1);
  });

  it('whatever the query, it is read or refused with one error', () => {
    const option = fc.oneof(
      fc.string(),
      fc.string().map((text) => `ep=${text}`),
      fc.string().map((text) => `pct=${text}`),
    );
    fc.assert(
      fc.property(fc.array(option, { maxLength: 40 }), (query) => {
        try {
          parseBootstrapParameters(query);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });
});

describe('a Bootstrap-Pack-Request (LwM2M 1.2 6.1.7.8)', () => {
  it.each([
    [undefined, 112],
    [112, 112],
    [110, 110],
    [11544, 11544],
  ])('with Accept %s gets everything in content format %i', async (accept, format) => {
    world.plan = async () => ({ deletes: ['/'], instances: account(1) });
    const { code, contentFormat, payload } = await client.pack(accept, 'ep=dev');
    expect({ code, contentFormat }).toEqual({ code: '2.05', contentFormat: format });
    const nodes = decodeContent(contentFormat, payload, {
      base: undefined,
      find: (id) => ObjectModels.official().find(id, undefined, '1.2'),
    });
    const values = Object.fromEntries(
      nodes.map(({ path, value }) => [`/${path.objectId}/${path.instanceId}/${path.resourceId}`, value]),
    );
    expect(values).toMatchObject({ '/0/1/0': 'coap://192.0.2.1', '/0/1/10': 1, '/1/0/0': 1, '/1/0/7': 'U' });
  });

  it('of an address that has proved nothing is answered in blocks that are no larger than the question allows', async () => {
    const other = await World.start();
    const asking = await other.client();
    const { code, payload } = await asking.pack(112, 'ep=dev');
    expect(code).toBe('2.05');
    expect(payload.length).toBeGreaterThan(64);
    expect(other.provided).toHaveLength(1);
    expect(other.server.service.counters.packs).toBe(1);
    await other.stop();
  });

  it('with another Accept is 4.06, and the client may go on with a Bootstrap-Request', async () => {
    expect(await client.pack(11542, 'ep=dev')).toMatchObject({ code: '4.06' });
  });

  it('without ep is 4.00', async () => {
    expect(await client.pack(112)).toMatchObject({ code: '4.00' });
  });

  it('where packs are switched off is 4.04', async () => {
    const other = await World.start({ pack: false });
    const asking = await other.client();
    expect(await asking.pack(112, 'ep=dev')).toMatchObject({ code: '4.04' });
    await other.stop();
  });
});

describe('the answer to Bootstrap-Discover (LwM2M 1.1 6.1.7.2)', () => {
  it('tells version, instances and their Short Server IDs', () => {
    const links =
      '</>;lwm2m="1.1",</0/0>;uri="coap://b",</0/1>;ssid=101;uri="coap://a",</1/0>;ssid=101,</3>;ver=1.1,</3/0>';
    expect(readDiscoveredAccounts(Buffer.from(links))).toEqual({
      version: '1.1',
      instances: [
        { objectId: 0, instanceId: 0 },
        { objectId: 0, instanceId: 1, shortServerId: 101 },
        { objectId: 1, instanceId: 0, shortServerId: 101 },
        { objectId: 3, instanceId: 0 },
      ],
    });
  });

  it('of any bytes is read or cannot be', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const accounts = discoveredAccounts(Buffer.from(bytes));
        expect(accounts === undefined || Array.isArray(accounts.instances)).toBe(true);
      }),
    );
  });
});
