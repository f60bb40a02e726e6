import { describe, it } from 'vitest';
import { acmeAvailable } from '../support/acme.ts';
import { startAcme, startEmbedded } from '../support/cse-under-test.ts';
import { directCommandsSuite } from './direct-commands-suite.ts';

for (const dialect of ['standard', 'acme', 'mobius4', 'tinyiot'] as const) {
  directCommandsSuite(`the embedded CSE as ${dialect}`, () => startEmbedded(dialect));
}

const acme = await acmeAvailable();

if (acme.ok) directCommandsSuite('ACME', startAcme);
else describe.skip(`direct commands on ACME (${acme.reason})`, () => it('needs ACME', () => {}));
