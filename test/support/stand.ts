import type { CseUnderTest } from './cse-under-test.ts';
import { Application, type Overrides, type RunningIpe, startIpe } from './ipe.ts';

/** A CSE, an IPE that works on it, and an application that knows only the CSE. */
export interface Stand<Cse extends CseUnderTest = CseUnderTest> {
  readonly cse: Cse;
  readonly ipe: RunningIpe;
  readonly app: Application;
}

/** Starts all three, or none: what was started is stopped where another is not. */
export async function startStand<Cse extends CseUnderTest>(
  starting: Promise<Cse>,
  overrides: Overrides = {},
  application = 'app',
): Promise<Stand<Cse>> {
  const cse = await starting;
  let ipe: RunningIpe | undefined;
  try {
    ipe = await startIpe(cse, overrides);
    return { cse, ipe, app: await Application.start(cse, application) };
  } catch (error) {
    await stopAll(ipe, cse);
    throw error;
  }
}

/** Stops one after the other, all of them though one fails; those that were never started are passed over. */
export async function stopAll(...started: readonly ({ stop(): Promise<unknown> } | undefined)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const one of started) await one?.stop().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
