import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CseError, DIALECTS, formatTimestamp, parseTimestamp } from '../../cse-client/index.ts';

const TIME = Date.UTC(2026, 10, 21, 11, 40, 46, 632);
const NO_TIMES = ['20260101T250000', '20260101T240000', '20260101T006000', '20260101T000060', '20250229T000000'];
const WITH_FRACTION = { timestampFraction: true };

describe('timestamps (TS-0004 6.3.3)', () => {
  it('are written in UTC in the basic format, the second rounded down', () => {
    expect(formatTimestamp(TIME)).toBe('20261121T114046');
    expect(formatTimestamp(TIME, DIALECTS.mobius4)).toBe('20261121T114046');
  });

  it('have a fraction only where the CSE takes one and the time has one', () => {
    expect(formatTimestamp(TIME, WITH_FRACTION)).toBe('20261121T114046,632');
    expect(formatTimestamp(TIME - 632, WITH_FRACTION)).toBe('20261121T114046');
  });

  it('are read with a fraction of any length, after a comma or a dot', () => {
    expect(parseTimestamp('20261121T114046')).toBe(TIME - 632);
    expect(parseTimestamp('20261121T114046,632038')).toBe(TIME);
    expect(parseTimestamp('20261121T114046.6')).toBe(TIME - 32);
  });

  it('come back as they were', () => {
    const times = fc.integer({ min: Date.parse('0000-01-01T00:00:00Z'), max: Date.UTC(9999, 11, 31) });
    fc.assert(
      fc.property(times, (time) => {
        expect(parseTimestamp(formatTimestamp(time, WITH_FRACTION))).toBe(time);
      }),
    );
  });

  it('that no calendar has are refused', () => {
    for (const text of ['20260230T000000', '20261301T000000', '20260001T000000', '20260100T000000', ...NO_TIMES]) {
      expect(() => parseTimestamp(text), text).toThrow(CseError);
    }
  });

  it('are read as the calendar of the language reads them', () => {
    const two = (max: number) => fc.integer({ min: 0, max }).map((number) => String(number).padStart(2, '0'));
    const year = fc.constantFrom('0000', '0004', '0099', '0100', '1900', '1970', '2000', '2024', '2100', '9999');
    fc.assert(
      fc.property(year, two(13), two(32), two(24), two(60), two(60), (year, month, day, hour, minute, second) => {
        const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
        const time = Date.parse(iso);
        // 30 February and 24 o'clock are read as the next day.
        const exists = !Number.isNaN(time) && new Date(time).toISOString() === iso;
        const text = `${year}${month}${day}T${hour}${minute}${second}`;
        if (exists) expect(parseTimestamp(text)).toBe(time);
        else expect(() => parseTimestamp(text), text).toThrow(CseError);
      }),
      { numRuns: 2000 },
    );
  });

  it('of any other text are refused with cse/not-a-cse and nothing else', () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^\d{8}T\d{6}(,\d{1,9})?$/));
    fc.assert(
      fc.property(texts, (text) => {
        try {
          expect(Number.isSafeInteger(parseTimestamp(text))).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'cse/not-a-cse' });
        }
      }),
    );
  });

  it('beyond the years that four digits hold are cut to them', () => {
    expect(formatTimestamp(Number.POSITIVE_INFINITY)).toBe('99991231T235959');
    expect(formatTimestamp(Number.NEGATIVE_INFINITY)).toBe('00000101T000000');
    expect(() => formatTimestamp(Number.NaN)).toThrow(CseError);
  });
});
