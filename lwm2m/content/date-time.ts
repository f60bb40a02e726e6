import { DecodeError } from '../../common/index.ts';

const DATE_TIME =
  /^(\d{4})-?(\d\d)-?(\d\d)(?:[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?([Zz]|[+-]\d\d(?::?\d\d)?)?)?$/;

/**
 * Seconds since 1970 of a date and time in the extended or basic form of ISO 8601 (RFC 3339, oneM2M TS-0004 6.3.3); UTC where
 * no offset stands. Throws DecodeError `content/value`.
 */
export function dateTimeSeconds(text: string): number {
  const found = text.length > 48 ? null : DATE_TIME.exec(text);
  if (found === null) throw new DecodeError('content/value', 'Text is no date and time');
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 60) {
    throw new DecodeError('content/value', 'Text is no date and time');
  }
  const fraction = found[7] === undefined ? 0 : Number(`0.${found[7]}`);
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second + fraction - offsetSeconds(found[8]);
}

function offsetSeconds(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0;
  const digits = zone.slice(1).replace(':', '');
  const seconds = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2) || 0) * 60;
  return zone.startsWith('-') ? -seconds : seconds;
}
