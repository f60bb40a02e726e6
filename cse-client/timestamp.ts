import { CseError } from './errors.ts';

const FRACTION = /^(?:[,.]\d{1,9})?$/;
const SECONDS_END = 15;
const MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
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
  const time = Math.min(Math.max(Math.trunc(milliseconds), FIRST), LAST);
  const second = Math.floor(time / 1_000);
  if (second !== last.second) last = { second, text: basicFormat(second * 1_000) };
  const fraction = time - second * 1_000;
  return form.timestampFraction && fraction !== 0 ? `${last.text},${String(fraction).padStart(3, '0')}` : last.text;
}

/** Most devices of a burst are given the same second. */
let last = { second: Number.NaN, text: '' };

function basicFormat(milliseconds: number): string {
  const iso = new Date(milliseconds).toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}`;
}

/**
 * An m2m:timestamp as milliseconds since 1970; the fraction may follow a comma or a dot and is cut to milliseconds.
 * Throws CseError `cse/not-a-cse` for anything else, also for a date that no calendar has.
 */
export function parseTimestamp(text: string): number {
  const days = daysOf(digits(text, 0, 4), digits(text, 4, 2), digits(text, 6, 2));
  const hour = digits(text, 9, 2);
  const minute = digits(text, 11, 2);
  const second = digits(text, 13, 2);
  const fraction = text.slice(SECONDS_END);
  const isTime = text[8] === 'T' && hour < 24 && minute < 60 && second < 60 && FRACTION.test(fraction);
  if (days === undefined || !isTime) {
    throw new CseError('cse/not-a-cse', `not a oneM2M timestamp: ${JSON.stringify(text.slice(0, 40))}`);
  }
  const milliseconds = fraction === '' ? 0 : Number(fraction.slice(1, 4).padEnd(3, '0'));
  return days * DAY + ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds;
}

/** The number that so many decimal digits make; NaN where there is anything else. */
function digits(text: string, start: number, count: number): number {
  let number = 0;
  for (let at = start; at < start + count; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}

/** Days since 1970; undefined for a date that no calendar has. */
function daysOf(year: number, month: number, day: number): number | undefined {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = month === 2 && isLeap ? 29 : (MONTHS[month - 1] ?? 0);
  if (!(year >= 0 && day >= 1 && day <= last)) return undefined;
  // Date takes a year below 100 for one of the last century; the calendar repeats itself after 400 years.
  return Date.UTC(year + 400, month - 1, day) / DAY - DAYS_OF_400_YEARS;
}
