import { describe, it } from 'vitest';
import { acmeAvailable } from '../support/acme.ts';
import { startAcme, startEmbedded } from '../support/cse-under-test.ts';
import { valuesSuite } from './values-suite.ts';

for (const dialect of ['standard', 'acme', 'mobius4', 'tinyiot'] as const) {
  valuesSuite(`the embedded CSE as ${dialect}`, () => startEmbedded(dialect));
}

const acme = await acmeAvailable();

if (acme.ok) valuesSuite('ACME', startAcme);
else describe.skip(`values on ACME (${acme.reason})`, () => it('needs ACME', () => {}));
