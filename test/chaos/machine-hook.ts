import { promises, type StatsFs } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Loaded before the daemon: what a test cannot do to a real machine, its clock and its disk, is done here on request.
/** What the hook is told. */
export interface MachineOrder {
  /** Milliseconds by which the wall clock is off. */
  readonly clock?: number;
  readonly diskFull?: boolean;
  /** Asks for the heap after garbage collection. */
  readonly heap?: true;
}

let shift = Number(process.env.CHAOS_CLOCK_SHIFT ?? 0);
let full = process.env.CHAOS_DISK_FULL === 'true';

const now = Date.now.bind(Date);
const RealDate = Date;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, words, caller) =>
    Reflect.construct(target, words.length === 0 ? [now() + shift] : words, caller) as object,
});
RealDate.now = () => now() + shift;

const statfs = promises.statfs;
promises.statfs = (async (...words: Parameters<typeof statfs>) => {
  const answer = (await statfs(...words)) as StatsFs;
  if (full) answer.bavail = 0;
  return answer;
}) as typeof statfs;
syncBuiltinESMExports();

// Standard output that is no terminal is gathered for a moment, and a kill would swallow what was said in it.
process.stdout.isTTY = true;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

process.on('message', ({ clock, diskFull, heap }: MachineOrder) => {
  if (clock !== undefined) shift = clock;
  if (diskFull !== undefined) full = diskFull;
  if (heap === true) {
    collect();
    process.send?.({ heap: process.memoryUsage().heapUsed });
  }
});
// The daemon never outlives who started it.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
