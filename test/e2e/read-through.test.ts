import { describe, expect, it } from 'vitest';
import { acmeAvailable } from '../support/acme.ts';
import { startAcme, startEmbedded } from '../support/cse-under-test.ts';
import { startIpe } from '../support/ipe.ts';
import { readThroughSuite } from './read-through-suite.ts';

readThroughSuite('the embedded CSE as acme', () => startEmbedded('acme'));

const acme = await acmeAvailable();

if (acme.ok) readThroughSuite('ACME', startAcme);
else describe.skip(`read-through on ACME (${acme.reason})`, () => it('needs ACME', () => {}));

it('a CSE on which a RETRIEVE cannot wait is said to be degraded where that is wanted, and only there', async () => {
  const cse = await startEmbedded('mobius4');
  for (const [readThrough, times] of [
    ['10s', 1],
    ['off', 0],
  ] as const) {
    const ipe = await startIpe(cse, { values: { readThrough } });
    expect(ipe.ready.cse.degraded.filter((line) => line.includes('readThrough'))).toHaveLength(times);
    await ipe.stop();
  }
  await cse.stop();
});
