import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedCse } from '../../embedded-cse/index.ts';
import { Acme, acmeAvailable } from '../support/acme.ts';
import { Caller, type Subject } from './caller.ts';
import { Normaliser, take, walk } from './random-requests.ts';

const acmeHere = await acmeAvailable();

/** Random requests, each sent to both: same status, same code, same content but for identifiers and times. */
describe.skipIf(!acmeHere.ok)('the embedded CSE beside ACME', () => {
  let acme: Acme;
  let cse: EmbeddedCse;
  let left: Subject;
  let right: Subject;

  beforeAll(async () => {
    acme = await Acme.start();
    cse = new EmbeddedCse({ dialect: 'acme' });
    const { url } = await cse.start();
    left = { name: 'ACME', url: acme.url, base: 'cse-in', cseId: '/id-in', admin: 'CAdmin', stop: () => acme.stop() };
    right = { ...left, name: 'embedded', url, stop: () => cse.stop() };
  });
  afterAll(async () => {
    await acme.stop();
    await cse.stop();
  });

  it.each([1, 2, 3, 4, 5])('answers 400 random requests of walk %i as ACME does', async (seed) => {
    await acme.reset();
    cse.reset();
    const ours = new Normaliser();
    const theirs = new Normaliser();
    const differences: unknown[] = [];
    for (const [index, step] of walk(seed, 400, 'cse-in').entries()) {
      const [a, b] = await Promise.all([take(new Caller(left, 'x'), step), take(new Caller(right, 'x'), step)]);
      const [wanted, got] = [theirs.of(a), ours.of(b)];
      if (JSON.stringify(wanted) === JSON.stringify(got)) continue;
      differences.push({ index, step, wanted, got, said: [a.body?.['m2m:dbg'], b.body?.['m2m:dbg']] });
      break;
    }
    expect(differences).toEqual([]);
  });
});
