import { performance } from 'node:perf_hooks';
import { type Clock, Distribution, type Timer } from '../../common/index.ts';
import { type Family, one } from './family.ts';

/** Milliseconds between samples: often enough to meet a pause of that length, too seldom to cost anything. */
const INTERVAL = 20;
/** Seconds. */
const BOUNDS: readonly number[] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5];

/**
 * How late the event loop is: by how much a timer that should fire every 20 ms does so later. Unlike `monitorEventLoopDelay` of
 * Node.js it can be asked by several without one taking the values from another.
 */
export class EventLoop {
  readonly delay = new Distribution(BOUNDS);
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    const due = this.#clock.monotonic() + INTERVAL;
    this.#timer = this.#clock.timer(INTERVAL, () => {
      this.delay.record((this.#clock.monotonic() - due) / 1000);
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Its series. */
  get families(): readonly Family[] {
    return [
      {
        name: 'lwm2m_ipe_event_loop_delay_seconds',
        type: 'histogram',
        help: 'How late the event loop is, sampled every 20 ms.',
        labels: [],
        bounds: BOUNDS,
        read: () => one(this.delay),
      },
      {
        name: 'lwm2m_ipe_event_loop_active_seconds_total',
        type: 'counter',
        help: 'Time in which the event loop was busy; its rate is the utilization.',
        labels: [],
        read: () => one(performance.eventLoopUtilization().active / 1000),
      },
    ];
  }
}
