import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from './source-files.ts';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const kept = read('.dockerignore')
  .split('\n')
  .flatMap((line) => (line.startsWith('!') ? line.slice(1) : []));
let context: string;

/** What the builder of the image is given, where the packages of the project are found. */
beforeAll(() => {
  const cache = join(ROOT, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  context = mkdtempSync(join(cache, 'image-'));
  for (const path of kept) {
    mkdirSync(dirname(join(context, path)), { recursive: true });
    cpSync(join(ROOT, path), join(context, path), { recursive: true });
  }
});

afterAll(() => rmSync(context, { recursive: true, force: true }));

describe('the sources that .dockerignore lets through', () => {
  test('build by the command of the Dockerfile, and what they build serves devices', async () => {
    const command = /^COPY \. \.\nRUN (npm run .*)$/m.exec(read('Dockerfile'))?.[1] ?? '';
    const [program = '', ...words] = command.split(' ');
    await promisify(execFile)(program, words, { cwd: context, shell: process.platform === 'win32' });
    const entry = /^ENTRYPOINT \["node", (.*)\]$/m.exec(read('Dockerfile'))?.[1] ?? '';
    const options = JSON.parse(`[${entry}, "run"]`) as string[];
    const bridge = spawn(process.execPath, options, {
      cwd: context,
      env: { PATH: process.env.PATH, IPE_LWM2M_COAP_PORT: '0', IPE_HTTP_PORT: '0', IPE_LOG_FORMAT: 'json' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(bridge, 'exit');
    for await (const line of createInterface(bridge.stdout)) if (line.includes('"message":"ready"')) break;
    bridge.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});
