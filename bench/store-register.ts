import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import { metricsOf } from './lwm2m-part.ts';
import { playLoad, type Subject, startLwm2mServer, YOUNG_GENERATION } from './subjects.ts';

const ROUNDS = 3;
const ENDPOINTS = 30_000;
const UPDATES = 60_000;
const START_LIMIT = 60_000;

async function startStoreServer(path: string): Promise<Subject> {
  const words = [YOUNG_GENERATION, fileURLToPath(new URL('./store-server.js', import.meta.url)), path];
  const child = new Child('store-server', { words });
  const port = await child.next((line) => (typeof line.port === 'number' ? line.port : undefined), START_LIMIT);
  return { child, port };
}

async function measure(name: string, subject: Subject): Promise<void> {
  try {
    await playLoad(subject, { mode: 'register,update,deregister', endpoints: 10_000, prefix: 'warm-' });
    const load = { mode: 'register,update', endpoints: ENDPOINTS, operations: UPDATES, prefix: 'busy-' };
    const { phases } = await playLoad(subject, load);
    const figures = { ...metricsOf('register', phases.register), ...metricsOf('update', phases.update) };
    process.stdout.write(`${JSON.stringify({ name, ...figures })}\n`);
  } finally {
    await subject.child.stop();
  }
}

/** `node dist/bench/store-register.js`: Register and Update of the LwM2M side without a store and with one, in turns. */
for (let round = 0; round < ROUNDS; round += 1) {
  const path = mkdtempSync(join(tmpdir(), 'store-register-'));
  try {
    await measure('without store', await startLwm2mServer());
    await measure('with store', await startStoreServer(path));
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}
