import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../common/index.ts';
import { Backlog, type BacklogTask, type CaughtUp } from '../../../ipe/bridge/backlog.ts';
import { HeldClock } from '../../support/held-clock.ts';

/** A backlog with a CSE that does what a test says, and a clock that it moves. */
function scene({ limit = 4 } = {}) {
  const clock = new HeldClock(0);
  const state = { away: false, busy: 0, most: 0, outcome: (_endpoint: string): CaughtUp => 'done' };
  const done: string[] = [];
  const backlog = new Backlog({
    carryOut: async ({ endpoint, damaged, wanted }: BacklogTask) => {
      state.busy += 1;
      state.most = Math.max(state.most, state.busy);
      await new Promise((resolve) => setImmediate(resolve));
      state.busy -= 1;
      if (!wanted()) return 'done';
      done.push(damaged ? `${endpoint}!` : endpoint);
      return state.outcome(endpoint);
    },
    limit: () => limit,
    away: () => state.away,
    clock,
    logger: silentLogger,
    random: () => 0.5,
  });
  const settle = async () => {
    for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const pass = async (milliseconds: number) => {
    clock.pass(milliseconds);
    await settle();
  };
  return { backlog, state, done, settle, pass };
}

describe('the backlog of trees', () => {
  it('does each endpoint once, the oldest first, only so many at a time', async () => {
    const { backlog, state, done, settle } = scene({ limit: 3 });
    const endpoints = Array.from({ length: 30 }, (_, index) => `dev-${index}`);
    for (const endpoint of [...endpoints, ...endpoints]) backlog.add(endpoint);
    expect(backlog.waiting).toBe(30);
    await settle();
    expect(done).toEqual(endpoints);
    expect(state.most).toBe(3);
    expect(backlog.size).toBe(0);
  });

  it('begins nothing while the CSE is away, and all of it when it is back', async () => {
    const { backlog, state, done, settle } = scene();
    state.away = true;
    backlog.add('a');
    backlog.add('b', true);
    await settle();
    expect(done).toEqual([]);
    state.away = false;
    backlog.hurry();
    await settle();
    expect(done).toEqual(['a', 'b!']);
  });

  it('tries again what the CSE could not do, later each time, and nobody waits behind it', async () => {
    const { backlog, state, done, settle, pass } = scene({ limit: 1 });
    state.outcome = (endpoint) => (endpoint === 'slow' ? 'later' : 'done');
    backlog.add('slow');
    backlog.add('other');
    await settle();
    expect(done).toEqual(['slow']);
    await pass(1_000);
    expect(done).toEqual(['slow', 'other', 'slow']);
    await pass(500);
    expect(done).toHaveLength(3);
    state.outcome = () => 'done';
    await pass(2_000);
    expect(done).toEqual(['slow', 'other', 'slow', 'slow']);
    expect(backlog.size).toBe(0);
  });

  it('asks again every few minutes for what the CSE refuses, and counts it until then', async () => {
    const { backlog, state, done, settle, pass } = scene();
    state.outcome = () => 'refused';
    backlog.add('unlucky');
    await settle();
    expect([backlog.refused, backlog.waiting]).toEqual([1, 0]);
    await pass(60_000);
    expect(done).toHaveLength(1);
    state.outcome = () => 'done';
    await pass(240_000);
    expect(done).toHaveLength(2);
    expect([backlog.refused, backlog.size]).toEqual([0, 0]);
  });

  it('does nothing for an endpoint that is settled otherwise, also while it waits for its turn', async () => {
    const { backlog, state, done, settle } = scene();
    state.away = true;
    backlog.add('left');
    backlog.settled('left');
    state.away = false;
    backlog.add('renewed');
    await Promise.resolve();
    backlog.settled('renewed');
    await settle();
    expect(done).toEqual([]);
    expect(backlog.size).toBe(0);
  });

  it('does again what was added while it was being done', async () => {
    const { backlog, done, settle } = scene();
    backlog.add('dev');
    await Promise.resolve();
    await Promise.resolve();
    backlog.add('dev', true);
    await settle();
    expect(done.at(-1)).toBe('dev!');
    expect(backlog.size).toBe(0);
  });

  it('stops when what is under way is done, and begins nothing more', async () => {
    const { backlog, done, settle } = scene({ limit: 1 });
    backlog.add('first');
    backlog.add('second');
    await Promise.resolve();
    await Promise.resolve();
    await backlog.stop();
    backlog.add('third');
    await settle();
    expect(done).toEqual(['first']);
  });
});
