import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAULT_KINDS, printSchedule, scheduleOf } from './schedule.ts';

const options = { seed: 1, duration: 60_000, devices: 12, kinds: FAULT_KINDS };

describe('the schedule of a seed', () => {
  it('is the same whenever it is asked for, and another for another seed', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        expect(scheduleOf({ ...options, seed })).toEqual(scheduleOf({ ...options, seed }));
        expect(scheduleOf({ ...options, seed })).not.toEqual(scheduleOf({ ...options, seed: seed + 1 }));
      }),
      { numRuns: 20 },
    );
  });

  it('lies within its time, in order, and reaches every device', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { faults, work } = scheduleOf({ ...options, seed });
        for (const steps of [faults, work]) {
          const times = steps.map(({ at }) => at);
          expect(times).toEqual([...times].sort((a, b) => a - b));
          expect(times.every((at) => at >= 0 && at < options.duration)).toBe(true);
        }
        expect(new Set(work.map(({ device }) => device)).size).toBe(options.devices);
      }),
      { numRuns: 20 },
    );
  });

  it('holds every kind of fault in ten seeds of a minute', () => {
    const seeds = Array.from({ length: 10 }, (_, seed) => scheduleOf({ ...options, seed }));
    const kinds = new Set(seeds.flatMap(({ faults }) => faults.map(({ fault }) => fault.kind)));
    expect([...FAULT_KINDS].filter((kind) => !kinds.has(kind))).toEqual([]);
  });

  it('holds no fault that was not chosen', () => {
    const { faults } = scheduleOf({ ...options, kinds: ['bad-network', 'cse-slow'] });
    expect([...new Set(faults.map(({ fault }) => fault.kind))].sort()).toEqual(['bad-network', 'cse-slow']);
    expect(scheduleOf({ ...options, kinds: [] }).faults).toEqual([]);
  });

  it('is printed with its seed and every fault', () => {
    const schedule = scheduleOf(options);
    const lines = printSchedule(schedule);
    expect(lines[0]).toContain('seed 1: 60 s, 12 devices');
    expect(lines.length).toBe(1 + schedule.faults.length);
  });
});
