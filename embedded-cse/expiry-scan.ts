import type { Clock, Timer } from '../common/index.ts';
import type { Context } from './context.ts';
import { remove } from './delete.ts';

/** Deletes what has expired (TS-0004 7.3.3.7), with all below it and a word to the parent's subscriptions. */
export function removeExpired(context: Context): void {
  for (const resource of context.tree.calendar.due(context.times.now())) {
    // It may have gone with its parent a moment ago.
    if (context.tree.get(resource.ri) === resource) remove(context, resource);
  }
}

/** Looks for expired resources again and again; ends for good where a scan fails, as ACME's does. */
export class ExpiryScan {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #scan: () => void;
  readonly #failed: (error: unknown) => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, interval: number, scan: () => void, failed: (error: unknown) => void) {
    this.#clock = clock;
    this.#interval = interval;
    this.#scan = scan;
    this.#failed = failed;
  }

  start(): void {
    this.#timer = this.#clock.timer(this.#interval, () => {
      try {
        this.#scan();
      } catch (error) {
        this.#failed(error);
        return;
      }
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
