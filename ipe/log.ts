import { pino } from 'pino';
import type { LogFields, Logger } from '../common/index.ts';
import { GatheredLines } from './gathered-lines.ts';
import { plainFields } from './log-fields.ts';

const LEVELS = { error: 0, warn: 1, info: 2, debug: 3 } as const;
/** How important a line is; each level includes the ones before it. */
export type LogLevel = keyof typeof LEVELS;

/** A place to write to; `isTTY` when people read along. */
export type LogStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** What is written, how and where to. */
export interface LogOptions {
  readonly level: LogLevel;
  /** `auto` is `text` on a terminal and `json` elsewhere. */
  readonly format: 'json' | 'text' | 'auto';
  readonly stream?: LogStream;
  /** Milliseconds since 1970; the machine's clock by default. */
  readonly now?: () => number;
}

/** A line as it is written in JSON. */
interface Line {
  readonly timestamp: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly [field: string]: unknown;
}

const COLOURS: Readonly<Record<LogLevel, number>> = { error: 31, warn: 33, info: 32, debug: 90 };

/** Text that neither moves the cursor nor starts a new line, whatever a peer has put into it. */
function harmless(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function shownValue(value: unknown): string {
  if (typeof value !== 'string') return harmless(JSON.stringify(value) ?? 'undefined');
  return /^[^\s"=]+$/.test(value) ? harmless(value) : harmless(JSON.stringify(value));
}

function textLine({ timestamp, level, message, ...fields }: Line, coloured: boolean): string {
  const paint = (code: number, text: string) => (coloured ? `\u001b[${code}m${text}\u001b[39m` : text);
  const time = coloured ? new Date(timestamp).toTimeString().slice(0, 8) : timestamp;
  const facts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${paint(90, `${harmless(name)}=`)}${shownValue(value)}`);
  return `${paint(90, time)} ${paint(COLOURS[level], level.padEnd(5))} ${harmless(message)}${facts.join('')}`;
}

type Write = (level: LogLevel, message: string, fields: Record<string, unknown>) => void;

class LevelledLogger implements Logger {
  readonly #write: Write;
  readonly #least: number;
  readonly #fields: LogFields | undefined;

  constructor(write: Write, least: number, fields: LogFields | undefined) {
    this.#write = write;
    this.#least = least;
    this.#fields = fields;
  }

  error(message: string, fields?: LogFields): void {
    this.#log('error', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log('warn', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log('info', message, fields);
  }

  debug(message: string, fields?: LogFields | (() => LogFields)): void {
    this.#log('debug', message, fields);
  }

  child(fields: LogFields): Logger {
    return new LevelledLogger(this.#write, this.#least, { ...this.#fields, ...fields });
  }

  // Lines below the level cost a comparison only: a busy server says much at debug.
  #log(level: LogLevel, message: string, fields: LogFields | (() => LogFields) = {}): void {
    if (LEVELS[level] > this.#least) return;
    const stacks = this.#least === LEVELS.debug;
    const own = typeof fields === 'function' ? fields() : fields;
    const all = this.#fields === undefined ? own : { ...this.#fields, ...own };
    this.#write(level, message, plainFields(all, stacks));
  }
}

/** The timestamp as pino wants it. A busy bridge writes several lines in a millisecond, and their text costs as much as the rest. */
function timestamps(now: () => number): () => string {
  let last = Number.NaN;
  let text = '';
  return () => {
    const time = now();
    if (time !== last) text = `,"timestamp":"${new Date(time).toISOString()}"`;
    last = time;
    return text;
  };
}

/** Only the process's own output is gathered: it alone is written at the end whatever happens. */
function gathered(stream: LogStream): { write(line: string): unknown } {
  return stream === process.stdout && stream.isTTY !== true ? new GatheredLines(stream) : stream;
}

/**
 * The logger of the process: a line for each call with time, level, message and fields, as JSON or for people.
 * Fields named like a credential are replaced by `[redacted]` at any depth.
 */
export function createLogger(options: LogOptions): Logger {
  const { level, stream = process.stdout, now = Date.now } = options;
  const terminal = stream.isTTY === true;
  const text = options.format === 'text' || (options.format === 'auto' && terminal);
  const coloured = terminal && !process.env.NO_COLOR;
  const lines = gathered(stream);
  const written = text ? (line: string) => textLine(JSON.parse(line) as Line, coloured) : harmless;
  const json = pino(
    {
      level: 'debug',
      base: null,
      timestamp: timestamps(now),
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => lines.write(`${written(line.trimEnd())}\n`) },
  );
  return new LevelledLogger((at, message, fields) => json[at]({ message, ...fields }), LEVELS[level], undefined);
}
