import { afterEach, describe, expect, it } from 'vitest';
import { CseClient, type CseClientOptions, CseError, DIALECTS, STATUS_CODES } from '../../cse-client/index.ts';
import { answer, type Script, ScriptedCse } from './scripted-cse.ts';

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function setUp(script: Script, options: Partial<CseClientOptions> = {}) {
  const cse = await ScriptedCse.start(script);
  const client = new CseClient({
    url: cse.url,
    originator: 'Cipe',
    releaseVersion: '4',
    timeout: 5000,
    maxInFlight: 4,
    ...options,
  });
  cleanups.push(
    () => cse.stop(),
    () => client.close(),
  );
  return { cse, client, seen: cse.seen };
}

const always =
  (rsc: number, content?: unknown, headers?: Record<string, string>): Script =>
  (_seen, response) =>
    answer(response, rsc, content, headers);

describe('typed requests (TS-0004 7.4)', () => {
  it('create a resource under the name of its type and resolve with what the CSE made of it', async () => {
    const { client, seen } = await setUp(
      always(2001, { 'm2m:cnt': { ri: 'c1', rn: '3_0', ty: 3, et: '20270101T000000' } }),
    );
    const container = await client.create(3, 'cse-in/Cdev', {
      rn: '3_0',
      lbl: ['a:b'],
      cr: null,
      et: '20300101T000000',
    });
    expect(container).toEqual({ ri: 'c1', rn: '3_0', ty: 3, et: '20270101T000000' });
    expect(seen[0]).toMatchObject({
      method: 'POST',
      url: '/cse-in/Cdev',
      headers: {
        'x-m2m-origin': 'Cipe',
        'x-m2m-rvi': '4',
        accept: 'application/json',
        'content-type': 'application/json;ty=3',
      },
    });
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      'm2m:cnt': { rn: '3_0', lbl: ['a:b'], cr: null, et: '20300101T000000' },
    });
  });

  it('create, with nothing asked back, resolve with the attributes as sent', async () => {
    const { client, seen } = await setUp(always(2001));
    const attributes = { con: 'x', cnf: 'text/plain:0' };
    expect(await client.create(4, 'c1', attributes, { resultContent: 0 })).toEqual(attributes);
    expect(seen[0]?.url).toBe('/c1?rcn=0');
  });

  it('update, with null for what goes, and resolve with the resource only where it came whole', async () => {
    let whole = true;
    const { client, seen } = await setUp((_seen, response) =>
      answer(response, 2004, { 'm2m:ae': whole ? { ri: 'Cdev', lbl: ['x'] } : { lbl: ['x'] } }),
    );
    expect(await client.update(2, 'Cdev', { lbl: ['x'], apn: null })).toEqual({ ri: 'Cdev', lbl: ['x'] });
    whole = false;
    expect(await client.update(2, 'Cdev', { lbl: ['x'] })).toBeUndefined();
    expect(seen[0]).toMatchObject({ method: 'PUT', body: '{"m2m:ae":{"lbl":["x"],"apn":null}}' });
  });

  it('retrieve and delete as the originator that a call names', async () => {
    const { client, seen } = await setUp((one, response) =>
      one.method === 'GET' ? answer(response, 2000, { 'm2m:nod': { ri: 'n', ni: 'a' } }) : answer(response, 2002),
    );
    expect(await client.retrieve(14, '/id-in/n', { originator: 'CAdmin' })).toEqual({ ri: 'n', ni: 'a' });
    expect(await client.delete('//sp/id-in/n', { originator: 'CAdmin' })).toBeUndefined();
    expect(seen.map((one) => [one.method, one.url, one.headers['x-m2m-origin']])).toEqual([
      ['GET', '/~/id-in/n', 'CAdmin'],
      ['DELETE', '/_/sp/id-in/n', 'CAdmin'],
    ]);
  });

  it('have request identifiers that no other request of any client has', async () => {
    const { client, seen, cse } = await setUp(always(2000, {}));
    const other = new CseClient({ url: cse.url, originator: 'C', releaseVersion: '3', timeout: 5000, maxInFlight: 1 });
    for (let i = 0; i < 40; i += 1) await (i % 2 ? client : other).request({ op: 2, to: 'x' });
    await other.close();
    expect(new Set(seen.map((one) => one.headers['x-m2m-ri'])).size).toBe(40);
  });

  it.each([
    ['another resource', { 'm2m:cnt': { ri: 'x' } }],
    ['a resource without ri', { 'm2m:ae': { rn: 'x' } }],
    ['an attribute that cannot be one', { 'm2m:ae': { ri: 'x', lbl: { a: 1 } } }],
    ['nothing', undefined],
  ])('answered with %s reject with cse/not-a-cse', async (_name, content) => {
    const { client, cse } = await setUp(always(2000, content));
    await expect(client.retrieve(2, 'x')).rejects.toMatchObject({
      code: 'cse/not-a-cse',
      message: expect.stringContaining(`What answers at ${cse.url} is not a oneM2M CSE (`),
    });
  });
});

