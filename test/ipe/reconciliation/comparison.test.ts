import { describe, expect, it } from 'vitest';
import type { CseClient, RequestPrimitive } from '../../../cse-client/index.ts';
import { DIALECTS } from '../../../cse-client/index.ts';
import type { EndpointTree } from '../../../ipe/bridge/endpoint-tree.ts';
import { compare } from '../../../ipe/reconciliation/comparison.ts';
import { listOurs } from '../../../ipe/reconciliation/listing.ts';
import { decodeObjectLinks } from '../../../lwm2m/index.ts';

function tree(endpoint: string, links: string, parts: Partial<EndpointTree> = {}): EndpointTree {
  const names = { resourceName: endpoint, aeId: `C${endpoint}`, nodeName: `node-${endpoint}` };
  const objectLinks = decodeObjectLinks(Buffer.from(links));
  const fixed = { version: '1.1', nodeId: 'nod1', expiresAt: 0, incarnation: 1, lasting: new Set<string>() } as const;
  return { endpoint, names, objectLinks, ...fixed, ...parts };
}

/** A CSE that answers discoveries with these addresses, so many at a time. */
function answering(addresses: readonly string[], page = Number.POSITIVE_INFINITY) {
  const asked: RequestPrimitive[] = [];
  const client = {
    dialect: DIALECTS.standard,
    request: async (primitive: RequestPrimitive) => {
      asked.push(primitive);
      const from = (primitive.fc?.ofst ?? 1) - 1;
      const found = addresses.slice(from, from + page);
      const more = from + page < addresses.length ? { cnst: 1, cnot: from + page + 1 } : {};
      return { rsc: 2000, pc: { 'm2m:uril': found }, ...more };
    },
  } as unknown as CseClient;
  return { client, asked };
}

const SETTINGS = { base: 'cse-in', label: 'LWM2MIPE:Cipe' };

async function listing(...addresses: string[]) {
  return (await listOurs(answering(addresses).client, SETTINGS)).listing;
}

describe('what stands on the CSE', () => {
  it('is asked for by one label, page by page, in whatever form addresses come', async () => {
    const { client, asked } = answering(
      ['cse-in/a', '/id-in/cse-in/a/3_0', 'cse-in/node-a', '//sp/id-in/cse-in/a/3303_0/5700'],
      3,
    );
    const { listing, requests } = await listOurs(client, SETTINGS);
    expect(requests).toBe(2);
    expect(asked.map(({ fc }) => [fc?.lbl, fc?.ofst])).toEqual([
      [['LWM2MIPE:Cipe'], undefined],
      [['LWM2MIPE:Cipe'], 4],
    ]);
    expect([...listing].map(([name, below]) => [name, ...below])).toEqual([
      ['a', '', '3_0', '3303_0/5700'],
      ['node-a', ''],
    ]);
  });

  it('is not guessed where addresses do not tell', async () => {
    await expect(listing('cnt4711')).rejects.toMatchObject({ code: 'cse/bad-request' });
  });

  it('compared with trees gives what is missing of which', async () => {
    const found = await listing('cse-in/a', 'cse-in/a/1_0', 'cse-in/node-a', 'cse-in/b', 'cse-in/b/3_0');
    const trees = [tree('a', '</1/0>,</3/0>'), tree('b', '</3/0>', { nodeId: undefined }), tree('c', '</5>')];
    const { damaged, strays } = compare(trees, found, () => true);
    expect(damaged.map(({ tree, missing }) => [tree.endpoint, ...missing])).toEqual([
      ['a', 'a/3_0'],
      ['c', 'c', 'node-c', 'c/5'],
    ]);
    expect(strays).toEqual([]);
  });

  it('gives what belongs to nobody; containers that hold values, last, or are no instances stay', async () => {
    const found = await listing(
      'cse-in/a',
      'cse-in/node-a',
      'cse-in/a/3_0',
      ...['9_0', '3303_1', '3303_1/5700', '3311_0', 'requests', 'data'].map((name) => `cse-in/a/${name}`),
      'cse-in/gone',
      'cse-in/node-gone',
      'cse-in/elsewhere/3_0',
    );
    const known = (name: string) => name.endsWith('a');
    const trees = [tree('a', '</3/0>', { lasting: new Set(['3311_0']) })];
    expect(compare(trees, found, known)).toEqual({
      damaged: [],
      strays: ['gone', 'node-gone'],
      strayContainers: ['a/9_0'],
    });
  });
});
