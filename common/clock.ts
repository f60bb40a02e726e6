/** A running timer. */
export interface Timer {
  cancel(): void;
}

/** Time as the project sees it, so that tests can hold it in their hand. */
export interface Clock {
  /** Milliseconds on a clock that never steps; only differences mean something. */
  monotonic(): number;
  /** Milliseconds since 1970-01-01 UTC; steps when the system's clock is set. */
  wall(): number;
  /** Calls `callback` once after `delay` milliseconds; does not keep the process alive. */
  timer(delay: number, callback: () => void): Timer;
}

/** Node's timers hold at most this many milliseconds (2^31 - 1). */
export const MAX_TIMER_DELAY = 2_147_483_647;

/** The machine's own clock. */
export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  timer(delay, callback) {
    const handle = setTimeout(callback, Math.min(Math.max(delay, 0), MAX_TIMER_DELAY));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};
