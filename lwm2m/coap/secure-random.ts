import { randomFillSync } from 'node:crypto';

const POOL = 1_024;

/** Numbers at least 0 and below 1 that a device cannot foresee from those it has seen (RFC 7252 5.3.1, 11.4). */
export function secureRandom(): () => number {
  const pool = new Uint32Array(POOL);
  let next = POOL;
  return () => {
    if (next === POOL) {
      randomFillSync(pool);
      next = 0;
    }
    return (pool[next++] as number) / 0x1_0000_0000;
  };
}
