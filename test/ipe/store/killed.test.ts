import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTemporary, temporaryDirectory } from './temporary-store.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
let built: string;

/** The project as a release has it: what is killed runs without a test runner around it. */
beforeAll(async () => {
  const cache = join(ROOT, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  built = mkdtempSync(join(cache, 'killed-'));
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const words = [compiler, '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', built, '--sourceMap', 'false'];
  await new Promise<void>((resolve) => execFile(process.execPath, words, () => resolve()));
});

afterAll(() => rmSync(built, { recursive: true, force: true }));

/** Writes without end, eight at a time, and tells of each write once it is flushed. */
const WRITER = `
  const { LmdbStore } = await import(process.argv[1]);
  const { writeSync } = await import('node:fs');
  const silent = { error() {}, warn() {}, info() {}, debug() {}, child: () => silent };
  const store = LmdbStore.open({ path: process.argv[2], logger: silent });
  await Promise.all(Array.from({ length: 8 }, async (_, name) => {
    for (let i = 0; ; i += 1) {
      store.put('setting', name + ' ' + i, 'x'.repeat(100) + i);
      await store.flushed();
      writeSync(1, name + ' ' + i + '\\n');
    }
  }));
`;

async function writeUntilKilled(path: string, lines: number): Promise<string[]> {
  const module = pathToFileURL(join(built, 'ipe/store/lmdb-store.js')).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, module, path]);
  let told = '';
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      told += chunk.toString();
      if (told.split('\n').length > lines) child.kill('SIGKILL');
    });
    child.on('close', () => resolve());
  });
  return told.split('\n').slice(0, -1);
}

it('a process killed in the middle of its writes has lost nothing that was flushed', async () => {
  const path = temporaryDirectory();
  for (const lines of [50, 400, 1_500]) {
    const told = await writeUntilKilled(path, lines);
    expect(told.length).toBeGreaterThanOrEqual(lines);
    const store = openTemporary(path);
    const found = new Map([...store.entries('setting')].map(({ key, record }) => [key, record]));
    expect(told.filter((key) => found.get(key) !== 'x'.repeat(100) + key.split(' ')[1])).toEqual([]);
    expect(store.counters.quarantined).toBe(0);
    await store.close();
  }
});
