import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/chaos.mjs', import.meta.url));

it('nothing is lost when the bridge is killed, the network and the way to the CSE are bad, the CSE forgets and the disk is full', {
  timeout: 240_000,
}, async () => {
  const words = [SCRIPT, '--seed', '33', '--seconds', '8', '--devices', '5'];
  const { stdout } = await promisify(execFile)(process.execPath, words).catch(
    (error: { readonly stdout?: string }) => ({
      stdout: `${error.stdout}\n${error}`,
    }),
  );
  expect(stdout).toMatch(/all 1 hold\n$/);
});
