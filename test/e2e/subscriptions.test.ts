import { describe, it } from 'vitest';
import { acmeAvailable } from '../support/acme.ts';
import { startAcme, startEmbedded } from '../support/cse-under-test.ts';
import { subscriptionsSuite } from './subscriptions-suite.ts';

// Mobius4 and tinyIoT know no way to let applications subscribe to what is not their own.
for (const dialect of ['standard', 'acme'] as const) {
  subscriptionsSuite(`the embedded CSE as ${dialect}`, () => startEmbedded(dialect));
}

const acme = await acmeAvailable();

if (acme.ok) subscriptionsSuite('ACME', startAcme);
else describe.skip(`subscriptions on ACME (${acme.reason})`, () => it('needs ACME', () => {}));
