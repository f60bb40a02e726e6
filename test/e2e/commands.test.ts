import { describe, it } from 'vitest';
import { acmeAvailable } from '../support/acme.ts';
import { startAcme, startEmbedded } from '../support/cse-under-test.ts';
import { commandsSuite } from './commands-suite.ts';

for (const dialect of ['standard', 'acme', 'mobius4', 'tinyiot'] as const) {
  commandsSuite(`the embedded CSE as ${dialect}`, () => startEmbedded(dialect));
}

const acme = await acmeAvailable();

if (acme.ok) commandsSuite('ACME', startAcme);
else describe.skip(`commands on ACME (${acme.reason})`, () => it('needs ACME', () => {}));
