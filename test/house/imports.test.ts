import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { describe, expect, test } from 'vitest';
import { circles, type Import, importGraph, importsOf } from './import-graph.ts';
import { ROOT } from './source-files.ts';

/** Which top-level folders a folder may import; `types` allows only what is gone at run time. */
const MAY_IMPORT: Readonly<Record<string, Readonly<Record<string, 'all' | 'types'>>>> = {
  common: {},
  lwm2m: { common: 'all' },
  'cse-client': { common: 'all' },
  mappings: { common: 'all', lwm2m: 'types', 'cse-client': 'types' },
  ipe: {
    common: 'all',
    lwm2m: 'all',
    'cse-client': 'all',
    mappings: 'all',
    'embedded-cse': 'all',
    simulator: 'all',
  },
  'embedded-cse': { common: 'all', 'cse-client': 'all' },
  simulator: { common: 'all', lwm2m: 'all' },
};
/** Fewer would mean that the walk has gone blind. */
const FLOOR = { files: 60, imports: 120 };
/** Nothing imports these; they may import anything. */
const OUTSIDE = ['test', 'bench', 'examples', 'docs', 'scripts'];

const { files, imports } = importGraph();
const relative = imports.filter((one) => one.relative);
const folderOf = (file: string): string => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '');
const show = (found: readonly Import[]): string[] => found.map(({ from, to }) => `${from} -> ${to}`);
const crossing = relative.filter(({ from, to }) => folderOf(from) !== folderOf(to));
const inProduct = (file: string): boolean => folderOf(file) in MAY_IMPORT;

describe('import rules of the house', () => {
  test('the walk has seen the project', () => {
    expect(files.filter(inProduct).length).toBeGreaterThan(FLOOR.files);
    expect(relative.filter(({ from }) => inProduct(from)).length).toBeGreaterThan(FLOOR.imports);
  });

  test('every folder with TypeScript has a rule', () => {
    const known = new Set([...Object.keys(MAY_IMPORT), ...OUTSIDE, '']);
    expect(files.filter((file) => !known.has(folderOf(file)))).toEqual([]);
  });

  test('every relative import names an existing file with its extension', () => {
    expect(show(relative.filter(({ to }) => !existsSync(ROOT + to)))).toEqual([]);
  });

  test('imports between folders run in the allowed directions only', () => {
    const breaches = crossing.filter(({ from, to, typeOnly }) => {
      if (!inProduct(from)) return false;
      const allowed = MAY_IMPORT[folderOf(from)]?.[folderOf(to)];
      return !(allowed === 'all' || (allowed === 'types' && typeOnly));
    });
    expect(show(breaches)).toEqual([]);
  });

  test('nothing of the product imports tests, benchmarks, examples, documents or scripts', () => {
    expect(show(crossing.filter(({ from, to }) => inProduct(from) && OUTSIDE.includes(folderOf(to))))).toEqual([]);
  });

  test('product folders import each other through index.ts alone', () => {
    const breaches = crossing.filter(({ from, to }) => inProduct(from) && to !== `${folderOf(to)}/index.ts`);
    expect(show(breaches)).toEqual([]);
  });

  test('a file never imports the index of its own folder', () => {
    const breaches = relative.filter(({ from, to }) => inProduct(from) && to === `${folderOf(from)}/index.ts`);
    expect(show(breaches)).toEqual([]);
  });

  test('no files import each other in a circle at run time', () => {
    expect(circles(relative.filter(({ typeOnly }) => !typeOnly))).toEqual([]);
  });

  test('no files import each other in a circle, imports of types counted in', () => {
    expect(circles(relative)).toEqual([]);
  });

  test('product folders use only built-in modules (as node:…) and declared dependencies', () => {
    const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const packageOf = (name: string): string => name.split('/', name.startsWith('@') ? 2 : 1).join('/');
    const builtin = new Set(builtinModules.map((name) => `node:${name}`));
    const breaches = imports.filter(
      ({ from, to, relative: own }) =>
        !own && inProduct(from) && !builtin.has(to) && !(packageOf(to) in manifest.dependencies),
    );
    expect(show(breaches)).toEqual([]);
  });
});

describe('the walk itself', () => {
  test('finds every form of import and tells types from values', () => {
    const text = [
      "import { a, type B } from './a.ts';",
      "import type { C } from '../common/index.ts';",
      "import { type D, type E } from './d.ts';",
      "import * as f from 'node:fs';",
      'import {\n  g,\n  type H,\n} from "./g.ts";',
      "export * from './i.ts';",
      "export type { J } from './j.ts';",
      "import './k.ts';",
      ['const l = await import', "('./l.ts');"].join(''),
      "// import './no.ts';",
      "/* import { no } from './no.ts'; */",
    ].join('\n');
    const found = importsOf('x/y.ts', text).map(({ to, typeOnly }) => `${typeOnly ? 'type ' : ''}${to}`);
    expect(found.sort()).toEqual(
      [
        'x/a.ts',
        'type common/index.ts',
        'type x/d.ts',
        'node:fs',
        'x/g.ts',
        'x/i.ts',
        'type x/j.ts',
        'x/k.ts',
        'x/l.ts',
      ].sort(),
    );
  });

  test('finds circles of any length, and none where there is none', () => {
    const edge = (from: string, to: string): Import => ({ from, to, relative: true, typeOnly: false });
    expect(circles([edge('a', 'b'), edge('b', 'c'), edge('c', 'a'), edge('c', 'd')])).toEqual([['a', 'b', 'c']]);
    expect(circles([edge('a', 'b'), edge('a', 'c'), edge('b', 'c')])).toEqual([]);
  });
});
