import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const SCRIPT = `
  const { open } = require(process.argv[1]);
  const root = open({ path: process.argv[2], noSubdir: false, readOnly: true, maxDbs: 32, encoding: 'binary' });
  for (const name of process.argv.slice(3)) {
    const table = root.openDB(name, { encoding: 'binary' });
    for (const { value } of table?.getRange() ?? []) value.length;
  }
`;
/** Milliseconds. */
const PATIENCE = 60_000;

/**
 * Whether a database can be read from beginning to end; `unknown` where that cannot be tried. It is tried in a process of its
 * own: where pages are missing or damaged the library may end the process.
 */
export function readability(path: string, tables: readonly string[]): 'readable' | 'unreadable' | 'unknown' {
  const library = createRequire(import.meta.url).resolve('lmdb');
  const words = ['--input-type=commonjs', '-e', SCRIPT, library, path, ...tables];
  const { status, pid } = spawnSync(process.execPath, words, { stdio: 'ignore', timeout: PATIENCE });
  if (pid === 0) return 'unknown';
  return status === 0 ? 'readable' : 'unreadable';
}
