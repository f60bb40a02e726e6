import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { CseClient, type CseClientOptions, Operation, PRIORITIES } from '../../cse-client/index.ts';
import { answer, ScriptedCse, type Seen } from './scripted-cse.ts';

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A CSE that answers when the test says so, one request after the other. */
async function patientCse(options: Partial<CseClientOptions> = {}) {
  const open: { seen: Seen; response: ServerResponse }[] = [];
  const cse = await ScriptedCse.start((seen, response) => open.push({ seen, response }));
  cleanups.push(() => cse.stop());
  const client = new CseClient({
    url: cse.url,
    originator: 'Cipe',
    releaseVersion: '4',
    timeout: 5_000,
    maxInFlight: 1,
    ...options,
  });
  cleanups.push(() => client.close());
  const answerNext = async (): Promise<string> => {
    while (open.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const { seen, response } = open.shift() as (typeof open)[number];
    answer(response, 2000);
    return seen.url;
  };
  return { cse, client, open, answerNext };
}

const get = (client: CseClient, to: string) => client.request({ op: Operation.retrieve, to });

describe('requests that wait for the CSE', () => {
  it('go by priority: what is urgent first, the background last', async () => {
    const { client, answerNext } = await patientCse();
    const all = [get(client, 'cse-in/first')];
    for (const priority of [...PRIORITIES].reverse())
      all.push(get(client.withPriority(priority), `cse-in/${priority}`));
    const urls: string[] = [];
    for (const _ of all) urls.push(await answerNext());
    await Promise.all(all);
    expect(urls.map((url) => url.split('/').at(-1))).toEqual(['first', ...PRIORITIES]);
  });

  it('of one AE do not hold up those of another: hundreds of containers of one device, one of the other', async () => {
    const { client, answerNext } = await patientCse();
    const much = Array.from({ length: 300 }, (_, n) =>
      client.request({ op: Operation.create, to: 'cse-in/giant', ty: 3, pc: { 'm2m:cnt': { rn: `c${n}` } } }),
    );
    let done = false;
    const little = client
      .request({ op: Operation.create, to: 'cse-in', ty: 2, pc: { 'm2m:ae': { rn: 'small' } } })
      .then(() => get(client, 'cse-in/small/3_0'))
      .then(() => {
        done = true;
      });
    let answered = 0;
    while (!done) {
      await answerNext();
      answered += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await little;
    expect(answered).toBeLessThan(12);
    for (; answered < 302; answered += 1) await answerNext();
    await Promise.all(much);
  });

  it('do not wait for an answer that does not come: its place is given to another after a while', async () => {
    const hanging: ServerResponse[] = [];
    const cse = await ScriptedCse.start((seen, response) => {
      if (seen.url.endsWith('hangs')) hanging.push(response);
      else answer(response, 2000);
    });
    cleanups.push(() => cse.stop());
    const options = { url: cse.url, originator: 'Cipe', releaseVersion: '4', timeout: 10_000 } as const;
    const client = new CseClient({ ...options, maxInFlight: 16, inFlight: 'adaptive' });
    cleanups.push(() => client.close());
    // As many as it sends at once, so that nothing is left over.
    const slow = Array.from({ length: client.inFlightLimit }, () => get(client, 'cse-in/hangs').catch(() => 'timeout'));
    const begun = performance.now();
    await Promise.all(Array.from({ length: 100 }, (_, n) => get(client, `cse-in/quick-${n}`)));
    expect(performance.now() - begun).toBeLessThan(9_000);
    expect(hanging).toHaveLength(slow.length);
    for (const response of hanging) answer(response, 2000);
    await Promise.all(slow);
  });
});
