/** Numbers from 0 up to 1 that depend on nothing but the seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    return mixed(state);
  };
}

/** A number from 0 up to 1 for these integers, the same whenever they are asked for. */
export function chance(...parts: readonly number[]): number {
  let state = 0x9e3779b9;
  for (const part of parts) state = (Math.imul(state ^ part, 0x85ebca6b) + 0xc2b2ae35) >>> 0;
  return mixed(state);
}

function mixed(state: number): number {
  let value = Math.imul(state ^ (state >>> 15), state | 1);
  value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
  return ((value ^ (value >>> 14)) >>> 0) / 0x1_0000_0000;
}
