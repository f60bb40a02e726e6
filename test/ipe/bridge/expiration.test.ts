import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grantExpiration, needsRenewal } from '../../../ipe/bridge/expiration.ts';

const eager = { refresh: 'eager', share: 0.5, margin: 60_000 } as const;
const lazy = { ...eager, refresh: 'lazy' } as const;

describe('expirationTime', () => {
  it('eager: lifetime plus margin, renewed with every Update', () => {
    expect(grantExpiration(300, 1000, eager)).toBe(361_000);
    expect(needsRenewal(361_000, 300, 1000, eager)).toBe(true);
  });

  it('lazy: a device that updates at half its lifetime is written about every second time', () => {
    const lifetime = 300;
    let now = 0;
    let expiresAt = grantExpiration(lifetime, now, lazy);
    let writes = 0;
    for (let update = 0; update < 20; update += 1) {
      now += 150_000;
      if (!needsRenewal(expiresAt, lifetime, now, lazy)) continue;
      expiresAt = grantExpiration(lifetime, now, lazy);
      writes += 1;
    }
    expect(writes).toBeLessThanOrEqual(10);
    expect(writes).toBeGreaterThan(3);
  });

  it('after every Update what is left covers the lifetime and the margin, whatever the settings', () => {
    const settings = fc.record({
      refresh: fc.constantFrom('eager' as const, 'lazy' as const),
      share: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      margin: fc.integer({ min: 0, max: 86_400_000 }),
    });
    const updates = fc.array(fc.tuple(fc.integer({ min: 1, max: 86_400 }), fc.integer({ min: 0, max: 90_000_000 })));
    fc.assert(
      fc.property(settings, fc.integer({ min: 1, max: 86_400 }), updates, (chosen, first, steps) => {
        let now = 0;
        let expiresAt = grantExpiration(first, now, chosen);
        for (const [lifetime, elapsed] of steps) {
          now += elapsed;
          if (needsRenewal(expiresAt, lifetime, now, chosen)) expiresAt = grantExpiration(lifetime, now, chosen);
          expect(expiresAt - now).toBeGreaterThanOrEqual(lifetime * 1000 + chosen.margin - 1);
        }
      }),
    );
  });
});
