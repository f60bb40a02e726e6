import { rounded, smoothNoise } from '../curves.ts';
import type { ObjectDefinition } from './definition.ts';

/** Object 32769, which no registry knows: one resource of each type, so that a server meets them untyped. */
export const UNREGISTERED: ObjectDefinition = {
  id: 32769,
  name: 'Unregistered',
  multiple: true,
  versions: { '1.0': '2.1', '1.1': '2.1', '1.2': '2.1' },
  resources: [
    { id: 0, name: 'Text', operations: 'RW', type: 'string', value: () => 'hello' },
    { id: 1, name: 'Whole', operations: 'RW', type: 'integer', value: () => -7 },
    {
      id: 2,
      name: 'Decimal',
      operations: 'R',
      type: 'float',
      value: ({ seed, wall }) => rounded(1.5 + smoothNoise(seed, wall, 60_000), 3),
    },
    { id: 3, name: 'Flag', operations: 'RW', type: 'boolean', value: () => true },
    { id: 4, name: 'Bytes', operations: 'RW', type: 'opaque', value: () => Buffer.of(0xde, 0xad, 0xbe, 0xef) },
    { id: 5, name: 'Moment', operations: 'RW', type: 'time', value: ({ startedAt }) => Math.floor(startedAt / 1000) },
    { id: 6, name: 'Link', operations: 'RW', type: 'objlnk', value: () => ({ objectId: 3, instanceId: 0 }) },
    {
      id: 7,
      name: 'Several',
      operations: 'RW',
      type: 'integer',
      multiple: true,
      value: () =>
        new Map([
          [0, 10],
          [5, 50],
        ]),
    },
    { id: 8, name: 'Action', operations: 'E' },
    { id: 9, name: 'Unsigned', operations: 'RW', type: 'unsigned', value: () => 4_294_967_296 },
  ],
};
