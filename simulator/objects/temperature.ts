import { type DayCurve, dayCurve, rounded } from '../curves.ts';
import { randomAt } from '../seeded-random.ts';
import type { ObjectDefinition } from './definition.ts';

/** Each sensor hangs somewhere else: warmer or colder, more or less in the sun. */
function curveOf(seed: number): DayCurve {
  return { mean: 17 + 6 * randomAt(seed, 1), amplitude: 2 + 4 * randomAt(seed, 2), peakHour: 14, noise: 0.4 };
}

/** Object 3303: a thermometer that follows the day. */
export const TEMPERATURE: ObjectDefinition = {
  id: 3303,
  name: 'Temperature',
  versions: {},
  resources: [
    {
      id: 5700,
      name: 'Sensor Value',
      operations: 'R',
      type: 'float',
      value: ({ seed, wall }) => rounded(dayCurve(curveOf(seed), seed, wall), 2),
    },
    { id: 5701, name: 'Sensor Units', operations: 'R', type: 'string', value: () => 'Cel' },
    { id: 5603, name: 'Min Range Value', operations: 'R', type: 'float', value: () => -40 },
    { id: 5604, name: 'Max Range Value', operations: 'R', type: 'float', value: () => 85 },
  ],
};
