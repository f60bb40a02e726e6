import { hourOfDay, rounded, smoothNoise } from '../curves.ts';
import type { ObjectDefinition } from './definition.ts';

/** Lamps that nobody has switched burn in the evening and the night. */
function burns(wall: number): boolean {
  const hour = hourOfDay(wall);
  return hour >= 17 || hour < 6;
}

/** Object 3311: a lamp that can be switched and dimmed. */
export const LIGHT_CONTROL: ObjectDefinition = {
  id: 3311,
  name: 'Light Control',
  multiple: true,
  versions: {},
  resources: [
    { id: 5850, name: 'On/Off', operations: 'RW', type: 'boolean', value: ({ wall }) => burns(wall) },
    {
      id: 5851,
      name: 'Dimmer',
      operations: 'RW',
      type: 'integer',
      value: () => 80,
      accepts: (value) => Number(value) >= 0 && Number(value) <= 100,
    },
    {
      id: 5852,
      name: 'On Time',
      operations: 'RW',
      type: 'integer',
      value: ({ wall, startedAt }) => (burns(wall) ? Math.floor((wall - startedAt) / 1000) : 0),
    },
    {
      id: 5820,
      name: 'Power Factor',
      operations: 'R',
      type: 'float',
      value: ({ seed, wall }) => rounded(0.95 + 0.03 * smoothNoise(seed, wall, 120_000), 3),
    },
  ],
};
