import { describe, expect, it } from 'vitest';
import { AfterAnswer } from '../../ipe/after-answer.ts';
import { Rounds } from '../../ipe/rounds.ts';
import { HeldClock } from '../support/held-clock.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Devices that are looked at, one of which may hold up a round; a CSE that a test takes away. */
function rounds(devices: string[]) {
  const clock = new HeldClock();
  const cse: { away: string | undefined } = { away: undefined };
  const seen: string[] = [];
  const held = { until: Promise.resolve() };
  const look = async (device: string, round: number) => {
    seen.push(`${device}${round}`);
    await held.until;
  };
  return {
    clock,
    cse,
    seen,
    held,
    subject: new Rounds({ interval: 100, devices: () => devices, look, availability: cse, clock }),
  };
}

describe('rounds', () => {
  it('look at one device after the other, and begin anew an interval after the last', async () => {
    const { clock, seen, held } = rounds(['a', 'b']);
    clock.pass(99);
    expect(seen).toEqual([]);
    let release = () => {};
    held.until = new Promise((resolve) => {
      release = resolve;
    });
    clock.pass(1);
    await settle();
    clock.pass(1_000);
    expect(seen).toEqual(['a1']);
    release();
    await settle();
    expect(seen).toEqual(['a1', 'b1']);
    clock.pass(100);
    await settle();
    expect(seen).toEqual(['a1', 'b1', 'a2', 'b2']);
  });

  it('look at nobody while the CSE is away, nor once stopped', async () => {
    const { clock, cse, seen, subject } = rounds(['a']);
    cse.away = 'nobody there';
    clock.pass(100);
    await settle();
    cse.away = undefined;
    clock.pass(100);
    await settle();
    expect(seen).toEqual(['a2']);
    subject.stop();
    clock.pass(1_000);
    await settle();
    expect(seen).toEqual(['a2']);
    expect(clock.running).toBe(0);
  });
});

describe('devices to be looked after', () => {
  it('are, once each, after what runs now, but for those that have left', () => {
    const clock = new HeldClock();
    const seen: string[] = [];
    const due = new AfterAnswer<string>(clock, (device) => seen.push(device));
    for (const device of ['a', 'b', 'a', 'c']) due.add(device);
    due.delete('b');
    expect(seen).toEqual([]);
    clock.pass(0);
    expect(seen).toEqual(['a', 'c']);
    due.add('a');
    due.stop();
    clock.pass(1_000);
    expect(seen).toEqual(['a', 'c']);
  });
});
