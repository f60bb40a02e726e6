import { acmeAvailable } from '../support/acme.ts';
import { startAcme, startEmbedded } from '../support/cse-under-test.ts';
import { reconciliationSuite } from './reconciliation-suite.ts';

const available = await acmeAvailable();

for (const dialect of ['acme', 'mobius4', 'tinyiot'] as const) {
  if (dialect !== 'acme' || !available.ok) {
    reconciliationSuite(`the embedded CSE as ${dialect}`, () => startEmbedded(dialect));
  }
}
if (available.ok) reconciliationSuite('ACME', startAcme);
