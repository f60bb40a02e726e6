import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { projectFiles, ROOT } from './source-files.ts';

const CHECKED = /^(common|lwm2m|cse-client|mappings|embedded-cse|ipe)\/(?!.*\.generated\.)/;
const EXPORT = /^export (?:async )?(function\*?|const|class|interface|type) (\w+)/gm;

const sources = projectFiles().filter((file) => /\.m?ts$|\.mjs$/.test(file));
const words = new Map(sources.map((file) => [file, wordsOf(readFileSync(ROOT + file, 'utf8'))]));

/** How often each word stands in the code, lines of comments left out. */
function wordsOf(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [word] of text.replace(/^\s*(\/\/|\/?\*).*$/gm, '').matchAll(/\w+/g)) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

const mentions = (file: string, word: string): number => words.get(file)?.get(word) ?? 0;

/** Code that is used by tests alone is none of the program; what its own file needs may be tested by itself. */
function isUsed(file: string, kind: string, name: string): boolean {
  const inOwnFile = mentions(file, name) > 1;
  if (inOwnFile && (kind === 'interface' || kind === 'type')) return true;
  return sources.some((other) => {
    if (other === file || other.endsWith('/index.ts') || mentions(other, name) === 0) return false;
    return inOwnFile || !other.startsWith('test/');
  });
}

function unusedExports(file: string): string[] {
  const declarations = [...readFileSync(ROOT + file, 'utf8').matchAll(EXPORT)];
  return declarations
    .filter(([, kind, name]) => !isUsed(file, kind as string, name as string))
    .map(([, , name]) => `${file} ${name}`);
}

test('what a module exports is used by another one, or by its tests where the module uses it, too', () => {
  expect(sources.filter((file) => CHECKED.test(file)).flatMap(unusedExports)).toEqual([]);
});
