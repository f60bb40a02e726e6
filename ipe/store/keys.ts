/** Hexadecimal digits of a place: 2^52 fit. */
const DIGITS = 13;

/**
 * A key that sorts by place within one owner, such as the values of a device in the order in which they came. `owner` has no
 * control characters, as an endpoint name has none.
 */
export function orderedKey(owner: string, place: number): string {
  return `${owner}\t${place.toString(16).padStart(DIGITS, '0')}`;
}

/** The place in such a key; NaN in any other. */
export function placeOf(key: string): number {
  return /\t[0-9a-f]{13}$/.test(key) ? Number.parseInt(key.slice(-DIGITS), 16) : Number.NaN;
}