describe('refusals', () => {
  it('reject typed requests in words for an operator', async () => {
    const { client, cse } = await setUp(always(4105, { 'm2m:dbg': 'name\n is  taken' }));
    const refused = client.create(2, 'cse-in', { rn: 'x', api: 'Na', rr: true, srv: ['3'] }, { originator: 'Cdev' });
    await expect(refused).rejects.toMatchObject({
      code: 'cse/refused',
      rsc: 4105,
      retryable: false,
      message: `CSE at ${cse.url} refused to create m2m:ae in cse-in as Cdev: 4105 CONFLICT (name is taken)`,
      details: { to: 'cse-in', originator: 'Cdev', debug: 'name is taken' },
    });
  });

  it.each(Object.keys(STATUS_CODES).map(Number))(
    '%i resolves an untyped request and rejects a typed one from 4000 on',
    async (rsc) => {
      const { client } = await setUp(always(rsc));
      expect((await client.request({ op: 4, to: 'x' })).rsc).toBe(rsc);
      const typed = client.delete('x');
      if (rsc < 3000) await expect(typed).resolves.toBeUndefined();
      else await expect(typed).rejects.toMatchObject({ code: 'cse/refused', rsc });
      expect(client.counters).toMatchObject({
        requests: 2,
        succeeded: rsc < 3000 ? 2 : 0,
        refused: rsc < 3000 ? 0 : 2,
      });
    },
  );

  it('are counted by operation and end', async () => {
    const { client } = await setUp((one, response) => answer(response, one.method === 'GET' ? 4004 : 2002));
    await client.request({ op: 2, to: 'x' });
    await client.delete('x');
    await expect(client.request({ op: 1, to: 'x' })).rejects.toBeInstanceOf(CseError);
    const { ends, answerTime, ...counted } = client.counters;
    expect(counted).toEqual({
      requests: 3,
      succeeded: 1,
      refused: 1,
      failed: 1,
      byOperation: { create: 1, retrieve: 1, update: 0, delete: 1, notify: 0 },
    });
    expect(Object.values(ends).map((counts) => [...counts])).toEqual([
      [['cse/bad-request', 1]],
      [[4004, 1]],
      [],
      [[2002, 1]],
      [],
    ]);
    const timed = Object.values(answerTime).map(({ counts }) => counts.reduce((sum, count) => sum + count));
    expect(timed).toEqual([0, 1, 0, 1, 0]);
  });

  it('are counted by no more codes than TS-0004 has, whatever a CSE answers', async () => {
    let rsc = 7000;
    const { client } = await setUp((_seen, response) => answer(response, rsc++));
    for (let i = 0; i < 50; i++) await client.request({ op: 2, to: 'x' });
    expect([...client.counters.ends.retrieve]).toEqual([['7xxx', 50]]);
  });

  it('of one purpose have request identifiers that begin alike, and are counted with the others', async () => {
    const { client, seen } = await setUp(always(2002));
    const correlated = client.correlated('Zk3_x-9');
    for (const one of [correlated, client, correlated]) await one.delete('x');
    const ids = seen.map(({ headers }) => String(headers['x-m2m-ri']));
    expect(new Set(ids).size).toBe(3);
    expect(ids.map((id) => id.startsWith('Zk3_x-9.'))).toEqual([true, false, true]);
    expect(client.counters).toBe(correlated.counters);
    expect(client.counters.succeeded).toBe(3);
    client.dialect = DIALECTS.mobius4;
    expect(correlated.dialect).toBe(DIALECTS.mobius4);
  });

  it('of an address that is none come at once', () => {
    const options = { originator: 'C', releaseVersion: '3', timeout: 1, maxInFlight: 1 };
    for (const url of ['cse:8080', 'coap://cse', '', 'http://']) {
      expect(() => new CseClient({ url, ...options })).toThrow(CseError);
    }
  });
});

