import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { errorMessage } from '../common/index.ts';
import { chartSvg } from './chart.ts';
import { plotsOf } from './plots.ts';
import type { BenchResults } from './results.ts';
import { circumstances, tablesOf } from './tables.ts';
import { markdownTable } from './text-table.ts';

// Turns the JSON of a run into Markdown on standard output, and into plots where a directory is named for them:
//   node dist/bench/render.js [--plots docs/plots] [FILE]
try {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { plots: { type: 'string' } } });
  const file = positionals[0] ?? 'dist/bench-results.json';
  const results = JSON.parse(readFileSync(file, 'utf8')) as BenchResults;
  const parts = [`Measured ${circumstances(results)}.`, ...tablesOf(results).map(markdownTable)];
  process.stdout.write(`${parts.join('\n\n')}\n`);
  if (values.plots !== undefined) {
    mkdirSync(values.plots, { recursive: true });
    for (const [name, chart] of plotsOf(results)) writeFileSync(join(values.plots, `${name}.svg`), chartSvg(chart));
  }
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n`);
  process.exitCode = 1;
}
