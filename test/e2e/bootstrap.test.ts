import { describe, it } from 'vitest';
import { acmeAvailable } from '../support/acme.ts';
import { startAcme, startEmbedded } from '../support/cse-under-test.ts';
import { bootstrapSuite } from './bootstrap-suite.ts';

bootstrapSuite('the embedded CSE', () => startEmbedded('standard'));

const acme = await acmeAvailable();

if (acme.ok) bootstrapSuite('ACME', startAcme);
else describe.skip(`bootstrapped devices on ACME (${acme.reason})`, () => it('needs ACME', () => {}));
