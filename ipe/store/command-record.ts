import { DecodeError } from '../../common/index.ts';
import type { CommandResponse } from '../../mappings/index.ts';
import { Fields } from './fields.ts';
import type { RecordFormat } from './record-format.ts';

/** Where a command stands: it left for the device, or it is over and the CSE has not been told. */
const COMMAND_STATES = ['sent', 'final'] as const;

/** A command of which the CSE does not show yet what has become of it. */
export interface StoredCommand {
  readonly endpoint: string;
  /** Name of its responses. */
  readonly key: string;
  readonly state: (typeof COMMAND_STATES)[number];
  /** Its last word; while it is `sent`, that of a command which was interrupted. */
  readonly response: CommandResponse;
}

/** A command. Key: the endpoint name, then the name of its responses. */
export const commandFormat: RecordFormat<StoredCommand> = {
  version: 1,
  encode: (command) => command,
  decode: (json) => {
    const fields = new Fields(json);
    const response = fields.raw('response');
    if (typeof response !== 'object' || response === null || Array.isArray(response)) {
      throw new DecodeError('store/record', 'a command without its response');
    }
    return {
      endpoint: fields.text('endpoint', 255),
      key: fields.text('key', 64),
      state: fields.oneOf('state', COMMAND_STATES),
      response: response as CommandResponse,
    };
  },
};
