import { describe, it } from 'vitest';
import { acmeAvailable } from '../support/acme.ts';
import { startAcme } from '../support/cse-under-test.ts';
import { bridgeSuite } from './bridge-suite.ts';

const acme = await acmeAvailable();

if (acme.ok) bridgeSuite('ACME', startAcme);
else describe.skip(`bridge on ACME (${acme.reason})`, () => it('needs ACME', () => {}));
