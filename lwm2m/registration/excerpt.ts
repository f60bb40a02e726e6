const LONGEST = 64;

/** What may be shown of foreign input: at most 64 characters of printable ASCII, anything else as `?`. */
export function excerpt(input: string): string {
  const safe = input.slice(0, LONGEST).replace(/[^\x20-\x7e]/g, '?');
  return input.length > LONGEST ? `${safe.slice(0, LONGEST - 3)}...` : safe;
}
