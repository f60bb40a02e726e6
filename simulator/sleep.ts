import type { Clock, Timer } from '../common/index.ts';

/** What the sleep of a device is built from. */
export interface SleepParts {
  readonly clock: Clock;
  /** False: the device never sleeps. */
  readonly queueMode: boolean;
  /** Milliseconds after the last message for which it stays awake. */
  readonly awakeWindow: number;
  /** Called when it falls asleep and when it wakes. */
  readonly changed: (asleep: boolean) => void;
}

/** Queue mode on the device's side: awake while messages come and go and for a window after the last (LwM2M 1.1 6.5). */
export class Sleep {
  readonly #parts: SleepParts;
  #asleep = false;
  #held = 0;
  #timer: Timer | undefined;

  constructor(parts: SleepParts) {
    this.#parts = parts;
  }

  get asleep(): boolean {
    return this.#asleep;
  }

  /** Wakes the device and keeps it awake until `release`. */
  hold(): void {
    this.#held += 1;
    this.#timer?.cancel();
    if (!this.#asleep) return;
    this.#asleep = false;
    this.#parts.changed(false);
  }

  /** Ends one `hold`; with the last the awake window begins. */
  release(): void {
    this.#held -= 1;
    this.stir();
  }

  /** A message came or went: the awake window begins anew. */
  stir(): void {
    const { queueMode, clock, awakeWindow, changed } = this.#parts;
    if (!queueMode || this.#held > 0 || this.#asleep) return;
    this.#timer?.cancel();
    this.#timer = clock.timer(awakeWindow, () => {
      this.#asleep = true;
      changed(true);
    });
  }

  /** Falls asleep no more. */
  stop(): void {
    this.#timer?.cancel();
  }
}
