import type { ObjectDefinition } from './definition.ts';

/** Object 1: what the device knows of the server that it registers with. */
export const SERVER: ObjectDefinition = {
  id: 1,
  name: 'LwM2M Server',
  versions: { '1.1': '1.1', '1.2': '1.2' },
  resources: [
    { id: 0, name: 'Short Server ID', operations: 'R', type: 'integer', value: () => 1 },
    { id: 1, name: 'Lifetime', operations: 'RW', type: 'integer', value: ({ device }) => device.lifetime },
    { id: 2, name: 'Default Minimum Period', operations: 'RW', type: 'integer', value: () => 1 },
    { id: 3, name: 'Default Maximum Period', operations: 'RW', type: 'integer', value: () => 60 },
    { id: 6, name: 'Notification Storing', operations: 'RW', type: 'boolean', value: () => true },
    { id: 7, name: 'Binding', operations: 'RW', type: 'string', value: ({ device }) => device.binding },
    { id: 8, name: 'Registration Update Trigger', operations: 'E' },
  ],
};
