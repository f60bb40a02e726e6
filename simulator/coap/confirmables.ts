import type { Clock, Timer } from '../../common/index.ts';

/** ACK_TIMEOUT and MAX_RETRANSMIT (RFC 7252 4.8). */
const ACK_TIMEOUT = 2_000;
const ACK_RANDOM_FACTOR = 1.5;
const MAX_RETRANSMIT = 4;

interface Pending {
  timer: Timer;
  readonly ended: (how: 'acknowledged' | 'reset' | 'lost') => void;
}

/** Sends confirmable messages again until they are acknowledged (RFC 7252 4.2). */
export class Confirmables {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #pending = new Map<number, Pending>();

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Sends by `transmit`, and again as long as no acknowledgement of this id comes; tells how it ended. */
  send(id: number, transmit: () => void, ended: Pending['ended'] = () => {}): void {
    const timeout = ACK_TIMEOUT * (1 + (ACK_RANDOM_FACTOR - 1) * this.#random());
    transmit();
    this.#pending.set(id, { timer: this.#wait(id, transmit, timeout, 1), ended });
  }

  /** Takes an acknowledgement or reset; false where nothing waits for it. */
  receive(id: number, how: 'acknowledged' | 'reset'): boolean {
    const pending = this.#pending.get(id);
    if (!pending) return false;
    pending.timer.cancel();
    this.#pending.delete(id);
    pending.ended(how);
    return true;
  }

  /** Sends nothing more, and tells nobody. */
  stop(): void {
    for (const { timer } of this.#pending.values()) timer.cancel();
    this.#pending.clear();
  }

  #wait(id: number, transmit: () => void, timeout: number, attempt: number): Timer {
    return this.#clock.timer(timeout, () => {
      const pending = this.#pending.get(id);
      if (!pending) return;
      if (attempt > MAX_RETRANSMIT) {
        this.#pending.delete(id);
        pending.ended('lost');
        return;
      }
      transmit();
      pending.timer = this.#wait(id, transmit, timeout * 2, attempt + 1);
    });
  }
}
