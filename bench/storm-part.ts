import { type Metrics, progress, type Series, series } from './metrics.ts';
import type { BenchOptions } from './options.ts';
import { world } from './values-part.ts';

/** Devices that come, and the seconds within which they do. */
export const STORMS = [
  { devices: 10_000, seconds: 10 },
  { devices: 10_000, seconds: 1 },
] as const;

/** By number of devices and seconds, as {@link stormName} has it. */
export type Storms = Readonly<Record<string, Series>>;

/** Name of a storm. */
export function stormName({ devices, seconds }: { readonly devices: number; readonly seconds: number }): string {
  return `${devices} in ${seconds} s`;
}

/** Many devices come back at once: whether all are registered, and when the CSE has what they have to tell. */
export async function measureStorms({ rounds, quick }: BenchOptions): Promise<Storms> {
  const storms: Record<string, Series> = {};
  for (const storm of STORMS) {
    const found: Metrics[] = [];
    for (let round = 1; round <= rounds; round++) {
      progress(`storm, ${stormName(storm)}, round ${round} of ${rounds}`);
      const devices = quick ? storm.devices / 10 : storm.devices;
      const words = ['--devices', String(devices), '--seconds', String(quick ? storm.seconds / 10 : storm.seconds)];
      found.push(await world('storm', words));
    }
    storms[stormName(storm)] = series(found);
  }
  return storms;
}
