import { randomAt } from './seeded-random.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Shape of a quantity that follows the day. */
export interface DayCurve {
  readonly mean: number;
  /** Half of the distance between the day's lowest and highest value. */
  readonly amplitude: number;
  /** Hour (UTC) of the highest value. */
  readonly peakHour: number;
  /** The largest deviation that noise adds, in either direction. */
  readonly noise: number;
}

/** The value at a wall-clock time (ms): a cosine over the day and noise that changes smoothly within minutes. */
export function dayCurve(curve: DayCurve, seed: number, wall: number): number {
  const angle = ((wall - curve.peakHour * HOUR) / DAY) * 2 * Math.PI;
  return curve.mean + curve.amplitude * Math.cos(angle) + curve.noise * smoothNoise(seed, wall, 60_000);
}

/** A value from -1 to 1 that wanders: random points `period` milliseconds apart, joined without corners. */
export function smoothNoise(seed: number, wall: number, period: number): number {
  const point = Math.floor(wall / period);
  const part = wall / period - point;
  const from = randomAt(seed, point) * 2 - 1;
  const to = randomAt(seed, point + 1) * 2 - 1;
  return from + (to - from) * part * part * (3 - 2 * part);
}

/** Per cent left in a battery that lasts `days` and is then changed; where it starts depends on the seed. */
export function batteryLevel(seed: number, wall: number, days: number): number {
  const age = (wall / DAY / days + randomAt(seed, 0)) % 1;
  return Math.round(100 - 90 * age);
}

/** The hour of the day (UTC), with a fraction. */
export function hourOfDay(wall: number): number {
  return (wall % DAY) / HOUR;
}

/** Rounds to this many digits after the point. */
export function rounded(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
