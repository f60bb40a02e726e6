import type { Logger } from '../../common/index.ts';

/** A line of a log: its message, and its fields. */
export type LogLine = [message: string, fields: Record<string, unknown>];

/** A logger that keeps what it is told in `lines`, but for `debug`; `said`: those lines that begin with a text. */
export function collectingLogger(): { logger: Logger; lines: LogLine[]; said(start: string): LogLine[] } {
  const lines: LogLine[] = [];
  const take = (message: string, fields = {}) => void lines.push([message, fields]);
  const logger: Logger = { error: take, warn: take, info: take, debug: () => undefined, child: () => logger };
  return { logger, lines, said: (start) => lines.filter(([message]) => message.startsWith(start)) };
}
