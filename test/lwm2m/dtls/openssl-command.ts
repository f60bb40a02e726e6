import { spawnSync } from 'node:child_process';

/** True, said out loud, where the command `openssl` is missing; never under CI, where such a gap must fail. */
export function withoutOpenssl(): boolean {
  if (process.env.CI === 'true' || spawnSync('openssl', ['version']).status === 0) return false;
  process.stderr.write('skipped: tests that need the command openssl\n');
  return true;
}
