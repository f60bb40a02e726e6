import { expect, it } from 'vitest';
import { Lanes } from '../../ipe/lanes.ts';

it('no more pieces of work run at once than there are lanes, and they start in the order in which they came', async () => {
  const lanes = new Lanes(2);
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const all = Array.from({ length: 5 }, (_, index) =>
    lanes.run(() => {
      started.push(index);
      return new Promise<void>((resolve) => ends.push(resolve));
    }),
  );
  await Promise.resolve();
  expect([started, lanes.busy]).toEqual([[0, 1], 2]);
  for (let index = 0; index < 5; index += 1) {
    ends[index]?.();
    await all[index];
    await Promise.resolve();
    expect(lanes.busy).toBeLessThanOrEqual(2);
  }
  expect([started, lanes.busy]).toEqual([[0, 1, 2, 3, 4], 0]);
});

it('work that fails frees its lane', async () => {
  const lanes = new Lanes(1);
  await expect(lanes.run(() => Promise.reject(new TypeError('no')))).rejects.toThrow('no');
  expect(await lanes.run(() => Promise.resolve(1))).toBe(1);
});
