import type { ObjectDefinition } from './definition.ts';

/** Default Minimum and Maximum Period: seconds between notifications where no attribute says otherwise; 0: none. */
export const MINIMUM_PERIOD = 2;
export const MAXIMUM_PERIOD = 3;
/** Mute Send (LwM2M 1.1): the server wants no Send. */
export const MUTE_SEND = 23;

/** Object 1: what the device knows of the server that it registers with. */
export const SERVER: ObjectDefinition = {
  id: 1,
  name: 'LwM2M Server',
  versions: { '1.1': '1.1', '1.2': '1.2' },
  resources: [
    { id: 0, name: 'Short Server ID', operations: 'R', type: 'integer', value: () => 1 },
    {
      id: 1,
      name: 'Lifetime',
      operations: 'RW',
      type: 'integer',
      value: ({ device }) => device.lifetime,
      accepts: (value) => Number(value) > 0,
    },
    { id: MINIMUM_PERIOD, name: 'Default Minimum Period', operations: 'RW', type: 'integer', value: () => 0 },
    { id: MAXIMUM_PERIOD, name: 'Default Maximum Period', operations: 'RW', type: 'integer', value: () => 300 },
    { id: 6, name: 'Notification Storing', operations: 'RW', type: 'boolean', value: () => true },
    { id: 7, name: 'Binding', operations: 'RW', type: 'string', value: ({ device }) => device.binding },
    { id: 8, name: 'Registration Update Trigger', operations: 'E' },
    { id: 9, name: 'Bootstrap-Request Trigger', operations: 'E', since: '1.1' },
    { id: MUTE_SEND, name: 'Mute Send', operations: 'RW', type: 'boolean', since: '1.1', value: () => false },
  ],
};
