import { dayCurve, rounded } from '../curves.ts';
import { randomAt } from '../seeded-random.ts';
import { sensorObject } from './sensor.ts';

/** Object 3304: relative humidity, highest in the last hours of the night. */
export const HUMIDITY = sensorObject({
  id: 3304,
  name: 'Humidity',
  unit: '%RH',
  range: [0, 100],
  reading: ({ seed, wall }) => {
    const curve = { mean: 50 + 10 * randomAt(seed, 1), amplitude: 12, peakHour: 4, noise: 2 };
    return rounded(dayCurve(curve, seed, wall), 1);
  },
});
