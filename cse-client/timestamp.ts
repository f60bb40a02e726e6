import { CseError } from './errors.ts';

const BASIC_FORMAT = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(?:[,.](\d{1,9}))?$/;
const FIRST = Date.parse('0000-01-01T00:00:00.000Z');
const LAST = Date.parse('9999-12-31T23:59:59.999Z');

/** What a timestamp asks of a dialect: whether the CSE takes a fraction of a second. */
export interface TimestampForm {
  readonly timestampFraction: boolean;
}

/**
 * Milliseconds since 1970 as m2m:timestamp, UTC, `YYYYMMDDThhmmss` (TS-0004 6.3.3); with `,mmm` where the dialect takes a
 * fraction and the time has one. Without a fraction the second is rounded down. Times outside the years 0 to 9999 are cut.
 */
export function formatTimestamp(milliseconds: number, form: TimestampForm = { timestampFraction: false }): string {
  if (Number.isNaN(milliseconds)) throw new CseError('cse/bad-request', 'a time that is not a number');
  const iso = new Date(Math.min(Math.max(milliseconds, FIRST), LAST)).toISOString();
  const basic = `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}`;
  const fraction = iso.slice(20, 23);
  return form.timestampFraction && fraction !== '000' ? `${basic},${fraction}` : basic;
}

/**
 * An m2m:timestamp as milliseconds since 1970; the fraction may follow a comma or a dot and is cut to milliseconds.
 * Throws CseError `cse/not-a-cse` for anything else, also for a date that no calendar has.
 */
export function parseTimestamp(text: string): number {
  const match = BASIC_FORMAT.exec(text);
  if (match !== null) {
    const [, year, month, day, hour, minute, second, fraction = ''] = match;
    const milliseconds = fraction.padEnd(3, '0').slice(0, 3);
    const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${milliseconds}Z`);
    // Date.parse turns 30 February into 1 March; a date that does not come back was none.
    if (!Number.isNaN(time) && new Date(time).toISOString().slice(8, 10) === day) return time;
  }
  throw new CseError('cse/not-a-cse', `not a oneM2M timestamp: ${JSON.stringify(text.slice(0, 40))}`);
}
