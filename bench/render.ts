import { readFileSync } from 'node:fs';
import { errorMessage } from '../common/index.ts';
import type { BenchResults } from './results.ts';
import { circumstances, tablesOf } from './tables.ts';
import { markdownTable } from './text-table.ts';

// Turns the JSON of a run into Markdown on standard output: node dist/bench/render.js [FILE]
try {
  const results = JSON.parse(readFileSync(process.argv[2] ?? 'dist/bench-results.json', 'utf8')) as BenchResults;
  const parts = [`Measured ${circumstances(results)}.`, ...tablesOf(results).map(markdownTable)];
  process.stdout.write(`${parts.join('\n\n')}\n`);
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n`);
  process.exitCode = 1;
}
