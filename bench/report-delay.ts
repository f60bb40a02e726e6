import { monitorEventLoopDelay } from 'node:perf_hooks';

// Preloaded into a process that is measured (node --import <this file> …): on SIGUSR2 it prints one line of JSON with how
// late timers were since the last report. The process itself need not know.

/** How late the event loop was, milliseconds. */
export interface DelayReport {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Milliseconds between two looks, which the histogram counts as delay. */
const RESOLUTION = 5;
const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
histogram.enable();

function report(): void {
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  const delay: DelayReport = {
    p50: late(histogram.percentile(50)),
    p99: late(histogram.percentile(99)),
    max: late(histogram.max),
  };
  histogram.reset();
  process.stdout.write(`${JSON.stringify({ delay })}\n`);
}

process.on('SIGUSR2', report);
