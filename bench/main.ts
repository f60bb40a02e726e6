import { writeFileSync } from 'node:fs';
import { errorMessage } from '../common/index.ts';
import { measureAcme } from './acme-part.ts';
import { measureBridge } from './bridge-part.ts';
import { measureDtls } from './dtls-part.ts';
import { measureGrowth } from './growth-part.ts';
import { measureLwm2m } from './lwm2m-part.ts';
import { measureMemory } from './memory-part.ts';
import { progress } from './metrics.ts';
import { type BenchOptions, type Part, parseBenchOptions } from './options.ts';
import { type BenchResults, machine } from './results.ts';
import { measureSteadyDay } from './steady-part.ts';
import { measureStorms } from './storm-part.ts';
import { circumstances, tablesOf } from './tables.ts';
import { textTable } from './text-table.ts';
import { measureValues } from './values-part.ts';

const MEASURE = {
  lwm2m: measureLwm2m,
  bridge: measureBridge,
  values: measureValues,
  growth: measureGrowth,
  storm: measureStorms,
  steady: measureSteadyDay,
  acme: measureAcme,
  memory: measureMemory,
  dtls: measureDtls,
} as const satisfies Readonly<Record<Part, (options: BenchOptions) => Promise<unknown>>>;

/** Runs every part; one that fails is told and leaves the others alone. */
async function run(options: BenchOptions): Promise<BenchResults> {
  const found: Partial<Record<Part, unknown>> = {};
  const failures: Record<string, string> = {};
  for (const part of options.parts) {
    try {
      found[part] = await MEASURE[part](options);
    } catch (error) {
      failures[part] = errorMessage(error);
      progress(`${part} FAILED: ${failures[part]}`);
    }
  }
  return {
    date: new Date().toISOString(),
    machine: machine(),
    options,
    ...(found as Pick<BenchResults, Part>),
    failures,
  };
}

async function main(): Promise<void> {
  const options = parseBenchOptions(process.argv.slice(2));
  if (options === undefined) return;
  const results = await run(options);
  writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
  const tables = tablesOf(results).map(textTable);
  process.stdout.write(`\n${[circumstances(results), ...tables].join('\n\n')}\n\nresults: ${options.json}\n`);
  if (Object.keys(results.failures).length > 0) process.exitCode = 1;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
main().catch((error: unknown) => {
  process.stderr.write(`bench: ${errorMessage(error)}\n`);
  process.exitCode = 2;
});