describe('discovery (TS-0001 10.2.6)', () => {
  /** Pages of three addresses, numbered by the offset that they start from. */
  const pages =
    (total: number): Script =>
    (seen, response) => {
      const offset = Number(new URL(seen.url, 'http://x').searchParams.get('ofst') ?? 0);
      const uris = Array.from({ length: Math.min(3, total - offset) }, (_, i) => `cse-in/${offset + i}`);
      const partial = offset + 3 < total;
      const headers: Record<string, string> = partial
        ? { 'X-M2M-CTS': '1', 'X-M2M-CTO': String(offset + 3) }
        : { 'X-M2M-CTS': '2' };
      answer(response, 2000, { 'm2m:uril': uris }, headers);
    };

  it('follows contentStatus and contentOffset to the last page', async () => {
    const { client, seen } = await setUp(pages(8));
    const found = await client.discover('cse-in', { ty: [2, 14] });
    expect(found).toEqual(Array.from({ length: 8 }, (_, i) => `cse-in/${i}`));
    expect(seen.map((one) => one.url)).toEqual([
      '/cse-in?fu=1&ty=2+14',
      '/cse-in?fu=1&ty=2+14&ofst=3',
      '/cse-in?fu=1&ty=2+14&ofst=6',
    ]);
  });

  it('asks once when the caller says how many', async () => {
    const { client, seen } = await setUp(pages(8));
    expect(await client.discover('cse-in', { lim: 3 })).toHaveLength(3);
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['the same offset for ever', { 'X-M2M-CTS': '1', 'X-M2M-CTO': '1' }, 2],
    ['no offset', { 'X-M2M-CTS': '1' }, 1],
    ['an offset that is none', { 'X-M2M-CTS': '1', 'X-M2M-CTO': '-5' }, 1],
  ])('ends on a CSE that answers "partial" with %s', async (_name, headers, requests) => {
    const { client, seen } = await setUp(always(2000, { 'm2m:uril': ['a'] }, headers));
    expect(await client.discover('cse-in', {})).toEqual(['a']);
    expect(seen).toHaveLength(requests);
  });

  it('asks label by label where the CSE heeds only the first, and names each address once', async () => {
    const { client, seen } = await setUp(
      (one, response) => answer(response, 2000, { 'm2m:uril': one.url.includes('one') ? ['a', 'b'] : ['b', 'c'] }),
      { dialect: DIALECTS.tinyiot },
    );
    expect(await client.discover('cse-in', { lbl: ['one', 'two'] })).toEqual(['a', 'b', 'c']);
    expect(seen.map((one) => one.url)).toEqual(['/cse-in?fu=1&lbl=one', '/cse-in?fu=1&lbl=two']);
    client.dialect = DIALECTS.standard;
    await client.discover('cse-in', { lbl: ['one', 'two'] });
    expect(seen.at(-1)?.url).toBe('/cse-in?fu=1&lbl=one+two');
  });

  it.each([
    ['a list', { 'm2m:uril': ['a', 'b'] }, ['a', 'b']],
    ['one string', { 'm2m:uril': 'a b' }, ['a', 'b']],
    ['an empty list', { 'm2m:uril': [] }, []],
    ['null', { 'm2m:uril': null }, []],
    ['no content', undefined, []],
  ])('reads %s', async (_name, content, uris) => {
    const { client } = await setUp(always(2000, content));
    expect(await client.discover('cse-in', {})).toEqual(uris);
  });

  it('rejects what is no list of addresses', async () => {
    for (const content of [{ 'm2m:uril': [1] }, { 'm2m:cb': {} }, [], 'x']) {
      const { client } = await setUp(always(2000, content));
      await expect(client.discover('cse-in', {})).rejects.toMatchObject({ code: 'cse/not-a-cse' });
    }
  });
});

describe('children (rcn 6)', () => {
  const reference = { nm: 'x', typ: 3, val: 'cse-in/x' };

  it.each([
    ['in rrf', { 'm2m:rrl': { rrf: [reference] } }],
    ['bare', { 'm2m:rrl': [reference] }],
    ['with the type as text', { 'm2m:rrl': { rrf: [{ ...reference, typ: '3' }] } }],
  ])('reads references %s', async (_name, content) => {
    const { client, seen } = await setUp(always(2000, content));
    expect(await client.children('cse-in', { ty: [3] })).toEqual([{ name: 'x', type: 3, value: 'cse-in/x' }]);
    expect(seen[0]?.url).toBe('/cse-in?rcn=6&ty=3');
  });

  it('has none where the list is empty, and rejects what is no list', async () => {
    const empty = await setUp(always(2000, { 'm2m:rrl': {} }));
    expect(await empty.client.children('cse-in')).toEqual([]);
    for (const content of [{ 'm2m:rrl': { rrf: [{ nm: 'x' }] } }, { 'm2m:rrl': 'x' }, {}]) {
      const { client } = await setUp(always(2000, content));
      await expect(client.children('cse-in')).rejects.toMatchObject({ code: 'cse/not-a-cse' });
    }
  });
});
