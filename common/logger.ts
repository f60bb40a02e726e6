/** Named facts of one log line. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Where a part of the project says what happened. `error`: the operator must act; `warn`: something was refused or
 * degraded; `info`: the story of devices and of the process; `debug`: for whoever looks for a fault.
 */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  /** A function is asked for the fields only where the line is written: for what is said of every message. */
  debug(message: string, fields?: LogFields | (() => LogFields)): void;
  /** A logger that adds these fields to each line. */
  child(fields: LogFields): Logger;
}

/** Says nothing. */
export const silentLogger: Logger = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  child: () => silentLogger,
};
