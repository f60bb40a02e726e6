import type { ObjectDefinition } from './definition.ts';

const LONGEST_TEXT = 32;
const short = (value: unknown) => Buffer.byteLength(String(value)) <= LONGEST_TEXT;

/** Object 19: bytes of an application, as many as anyone likes. */
export const BINARY_APP_DATA_CONTAINER: ObjectDefinition = {
  id: 19,
  name: 'BinaryAppDataContainer',
  multiple: true,
  versions: {},
  resources: [
    {
      id: 0,
      name: 'Data',
      operations: 'RW',
      type: 'opaque',
      multiple: true,
      value: () => new Map([[0, Buffer.alloc(0)]]),
    },
    { id: 1, name: 'Data Priority', operations: 'RW', type: 'integer', value: () => 0 },
    { id: 2, name: 'Data Creation Time', operations: 'RW', type: 'time', value: () => 0 },
    { id: 3, name: 'Data Description', operations: 'RW', type: 'string', value: () => '', accepts: short },
    { id: 4, name: 'Data Format', operations: 'RW', type: 'string', value: () => '', accepts: short },
    { id: 5, name: 'App ID', operations: 'RW', type: 'integer', value: () => 0 },
  ],
};
