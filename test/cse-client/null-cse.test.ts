import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NullCse, startNullCse } from '../../bench/null-cse.ts';
import { CseClient, DIALECTS, degradations, detectDialect } from '../../cse-client/index.ts';

let cse: NullCse;
let client: CseClient;

beforeEach(async () => {
  cse = await startNullCse({ host: '127.0.0.1', port: 0, delay: 0, base: 'cse-in' });
  const url = `http://${cse.address}:${cse.port}`;
  client = new CseClient({ url, originator: 'Cipe', releaseVersion: '4', timeout: 5000, maxInFlight: 8 });
});

afterEach(async () => {
  await client.close();
  await cse.close();
});

describe('the CSE that says yes at once', () => {
  it('shows a CSEBase on which nothing is missing, under all its names', async () => {
    for (const to of ['cse-in', '-', 'null-cse', '/null-cse/cse-in', '//null-sp/null-cse/-']) {
      const base = await client.retrieve(5, to);
      expect(degradations(DIALECTS[detectDialect(base)], base)).toEqual([]);
    }
  });

  it('creates what it is asked to, with identifiers of its own', async () => {
    const ae = await client.create(
      2,
      'cse-in',
      { rn: 'dev', api: 'N1', rr: false, srv: ['3'] },
      { originator: 'Cdev' },
    );
    expect(ae).toMatchObject({ ri: 'Cdev', aei: 'Cdev', rn: 'dev', ty: 2, ct: expect.stringMatching(/^\d{8}T\d{6}$/) });
    const node = await client.create(14, 'cse-in', { rn: 'node-dev', ni: 'dev', et: '20300101T000000' });
    const container = await client.create(3, 'cse-in/dev', { rn: '3_0' });
    expect(node).toMatchObject({ rn: 'node-dev', et: '20300101T000000' });
    expect(new Set([ae.ri, node.ri, container.ri]).size).toBe(3);
  });

  it('updates and deletes anything, finds nothing, and counts', async () => {
    await client.update(3, 'cse-in/dev/3_0', { lbl: ['x'] });
    await client.delete('cse-in/dev');
    expect(await client.discover('cse-in', { ty: [2] })).toEqual([]);
    await client.request({ op: 5, to: 'cse-in/dev', pc: { 'm2m:sgn': {} } });
    await expect(client.retrieve(2, 'cse-in/dev')).rejects.toMatchObject({ rsc: 4004 });
    await expect(client.request({ op: 1, to: 'x', ty: 3, pc: [] })).resolves.toMatchObject({ rsc: 4000 });
    expect(cse.counts).toEqual({ create: 0, retrieve: 1, update: 1, delete: 1, notify: 1, discovery: 1, refused: 1 });
  });
});
