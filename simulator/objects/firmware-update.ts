import type { ObjectDefinition, Written } from './definition.ts';

const STATE = 3;
const RESULT = 5;
const IDLE = 0;
const DOWNLOADED = 2;
const SUCCESS = 1;

function downloaded(state: Written, empty: boolean): void {
  state.set(STATE, empty ? IDLE : DOWNLOADED);
  state.set(RESULT, 0);
}

/** Object 5: takes any package as good, and installs it at once (LwM2M 1.1 E.6). */
export const FIRMWARE_UPDATE: ObjectDefinition = {
  id: 5,
  name: 'Firmware Update',
  versions: { '1.1': '1.1', '1.2': '1.2' },
  resources: [
    {
      id: 0,
      name: 'Package',
      operations: 'W',
      type: 'opaque',
      written: (value, state) => downloaded(state, (value as Buffer).length === 0),
    },
    {
      id: 1,
      name: 'Package URI',
      operations: 'RW',
      type: 'string',
      value: () => '',
      written: (value, state) => downloaded(state, value === ''),
    },
    {
      id: 2,
      name: 'Update',
      operations: 'E',
      executed: (state) => {
        if (state.get(STATE) !== DOWNLOADED) return false;
        state.set(STATE, IDLE);
        state.set(RESULT, SUCCESS);
        return true;
      },
    },
    { id: STATE, name: 'State', operations: 'R', type: 'integer', value: () => IDLE },
    { id: RESULT, name: 'Update Result', operations: 'R', type: 'integer', value: () => 0 },
    {
      id: 8,
      name: 'Update Protocol Support',
      operations: 'R',
      type: 'integer',
      multiple: true,
      value: () => new Map([[0, 0]]),
    },
    { id: 9, name: 'Update Delivery Method', operations: 'R', type: 'integer', value: () => 1 },
  ],
};
