import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, with a closing slash. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', 'target', '.git', '__pycache__']);

/** Every file of the project as a path relative to its root, with forward slashes, sorted. */
export function projectFiles(folder = ''): string[] {
  const files: string[] = [];
  for (const entry of readdirSync(ROOT + folder, { withFileTypes: true })) {
    if (NOT_OURS.has(entry.name)) continue;
    if (entry.isDirectory()) files.push(...projectFiles(`${folder}${entry.name}/`));
    else if (entry.isFile()) files.push(folder + entry.name);
  }
  return files.sort();
}
