import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectFiles, ROOT } from './source-files.ts';

const MAX_LINES = 400;
const FORBIDDEN = /^(utils?|helpers?|managers?|misc)$/;

const files = projectFiles();
const read = (file: string): string => readFileSync(ROOT + file, 'utf8');

describe('files of the house', () => {
  test('the walk has seen the project', () => {
    expect(files).toContain('package.json');
    expect(files.filter((file) => file.endsWith('.ts')).length).toBeGreaterThan(80);
  });

  test(`no source file written by hand has more than ${MAX_LINES} lines`, () => {
    const sources = files.filter((file) => /\.(m?ts|m?js|java|sh|py)$/.test(file) && !/\.generated\./.test(file));
    const lines = (file: string): number => read(file).split('\n').length - 1;
    expect(sources.filter((file) => lines(file) > MAX_LINES).map((file) => `${file}: ${lines(file)}`)).toEqual([]);
  });

  test('the lock file names no registry', () => {
    expect(read('package-lock.json')).not.toMatch(/https?:\/\/[^"]*\.tgz/);
    expect(read('package-lock.json')).not.toContain('"resolved"');
  });

  test('no file or folder is called utils, helpers, manager or misc', () => {
    const words = (file: string): string[] => file.toLowerCase().split(/[/.\-_]/);
    expect(files.filter((file) => words(file).some((word) => FORBIDDEN.test(word)))).toEqual([]);
  });

  test('TypeScript files are named in kebab-case', () => {
    const names = files.filter((file) => file.endsWith('.ts')).map((file) => posix.basename(file));
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|generated|config|d))?\.ts$/.test(name))).toEqual(
      [],
    );
  });
});

/** The anchor that a heading gets on the usual forges. */
function anchor(heading: string): string {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

function anchors(markdown: string): Set<string> {
  const found = new Set<string>();
  for (const [, heading] of withoutCode(markdown).matchAll(/^#{1,6}\s+(.+)$/gm)) {
    const base = anchor(heading as string);
    let name = base;
    for (let again = 1; found.has(name); again++) name = `${base}-${again}`;
    found.add(name);
  }
  for (const [, name] of markdown.matchAll(/<a (?:id|name)="([^"]+)"/g)) found.add(name as string);
  return found;
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^(```|~~~)[\s\S]*?^\1.*$/gm, '');
}

function brokenLinks(file: string): string[] {
  const text = withoutCode(read(file)).replace(/`[^`\n]*`/g, '');
  const targets = [
    ...[...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map(([, target]) => target as string),
    ...[...text.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)].map(([, target]) => target as string),
  ];
  return targets
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
    .filter((target) => {
      const [path = '', fragment] = decodeURIComponent(target).split('#');
      const goal = path === '' ? file : posix.normalize(posix.join(posix.dirname(file), path));
      if (!existsSync(ROOT + goal)) return true;
      return fragment !== undefined && goal.endsWith('.md') && !anchors(read(goal)).has(fragment);
    })
    .map((target) => `${file}: ${target}`);
}

describe('documents', () => {
  const documents = files.filter((file) => file.endsWith('.md'));

  test('README.md, CONTRIBUTING.md, CHANGELOG.md, LICENSE and NOTICE are there', () => {
    const wanted = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'LICENSE', 'NOTICE', 'docs/architecture.md'];
    expect(wanted.filter((file) => !files.includes(file))).toEqual([]);
  });

  test('every relative link of every Markdown file leads to a file and, if it names one, to a heading', () => {
    expect(documents.flatMap(brokenLinks)).toEqual([]);
  });

  test('every npm script that a document names exists', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...documents, '.ci/run', 'Dockerfile'].flatMap((file) =>
      [...read(file).matchAll(/\bnpm run (?:-s |--silent )?([a-z][\w:-]*)/g)].map(([, name]) => ({ file, name })),
    );
    expect(named.filter(({ name }) => !((name as string) in scripts))).toEqual([]);
  });
});
