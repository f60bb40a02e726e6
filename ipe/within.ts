import type { Clock } from '../common/index.ts';

/** Waits for work, but no longer than `limit` milliseconds; how it ends is not told. */
export async function within(work: Promise<unknown>, limit: number, clock: Clock): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = clock.timer(limit, resolve);
    const done = () => {
      timer.cancel();
      resolve();
    };
    work.then(done, done);
  });
}
