import type { Clock, Timer } from '../common/index.ts';

/** Devices that are looked after as soon as what they have asked for is answered: each once, however often it is added. */
export class AfterAnswer<Device> {
  readonly #clock: Clock;
  readonly #look: (device: Device) => void;
  readonly #due = new Set<Device>();
  #timer: Timer | undefined;

  constructor(clock: Clock, look: (device: Device) => void) {
    this.#clock = clock;
    this.#look = look;
  }

  /** A device is being answered. */
  add(device: Device): void {
    this.#due.add(device);
    this.#timer ??= this.#clock.timer(0, () => this.#lookAtDue());
  }

  /** It has left. */
  delete(device: Device): void {
    this.#due.delete(device);
  }

  /** Nobody is looked after any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#due.clear();
  }

  #lookAtDue(): void {
    this.#timer = undefined;
    const due = [...this.#due];
    this.#due.clear();
    for (const device of due) this.#look(device);
  }
}
