import { hourOfDay, rounded, smoothNoise } from '../curves.ts';
import { sensorObject } from './sensor.ts';

const DAYLIGHT = 20_000;
const LAMPLIGHT = 5;

/** Object 3301: daylight from six to six (UTC) under passing clouds, next to nothing at night. */
export const ILLUMINANCE = sensorObject({
  id: 3301,
  name: 'Illuminance',
  unit: 'lx',
  range: [0, 100_000],
  reading: ({ seed, wall }) => {
    const sun = Math.max(0, Math.sin(((hourOfDay(wall) - 6) / 12) * Math.PI));
    const clouds = 0.8 + 0.2 * smoothNoise(seed, wall, 120_000);
    return rounded(LAMPLIGHT + DAYLIGHT * sun * clouds, 0);
  },
});
