import type { Clock, Timer } from '../../common/index.ts';

interface HeldTimer {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that a test holds in its hand: time passes only in `pass`. */
export class HeldClock implements Clock {
  /** Timers ever made, and the most that ran at the same time. */
  made = 0;
  most = 0;
  private now: number;
  private wallOffset: number;
  private readonly timers = new Set<HeldTimer>();

  /** What `monotonic` and `wall` say at first. */
  constructor(start = 12_345.678, wall = start + 1_700_000_000_000) {
    this.now = start;
    this.wallOffset = wall - start;
  }

  monotonic(): number {
    return this.now;
  }

  wall(): number {
    return this.now + this.wallOffset;
  }

  timer(delay: number, callback: () => void): Timer {
    if (!(delay >= 0 && delay <= 2_147_483_647)) throw new RangeError(`delay ${delay}`);
    const timer = { at: this.now + delay, callback };
    this.timers.add(timer);
    this.made += 1;
    this.most = Math.max(this.most, this.timers.size);
    return { cancel: () => void this.timers.delete(timer) };
  }

  get running(): number {
    return this.timers.size;
  }

  /** Someone sets the system's clock. */
  stepWall(milliseconds: number): void {
    this.wallOffset += milliseconds;
  }

  /** Lets time pass; timers run in order, each at its own moment. */
  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (let next = this.next(end); next !== undefined; next = this.next(end)) {
      this.timers.delete(next);
      this.now = Math.max(this.now, next.at);
      next.callback();
    }
    this.now = end;
  }

  private next(end: number): HeldTimer | undefined {
    let first: HeldTimer | undefined;
    for (const timer of this.timers) if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer;
    return first;
  }
}
