import { readFileSync } from 'node:fs';

/** What a process has used so far. */
export interface ProcessUsage {
  /** Seconds of CPU, user and system, all threads; in steps of 10 ms. */
  readonly cpu: number;
  /** Megabytes (10^6) resident. */
  readonly resident: number;
}

const TICKS_PER_SECOND = 100;
const PAGE = 4096;

/** Reads /proc/PID/stat (proc(5)); zeros where the process or /proc is not there. */
export function processUsage(pid: number): ProcessUsage {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold blanks; fields are counted from behind it: utime is field 14, rss field 24.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {
      cpu: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
      resident: (Number(fields[21]) * PAGE) / 1e6,
    };
  } catch {
    return { cpu: 0, resident: 0 };
  }
}
