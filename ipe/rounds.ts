import type { Clock, Timer } from '../common/index.ts';
import type { CseAvailability } from './cse/availability.ts';

/** Who is looked at, how often, and how. */
export interface RoundsParts<Device> {
  /** Milliseconds between two rounds. */
  readonly interval: number;
  readonly devices: () => Iterable<Device>;
  /** Never rejects; `round` counts from 1. */
  readonly look: (device: Device, round: number) => Promise<void>;
  readonly availability: Pick<CseAvailability, 'away'>;
  readonly clock: Clock;
}

/** Looks for what no notification told of: at one device after the other, so that the CSE hardly notices, while it is there. */
export class Rounds<Device> {
  readonly #parts: RoundsParts<Device>;
  #timer: Timer | undefined;
  #round = 1;
  #stopped = false;

  constructor(parts: RoundsParts<Device>) {
    this.#parts = parts;
    this.#schedule();
  }

  /** Looks at nobody more; a look under way goes on. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    const { clock, interval } = this.#parts;
    this.#timer = clock.timer(interval, () => void this.#go());
  }

  async #go(): Promise<void> {
    const { devices, look, availability } = this.#parts;
    for (const device of [...devices()]) {
      if (this.#stopped || availability.away !== undefined) break;
      await look(device, this.#round);
    }
    this.#round += 1;
    if (!this.#stopped) this.#schedule();
  }
}
