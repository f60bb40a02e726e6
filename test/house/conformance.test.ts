import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

function testSources(): string {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, 'test', name), 'utf8'))
    .join('\n')
    .replaceAll("\\'", "'");
}

it('every promise in docs/conformance.md names a test that exists', () => {
  const page = readFileSync(join(root, 'docs/conformance.md'), 'utf8');
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| clause') && !line.startsWith('| statement'));
  const sources = testSources();
  const promised = rows.map((row) => row.split('|').at(-2)?.trim() ?? '');
  const named = promised.filter((cell) => cell !== '' && !/^-+$/.test(cell)).map((cell) => cell.replace(/^`|`$/g, ''));
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((title) => !sources.includes(title))).toEqual([]);
});

it('a row of docs/conformance.md without a test is not applicable', () => {
  const page = readFileSync(join(root, 'docs/conformance.md'), 'utf8');
  const untested = page.split('\n').filter((line) => /^\| .*\|\s+\|$/.test(line));
  expect(untested.filter((row) => !row.includes('n/a'))).toEqual([]);
});
