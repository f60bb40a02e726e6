import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IpeError } from '../common/index.ts';
import { cacheFolder } from '../test/support/acme-install.ts';
import { Child } from './child.ts';

const PROJECT = fileURLToPath(new URL('../../bench/leshan-server/', import.meta.url));
const SOURCES = ['pom.xml', 'src/main/java/bench/LeshanBench.java'];
const BUILD_LIMIT = 300_000;

/**
 * The jar of Leshan's server with its libraries beside it, built on the first call on this machine (Java 17, Maven).
 * IpeError `bench/leshan` says why it cannot be had.
 */
export async function buildLeshanServer(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of SOURCES) hash.update(readFileSync(join(PROJECT, file)));
  const cache = cacheFolder();
  const folder = join(cache, `leshan-server-${hash.digest('hex').slice(0, 16)}`);
  const jar = join(folder, 'leshan-server.jar');
  if (existsSync(jar)) return jar;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'leshan-build-'));
  try {
    for (const file of SOURCES) cpSync(join(PROJECT, file), join(work, file), { recursive: true });
    const words = ['-B', '-ntp', '-q', '-f', join(work, 'pom.xml'), 'package'];
    const maven = new Child('mvn', { command: 'mvn', words });
    const timer = setTimeout(() => maven.kill(), BUILD_LIMIT);
    const code = await maven.ended();
    clearTimeout(timer);
    if (code !== 0) throw new IpeError('bench/leshan', `Maven could not build Leshan's server: ${maven.said()}`);
    if (!existsSync(jar)) renameSync(join(work, 'target'), folder);
    return jar;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
