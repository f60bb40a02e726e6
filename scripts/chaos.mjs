// Compiles the project with its chaos suite into a folder of its own, and plays it: `npm run chaos -- --help`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const cache = join(root, 'node_modules', '.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'chaos-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const compiled = spawnSync(process.execPath, [
  compiler,
  '-p',
  join(root, 'test/chaos/tsconfig.json'),
  '--outDir',
  folder,
]);
const main = join(folder, 'test', 'chaos', 'main.js');
if (existsSync(main)) {
  const child = spawn(process.execPath, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.once('close', (code) => process.exit(code ?? 1));
} else {
  process.stderr.write(`chaos: nothing was compiled: ${compiled.stdout}\n`);
  process.exitCode = 2;
}
