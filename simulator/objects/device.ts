import { batteryLevel, rounded, smoothNoise } from '../curves.ts';
import { randomAt } from '../seeded-random.ts';
import type { ObjectDefinition } from './definition.ts';

const ERROR_CODE = 11;
const MODELS = ['TS-200', 'TS-210 outdoor', 'Gateway 8', 'Lamp node'] as const;

/** Object 3: the device itself; its battery empties within about three months. */
export const DEVICE: ObjectDefinition = {
  id: 3,
  name: 'Device',
  versions: { '1.1': '1.1', '1.2': '1.2' },
  resources: [
    { id: 0, name: 'Manufacturer', operations: 'R', type: 'string', value: () => 'lwm2m-ipe simulator' },
    {
      id: 1,
      name: 'Model Number',
      operations: 'R',
      type: 'string',
      value: ({ seed }) => MODELS[Math.floor(randomAt(seed, 1) * MODELS.length)] as string,
    },
    {
      id: 2,
      name: 'Serial Number',
      operations: 'R',
      type: 'string',
      value: ({ seed }) => `S${seed.toString(16).padStart(8, '0').toUpperCase()}`,
    },
    { id: 3, name: 'Firmware Version', operations: 'R', type: 'string', value: () => '2.4.1' },
    { id: 4, name: 'Reboot', operations: 'E' },
    { id: 5, name: 'Factory Reset', operations: 'E' },
    {
      id: 6,
      name: 'Available Power Sources',
      operations: 'R',
      type: 'integer',
      multiple: true,
      value: () => new Map([[0, 1]]),
    },
    {
      id: 7,
      name: 'Power Source Voltage',
      operations: 'R',
      type: 'integer',
      multiple: true,
      value: ({ seed, wall }) => new Map([[0, rounded(3_600 + 200 * smoothNoise(seed + 7, wall, 600_000), 0)]]),
    },
    {
      id: 9,
      name: 'Battery Level',
      operations: 'R',
      type: 'integer',
      value: ({ seed, wall }) => batteryLevel(seed, wall, 90),
    },
    {
      id: 10,
      name: 'Memory Free',
      operations: 'R',
      type: 'integer',
      value: ({ seed, wall }) => rounded(180 + 40 * smoothNoise(seed, wall, 300_000), 0),
    },
    {
      id: ERROR_CODE,
      name: 'Error Code',
      operations: 'R',
      type: 'integer',
      multiple: true,
      value: () => new Map([[0, 0]]),
    },
    {
      id: 12,
      name: 'Reset Error Code',
      operations: 'E',
      executed: (state) => {
        state.delete(ERROR_CODE);
        return true;
      },
    },
    { id: 13, name: 'Current Time', operations: 'RW', type: 'time', value: ({ wall }) => Math.floor(wall / 1000) },
    { id: 14, name: 'UTC Offset', operations: 'RW', type: 'string', value: () => '+00:00' },
    { id: 15, name: 'Timezone', operations: 'RW', type: 'string', value: () => 'Etc/UTC' },
    { id: 16, name: 'Supported Binding', operations: 'R', type: 'string', value: ({ device }) => device.binding },
    { id: 17, name: 'Device Type', operations: 'R', type: 'string', value: () => 'simulated' },
    { id: 20, name: 'Battery Status', operations: 'R', type: 'integer', value: () => 0 },
    { id: 21, name: 'Memory Total', operations: 'R', type: 'integer', value: () => 256 },
  ],
};
