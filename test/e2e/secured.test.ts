import { describe, it } from 'vitest';
import { acmeAvailable } from '../support/acme.ts';
import { startAcme, startEmbedded } from '../support/cse-under-test.ts';
import { securedSuite } from './secured-suite.ts';

securedSuite('the embedded CSE', () => startEmbedded('standard'));

const acme = await acmeAvailable();

if (acme.ok) securedSuite('ACME', startAcme);
else describe.skip(`devices with credentials on ACME (${acme.reason})`, () => it('needs ACME', () => {}));
