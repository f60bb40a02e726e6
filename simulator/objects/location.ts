import { rounded, smoothNoise } from '../curves.ts';
import { randomAt } from '../seeded-random.ts';
import type { ObjectDefinition } from './definition.ts';

const DEGREES_OF_TEN_METRES = 0.0001;

/** Object 6: somewhere in the middle of Europe, a few metres to and fro. */
export const LOCATION: ObjectDefinition = {
  id: 6,
  name: 'Location',
  versions: {},
  resources: [
    {
      id: 0,
      name: 'Latitude',
      operations: 'R',
      type: 'float',
      value: ({ seed, wall }) =>
        rounded(46 + 6 * randomAt(seed, 1) + DEGREES_OF_TEN_METRES * smoothNoise(seed, wall, 60_000), 6),
    },
    {
      id: 1,
      name: 'Longitude',
      operations: 'R',
      type: 'float',
      value: ({ seed, wall }) =>
        rounded(6 + 12 * randomAt(seed, 2) + DEGREES_OF_TEN_METRES * smoothNoise(seed + 1, wall, 60_000), 6),
    },
    {
      id: 2,
      name: 'Altitude',
      operations: 'R',
      type: 'float',
      value: ({ seed }) => rounded(50 + 400 * randomAt(seed, 3), 1),
    },
    { id: 3, name: 'Radius', operations: 'R', type: 'float', value: () => 10 },
    { id: 5, name: 'Timestamp', operations: 'R', type: 'time', value: ({ wall }) => Math.floor(wall / 60_000) * 60 },
    { id: 6, name: 'Speed', operations: 'R', type: 'float', value: () => 0 },
  ],
};
