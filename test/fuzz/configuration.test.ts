import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { IpeError } from '../../common/index.ts';
import { loadConfiguration } from '../../ipe/configuration/index.ts';
import { mutations } from './corpus.ts';
import { count, readSeeds, SEED, timeLimit } from './seeds.ts';

const folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-fuzz-'));
const file = join(folder, 'ipe.yaml');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A configuration, or an IpeError with a message of bounded length; anything else fails. */
function load(bytes: Buffer): 'valid' | 'refused' {
  writeFileSync(file, bytes);
  try {
    loadConfiguration({ file, env: {} });
    return 'valid';
  } catch (error) {
    expect(error).toBeInstanceOf(IpeError);
    expect((error as IpeError).code).toMatch(/^config\/(file|invalid)$/);
    expect((error as IpeError).message.length).toBeLessThan(40_000);
    return 'refused';
  }
}

it(
  'whatever a configuration file holds, it is a configuration or an error that says why; nothing of it becomes code or a prototype',
  () => {
    const seeds = readSeeds('configuration');
    expect(seeds.map(load).filter((end) => end === 'valid')).toHaveLength(1);
    let left = count(200);
    for (const bytes of mutations(seeds, SEED)) {
      load(bytes);
      left -= 1;
      if (left === 0) break;
    }
    expect({}).not.toHaveProperty('polluted');
  },
  timeLimit(200),
);

it('a file that names itself, or multiplies what it names, costs no more than its own size', () => {
  const [aliases, , , loop] = readSeeds('configuration');
  const before = process.memoryUsage().heapUsed;
  const start = performance.now();
  expect([aliases, loop].map((bytes) => load(bytes as Buffer))).toEqual(['refused', 'refused']);
  expect(performance.now() - start).toBeLessThan(2_000);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 << 20);
});
