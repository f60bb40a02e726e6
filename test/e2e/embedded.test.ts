import { startEmbedded } from '../support/cse-under-test.ts';
import { bridgeSuite } from './bridge-suite.ts';

for (const dialect of ['standard', 'acme', 'mobius4', 'tinyiot'] as const) {
  bridgeSuite(`the embedded CSE as ${dialect}`, () => startEmbedded(dialect));
}
