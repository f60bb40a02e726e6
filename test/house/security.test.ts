import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findKey } from '../../ipe/configuration/keys.ts';
import { ROOT } from './source-files.ts';

const read = (file: string): string => readFileSync(ROOT + file, 'utf8');

test('SECURITY.md names tests, pages and keys of configuration that are there', () => {
  const page = read('SECURITY.md');
  const paths = [...page.matchAll(/`(test\/[^`]+)`|\]\((docs\/[^)]+)\)/g)].map(([, file, link]) => file ?? link ?? '');
  expect(paths.length).toBeGreaterThan(15);
  expect(paths.filter((path) => !existsSync(ROOT + path))).toEqual([]);
  const keys = [...page.matchAll(/`((?:cse|http|lwm2m|access)\.[A-Za-z.]+)`/g)].map(([, key]) => key as string);
  expect(keys.length).toBeGreaterThan(5);
  const known = (key: string) => findKey(key) !== undefined || findKey(`${key}.certificate`) !== undefined;
  expect(keys.filter((key) => !known(key))).toEqual([]);
});

test('docs/decisions/dependencies.md names the production dependencies, each and no other', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  const named = [...read('docs/decisions/dependencies.md').matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name);
  expect(named.sort()).toEqual(Object.keys(dependencies).sort());
});

test('no more packages have install scripts than docs/decisions/dependencies.md says', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { readonly hasInstallScript?: boolean; readonly dev?: boolean }>;
  };
  const scripted = Object.entries(packages).filter(([, one]) => one.hasInstallScript === true && one.dev !== true);
  expect(scripted.map(([path]) => path.replace('node_modules/', '')).sort()).toEqual([
    'koffi',
    'lmdb',
    'msgpackr-extract',
  ]);
});
