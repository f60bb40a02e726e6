import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestPrimitive } from '../../cse-client/index.ts';
import { InProcess, RETRIEVE } from './requests.ts';
import { startEmbeddedCse } from './running.ts';

describe('whatever comes', () => {
  it('any primitive is answered with a response status code, and only success changes the tree', async () => {
    const word = fc.constantFrom(
      'cse-in',
      'dev',
      'c',
      'la',
      'fopt',
      '-',
      '',
      '..',
      '__proto__',
      'constructor',
      '/',
      'é',
    );
    const to = fc.array(word, { maxLength: 5 }).map((names) => names.join('/'));
    const name = fc.constantFrom(
      'm2m:ae',
      'm2m:cnt',
      'm2m:cin',
      'm2m:acp',
      'm2m:sub',
      'm2m:grp',
      'm2m:nod',
      '__proto__',
    );
    const attribute = fc.constantFrom(
      'rn',
      'lbl',
      'et',
      'con',
      'pv',
      'pvs',
      'enc',
      'mid',
      'nu',
      'acpi',
      'nl',
      'mni',
      'api',
      'cr',
      '__proto__',
    );
    const attributes = fc.dictionary(attribute, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 });
    const pc = fc.oneof(
      fc.jsonValue(),
      fc.tuple(name, attributes).map(([key, value]) => ({ [key]: value })),
    );
    const primitive = fc.record(
      {
        op: fc.constantFrom(1, 2, 3, 4, 5),
        to,
        fr: fc.constantFrom('Cdev', 'CAdmin', '', 'x', '/id-in/Cdev'),
        rqi: fc.constantFrom('r', ''),
        rvi: fc.constantFrom('3', '9'),
        ty: fc.integer({ min: -1, max: 30 }),
        pc,
        rcn: fc.integer({ min: -1, max: 12 }),
        fc: fc.record(
          {
            fu: fc.constantFrom(1, 2),
            lbl: fc.array(fc.string()),
            rn: fc.string(),
            lim: fc.integer(),
            lvl: fc.integer(),
            ofst: fc.integer(),
          },
          { requiredKeys: [] },
        ),
        rqet: fc.string(),
      },
      { requiredKeys: ['op', 'to', 'rqi'] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(primitive, { maxLength: 12 }), async (requests) => {
        const at = new InProcess({ notificationTimeout: 200 });
        const path = await at.register('dev');
        await at.create(path, 'Cdev', 3, { 'm2m:cnt': { rn: 'c' } });
        for (const request of requests) {
          const before = at.cse.dump().length;
          const answer = await at.cse.handle(request as unknown as RequestPrimitive);
          expect(answer.rsc).toBeGreaterThanOrEqual(2000);
          expect(answer.rsc === 5000 ? answer : undefined).toBeUndefined();
          if (answer.rsc >= 4000) expect(at.cse.dump().length).toBe(before);
          JSON.stringify(answer);
        }
        await at.cse.stop();
      }),
      { numRuns: 150 },
    );
  });

  it('any bytes over HTTP get an answer or an end, and the CSE goes on', async () => {
    const { admin, cse } = await startEmbeddedCse();
    for (const path of [
      '/%',
      '/%ff%fe',
      '/~',
      '/_',
      '/~/',
      '/_/x',
      '//',
      '/cse-in?rcn=x',
      '/cse-in?ty=%00',
      `/${'a/'.repeat(2_000)}b`,
    ]) {
      const answer = await admin.send('GET', path);
      expect(answer.rsc).toBeGreaterThanOrEqual(4000);
    }
    expect((await admin.send('PATCH', '/cse-in')).rsc).toBe(4005);
    expect((await admin.retrieve('cse-in')).rsc).toBe(2000);
    await cse.stop();
  });

  it('discovery by the label index finds what looking at everything finds, in the same order', async () => {
    const label = fc.constantFrom('a', 'b', 'c', 'd');
    const container = fc.record({ under: fc.nat(), lbl: fc.array(label, { minLength: 1, maxLength: 3 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(container, { maxLength: 25 }),
        fc.array(label, { minLength: 1, maxLength: 2 }),
        fc.option(fc.integer({ min: 1, max: 4 })),
        async (containers, wanted, lvl) => {
          const at = new InProcess();
          const paths = [await at.register('dev')];
          for (const [index, { under, lbl }] of containers.entries()) {
            const parent = paths[under % paths.length] ?? '';
            await at.create(parent, 'Cdev', 3, { 'm2m:cnt': { rn: `n${index}`, lbl } });
            paths.push(`${parent}/n${index}`);
          }
          const level = lvl === null ? {} : { lvl };
          const indexed = await at.ask(RETRIEVE, 'cse-in/dev', 'Cdev', { fc: { fu: 1, lbl: wanted, ...level } });
          // fo=2 with a single criterion means the same, and looks at everything.
          const walked = await at.ask(RETRIEVE, 'cse-in/dev', 'Cdev', { fc: { fu: 1, fo: 2, lbl: wanted, ...level } });
          expect(indexed.pc).toEqual(walked.pc);
        },
      ),
      { numRuns: 60 },
    );
  });
});
