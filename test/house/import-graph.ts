import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { projectFiles, ROOT } from './source-files.ts';

/** One import or re-export of a file. */
export interface Import {
  readonly from: string;
  /** Path of the imported file relative to the root, or the bare specifier. */
  readonly to: string;
  readonly relative: boolean;
  /** True when nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

const STATEMENT = /^[ \t]*(?:import|export)\s+(type\s+)?([^'"();=]*?)\bfrom\s*(['"])([^'"\n]+)\3/gm;
const BARE = /^[ \t]*import\s*(['"])([^'"\n]+)\1/gm;
const DYNAMIC = /\bimport\(\s*(['"])([^'"\n]+)\1\s*\)/g;

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^[ \t]*\/\/.*$/gm, '');
}

function namesOnlyTypes(clause: string): boolean {
  const names = /^\{([^}]*)\}$/
    .exec(clause.trim())?.[1]
    ?.split(',')
    .filter((name) => name.trim() !== '');
  return names !== undefined && names.length > 0 && names.every((name) => /^\s*type\s/.test(name));
}

/** The imports written in a TypeScript text. */
export function importsOf(from: string, text: string): Import[] {
  const imports: Import[] = [];
  const add = (specifier: string, typeOnly: boolean): void => {
    const relative = specifier.startsWith('.');
    const to = relative ? posix.normalize(posix.join(posix.dirname(from), specifier)) : specifier;
    imports.push({ from, to, relative, typeOnly });
  };
  const source = withoutComments(text);
  for (const match of source.matchAll(STATEMENT)) {
    add(match[4] as string, match[1] !== undefined || namesOnlyTypes(match[2] ?? ''));
  }
  for (const match of source.matchAll(BARE)) add(match[2] as string, false);
  for (const match of source.matchAll(DYNAMIC)) add(match[2] as string, false);
  return imports;
}

/** The TypeScript files of the project and everything that they import. */
export function importGraph(): { files: string[]; imports: Import[] } {
  const files = projectFiles().filter((file) => /\.m?ts$/.test(file));
  const imports = files.flatMap((file) => importsOf(file, readFileSync(ROOT + file, 'utf8')));
  return { files, imports };
}

/** Groups of files that import each other in a circle, each sorted (strongly connected components). */
export function circles(imports: readonly Import[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to, relative } of imports) {
    if (relative) next.set(from, [...(next.get(from) ?? []), to]);
  }
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): number => {
    const own = order.size;
    let lowest = own;
    order.set(file, own);
    stack.push(file);
    for (const other of next.get(file) ?? []) {
      if (!order.has(other)) lowest = Math.min(lowest, visit(other));
      else if (stack.includes(other)) lowest = Math.min(lowest, order.get(other) as number);
    }
    low.set(file, lowest);
    if (lowest === own) {
      const group = stack.splice(stack.indexOf(file));
      if (group.length > 1 || (next.get(file) ?? []).includes(file)) found.push(group.sort());
    }
    return lowest;
  };
  for (const file of next.keys()) if (!order.has(file)) visit(file);
  return found;
}
