import { describe, expect, it } from 'vitest';
import { acmeAvailable } from '../support/acme.ts';
import { startAcme, startEmbedded } from '../support/cse-under-test.ts';
import { startIpe } from '../support/ipe.ts';
import { subscriptionsSuite } from './subscriptions-suite.ts';

// Mobius4 and tinyIoT know no way to let applications subscribe to what is not their own.
for (const dialect of ['standard', 'acme'] as const) {
  subscriptionsSuite(`the embedded CSE as ${dialect}`, () => startEmbedded(dialect));
}

const acme = await acmeAvailable();

if (acme.ok) subscriptionsSuite('ACME', startAcme);
else describe.skip(`subscriptions on ACME (${acme.reason})`, () => it('needs ACME', () => {}));

it('a CSE on which applications cannot subscribe is said to be degraded where values wait for that', async () => {
  const cse = await startEmbedded('mobius4');
  for (const [observe, times] of [
    ['on-subscription', 1],
    ['always', 0],
  ] as const) {
    const ipe = await startIpe(cse, { values: { observe } });
    expect(ipe.ready.cse.degraded.filter((line) => line.includes('on-subscription'))).toHaveLength(times);
    await ipe.stop();
  }
  await cse.stop();
});
