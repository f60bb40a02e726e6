import { Fields } from './fields.ts';
import type { RecordFormat } from './record-format.ts';

/** Where a command stands. */
export const COMMAND_STATES = ['queued', 'sent', 'final'] as const;

/** A command of an application on its way to a device, or its last word on the way back. */
export interface StoredCommand {
  readonly endpoint: string;
  /** Resource ID of the contentInstance that asks for it. */
  readonly resourceId: string;
  readonly state: (typeof COMMAND_STATES)[number];
  /** What was asked, as JSON. */
  readonly request: unknown;
  /** What came of it, as JSON; only in state `final`. */
  readonly response?: unknown;
  /** Milliseconds of the epoch at which it entered its state. */
  readonly since: number;
}

/** A command. Key: `orderedKey` of the endpoint name, in the order in which devices are asked. */
export const commandFormat: RecordFormat<StoredCommand> = {
  version: 1,
  encode: (command) => command,
  decode: (json) => {
    const fields = new Fields(json);
    const command: StoredCommand = {
      endpoint: fields.text('endpoint', 255),
      resourceId: fields.text('resourceId'),
      state: fields.oneOf('state', COMMAND_STATES),
      request: fields.raw('request'),
      since: fields.time('since'),
    };
    return fields.has('response') ? { ...command, response: fields.raw('response') } : command;
  },
};
