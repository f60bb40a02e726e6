import { expect, it } from 'vitest';
import { Distribution, DURATION_BOUNDS } from '../../common/index.ts';

it('a distribution counts each value in the first bucket whose bound it does not exceed', () => {
  const distribution = new Distribution([1, 2]);
  for (const value of [0, 1, 1.5, 2, 2.5, 1e9]) distribution.record(value);
  expect(distribution.counts).toEqual([2, 2, 2]);
  expect(distribution.sum).toBe(1_000_000_007);
});

it('what a clock that was set makes negative counts as nought', () => {
  const distribution = new Distribution();
  distribution.record(-5);
  expect([distribution.counts[0], distribution.sum]).toEqual([1, 0]);
  expect(distribution.counts).toHaveLength(DURATION_BOUNDS.length + 1);
});
