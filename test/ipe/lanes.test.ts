import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lanes } from '../../ipe/lanes.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Work that ends when the test says so. */
function job(name: string, log: string[]) {
  let end = (_error?: Error) => {};
  const work = () =>
    new Promise<string>((resolve, reject) => {
      log.push(name);
      end = (error) => (error === undefined ? resolve(name) : reject(error));
    });
  return { work, end: (error?: Error) => end(error) };
}

describe('lanes for work', () => {
  it('follows a limit that changes, up as soon as a piece ends, and down as they end', async () => {
    const log: string[] = [];
    let most = 1;
    const lanes = new Lanes(() => most);
    const jobs = ['a', 'b', 'c', 'd', 'e'].map((name) => job(name, log));
    const done = jobs.map(({ work }) => lanes.run(work));
    most = 3;
    jobs[0]?.end();
    await settle();
    expect([log, lanes.busy, lanes.waiting]).toEqual([['a', 'b', 'c', 'd'], 3, 1]);
    most = 1;
    jobs[1]?.end();
    jobs[2]?.end();
    await settle();
    expect([log.length, lanes.busy]).toEqual([4, 1]);
    jobs[3]?.end();
    await settle();
    expect(log).toEqual(['a', 'b', 'c', 'd', 'e']);
    jobs[4]?.end();
    await Promise.all(done);
    expect(lanes.busy).toBe(0);
  });

  it('runs as many as the limit allows, and the next when one ends, whether well or badly', async () => {
    const log: string[] = [];
    const limit = new Lanes(2);
    const jobs = ['a', 'b', 'c', 'd'].map((name) => job(name, log));
    const results = jobs.map(({ work }) => limit.run(work).catch((error: Error) => error.message));
    expect(log).toEqual(['a', 'b']);
    jobs[1]?.end(new Error('failed'));
    await settle();
    expect(log).toEqual(['a', 'b', 'c']);
    jobs[0]?.end();
    await settle();
    expect(log).toEqual(['a', 'b', 'c', 'd']);
    jobs[2]?.end();
    jobs[3]?.end();
    expect(await Promise.all(results)).toEqual(['a', 'failed', 'c', 'd']);
  });

  it('lets what is urgent pass what waits, in order among themselves', async () => {
    const log: string[] = [];
    const limit = new Lanes(1);
    const first = job('first', log);
    const running = limit.run(first.work);
    const done = [
      limit.run(async () => log.push('usual 1')),
      limit.run(async () => log.push('usual 2')),
      limit.run(async () => log.push('urgent 1'), 'urgent'),
      limit.run(async () => log.push('urgent 2'), 'urgent'),
    ];
    first.end();
    await Promise.all([running, ...done]);
    expect(log).toEqual(['first', 'urgent 1', 'urgent 2', 'usual 1', 'usual 2']);
  });

  it('never exceeds its limit, loses nothing and keeps the order, for any mixture', async () => {
    const tasks = fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.nat({ max: 3 })), { maxLength: 3000 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 8 }), tasks, async (most, list) => {
        const limit = new Lanes(most);
        let running = 0;
        let peak = 0;
        const order: number[] = [];
        const results = list.map(([urgent, fails, turns], index) =>
          limit
            .run(
              async () => {
                running += 1;
                peak = Math.max(peak, running);
                if (!urgent) order.push(index);
                for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
                running -= 1;
                if (fails) throw new Error('failed');
              },
              urgent ? 'urgent' : 'normal',
            )
            .catch(() => undefined),
        );
        await Promise.all(results);
        expect(peak).toBeLessThanOrEqual(most);
        expect(running).toBe(0);
        expect(order).toEqual([...order].sort((a, b) => a - b));
        expect(order).toHaveLength(list.filter(([urgent]) => !urgent).length);
      }),
      { numRuns: 30 },
    );
  });
});
