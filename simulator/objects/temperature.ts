import { type DayCurve, dayCurve, rounded } from '../curves.ts';
import { randomAt } from '../seeded-random.ts';
import { sensorObject } from './sensor.ts';

/** Each sensor hangs somewhere else: warmer or colder, more or less in the sun. */
function curveOf(seed: number): DayCurve {
  return { mean: 17 + 6 * randomAt(seed, 1), amplitude: 2 + 4 * randomAt(seed, 2), peakHour: 14, noise: 0.4 };
}

/** Object 3303: a thermometer that follows the day. */
export const TEMPERATURE = sensorObject({
  id: 3303,
  name: 'Temperature',
  unit: 'Cel',
  range: [-40, 85],
  reading: ({ seed, wall }) => rounded(dayCurve(curveOf(seed), seed, wall), 2),
});
