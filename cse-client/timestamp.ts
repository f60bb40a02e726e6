import { CseError } from './errors.ts';

const BASIC_FORMAT = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(?:[,.](\d{1,9}))?$/;
const FIRST = Date.parse('0000-01-01T00:00:00.000Z');
const DAY = 86_400_000;
const DAYS_OF_400_YEARS = 146_097;
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
    const days = daysOf(Number(year), Number(month), Number(day));
    const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
    const isTime = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
    if (days !== undefined && isTime) return days * DAY + seconds * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0'));
  }
  throw new CseError('cse/not-a-cse', `not a oneM2M timestamp: ${JSON.stringify(text.slice(0, 40))}`);
}

/** Days since 1970; undefined for a date that no calendar has. */
function daysOf(year: number, month: number, day: number): number | undefined {
  // Date takes a year below 100 for one of the last century; the calendar repeats itself after 400 years.
  const time = Date.UTC(year + 400, month - 1, day);
  const isDate = month >= 1 && month <= 12 && new Date(time).getUTCDate() === day;
  return isDate ? time / DAY - DAYS_OF_400_YEARS : undefined;
}
