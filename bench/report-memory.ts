import { setImmediate as turn } from 'node:timers/promises';

// Preloaded into a process that is measured (node --expose-gc --import <this file> …): on SIGUSR2 it collects garbage
// and prints one line of JSON. The process itself need not know.

/** Bytes that a process holds after garbage has been collected. */
export interface MemoryReport {
  readonly heapUsed: number;
  /** Buffers and other memory outside of the heap that objects in it hold. */
  readonly external: number;
  readonly resident: number;
}

async function report(): Promise<void> {
  // What one collection finalises, the next one frees.
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await turn();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const memory: MemoryReport = { heapUsed, external, resident: rss };
  process.stdout.write(`${JSON.stringify({ collected: memory })}\n`);
}

process.on('SIGUSR2', () => void report());
